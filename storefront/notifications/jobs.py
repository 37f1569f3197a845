"""Sending one message, with the network outside of every transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

from storefront.core import db, faults
from storefront.core.errors import N_
from storefront.gateways import mail
from storefront.jobs.registry import NeedsAttention, RetryLater, job
from storefront.notifications import service
from storefront.notifications.models import Message
from storefront.notifications.rendering import Mail, find_renderer
from storefront.shop.service import shop_view


def give_up(args: dict[str, Any], reason: str) -> None:
    """Show the message as failed when its work comes to rest."""
    service.mark_failed(args["message_id"], reason)


@job(service.SEND, outside=True, when_resting=give_up)
def send_message(message_id: int) -> Callable[[], None] | None:
    """Write the mail, hand it to the server, and return how to note the outcome."""
    with db.unit_of_work():
        message = service.begin_attempt(message_id)
    if message is None:
        return None
    written = _write(message)
    if written is None:
        return partial(service.mark_dropped, message_id)
    envelope = _envelope(message, written)
    db.close_reader()  # no connection is held while the mail server takes its time
    try:
        answer = mail.mailer().send(envelope)
    except mail.MailRefused as refusal:
        return partial(service.mark_failed, message_id, str(refusal))
    except mail.MailUnreachable as trouble:
        with db.unit_of_work():
            service.note_answer(message_id, str(trouble))
        raise RetryLater(str(trouble)) from trouble
    faults.reach("mail.sent")
    return partial(service.mark_sent, message_id, written.subject, answer)


def _write(message: Message) -> Mail | None:
    renderer = find_renderer(message.kind)
    if renderer is None:
        raise NeedsAttention(
            N_("This version of the shop does not know how to write this mail") + f": {message.kind}"
        )
    return renderer(message.args, message.language)


def _envelope(message: Message, written: Mail) -> mail.Envelope:
    shop = shop_view(message.language)
    return mail.Envelope(
        message_id=message.public_id,
        queued_at=message.created_at,
        sender_name=shop.name,
        recipient=message.recipient,
        subject=written.subject,
        text=written.text,
        html=written.html,
        reply_to=shop.contact_email,
        unsubscribe_url=written.unsubscribe_url,
    )
