"""The door for Stripe: verify, keep, answer. What follows is a job."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from storefront.checkout.jobs import gateway
from storefront.core.db import unit_of_work
from storefront.core.faults import reach
from storefront.core.logging import get_logger
from storefront.gateways.stripe import BadSignature
from storefront.jobs.service import enqueue
from storefront.payments import inbox
from storefront.web.access import public
from storefront.web.csrf import exempt

webhooks = Blueprint("webhooks", __name__)

_LARGEST = 1_000_000
_FOLLOWED = (
    "checkout.session.", "charge.dispute.", "charge.failed", "refund.", "charge.refunded", "charge.refund.",
)  # fmt: skip


@webhooks.post("/webhooks/stripe")
@public
def stripe() -> Response:
    """Take in an event once. Anything that can't be verified is 400, whatever its bytes; unknown types are welcome."""
    body = _body()
    try:
        event = gateway().read_event(body, request.headers.get("Stripe-Signature", ""))
    except BadSignature as problem:
        get_logger().warning("webhook refused", reason=str(problem))
        return Response("signature\n", 400, content_type="text/plain")
    with unit_of_work():
        event_id = inbox.keep(event)
        if event_id is not None and event.type.startswith(_FOLLOWED):
            enqueue("handle_event", unique_key=f"event:{event_id}", event_id=event_id)
        elif event_id is not None:
            inbox.mark_handled(event_id)
        reach("webhook.before_commit")
    return Response("ok\n", 200, content_type="text/plain")


exempt(stripe)


def _body() -> bytes:
    """Return what was sent, or nothing when it is larger than any event, however its length was declared."""
    request.max_content_length = _LARGEST
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        return b""
