"""What a person would do in Stripe's dashboard, and the faults that tests order.

None of this is part of Stripe's API. It takes the same key and answers in the same manner; bodies are JSON or
form-encoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from practice_stripe import disputes, faults, paying, refunds, webhooks
from practice_stripe.api import Asked, authenticate, refusal
from practice_stripe.config import PracticeConfig
from practice_stripe.errors import InvalidParamsError, NotBegunError, StripeError
from practice_stripe.idempotency import Answer
from practice_stripe.ids import new_id
from practice_stripe.params import (
    Boolean,
    Email,
    Integer,
    Kind,
    Mapping,
    Metadata,
    Text,
    decode,
    merge_metadata,
)
from practice_stripe.payments import RISKS, find_charge
from practice_stripe.sessions import KIND as SESSION
from practice_stripe.sessions import expire_overdue
from practice_stripe.store import Book, Json, writing

_Act = Callable[[Book, str, Any], Any]


@dataclass(frozen=True)
class Control:
    """One thing that can be done, its address under ``/practice``."""

    method: str
    path: str
    act: _Act


def answer_practice(config: PracticeConfig, asked: Asked) -> Answer:
    """Answer one request to ``/practice/...``."""
    headers = {"Request-Id": new_id("req_", 14)}
    try:
        authenticate(config, asked.authorization)
        control, thing_id = _find_control(asked)
        raw = _read_body(asked)
        expire_overdue(config)
        with writing(config) as book:
            body = control.act(book, thing_id, raw)
        answer = Answer(200, json.dumps(body), {})
    except StripeError as error:
        answer = refusal(error)
    return Answer(answer.status, answer.body, {**headers, **answer.headers})


def _find_control(asked: Asked) -> tuple[Control, str]:
    for control in CONTROLS:
        pattern = re.sub(r"<id>", r"([^/]+)", control.path)
        match = re.fullmatch(f"/practice{pattern}", asked.path) if control.method == asked.method else None
        if match:
            return control, match[1] if match.groups() else ""
    raise NotBegunError(f"There is no practice control {asked.method} {asked.path}.", status=404)


def _read_body(asked: Asked) -> Any:
    if not asked.body.lstrip().startswith(b"{"):
        return decode(asked.body)
    try:
        return _as_form(json.loads(asked.body))
    except ValueError as error:
        raise InvalidParamsError("Invalid request: the body is not JSON.") from error


def _as_form(value: Any) -> Any:
    """Return a JSON value as the form decoder would have read it."""
    if isinstance(value, dict):
        return {str(key): _as_form(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return {str(place): _as_form(inner) for place, inner in enumerate(value)}
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _fields(raw: Any, fields: dict[str, Kind], required: tuple[str, ...] = ()) -> Json:
    return Mapping(fields, required).read(raw)


def _charge(book: Book, thing_id: str) -> Json:
    if thing_id.startswith("pi_"):
        return find_charge(book, None, thing_id)
    if thing_id.startswith("cs_"):
        return find_charge(book, None, book.get(SESSION, thing_id)["payment_intent"] or "")
    return find_charge(book, thing_id, None)


def _list_delayed(book: Book, _thing_id: str, _raw: Any) -> Json:
    return {"data": paying.list_delayed(book)}


def _confirm_delayed(book: Book, session_id: str, _raw: Any) -> Json:
    return paying.confirm_delayed(book, session_id)


def _fail_delayed(book: Book, session_id: str, _raw: Any) -> Json:
    return paying.fail_delayed(book, session_id)


def _pay(book: Book, session_id: str, raw: Any) -> Json:
    """Press a button of the hosted page without the page, for load tests."""
    fields: dict[str, Kind] = {
        "action": Text(choices=("pay", "pay_delayed", "decline")),
        "email": Email(),
        "name": Text(),
        "shipping_rate": Text(),
        "risk_level": Text(choices=tuple(RISKS)),
        "card_fingerprint": Text(maximum=40),
        "card_country": Text(maximum=2),
        "shipping_address": Mapping(
            {part: Text() for part in ("city", "country", "line1", "line2", "postal_code", "state")}
        ),
    }
    wish = _fields(raw, fields)
    session = book.get(SESSION, session_id)
    known = session["customer_details"] or {}
    address = wish.get("shipping_address")
    buyer = paying.Buyer(
        email=wish.get("email") or known.get("email") or "buyer@example.com",
        name=wish.get("name", "Practice Buyer"),
        shipping_name=wish.get("name", "Practice Buyer") if address else None,
        shipping_address={**dict.fromkeys(_PARTS), **address} if address else None,
        shipping_rate=wish.get("shipping_rate"),
        **{name: wish[name] for name in ("risk_level", "card_fingerprint", "card_country") if name in wish},
    )
    actions = {"pay": paying.pay, "pay_delayed": paying.pay_delayed, "decline": paying.decline}
    actions[wish.get("action", "pay")](book, session, buyer)
    return session


_PARTS = ("city", "country", "line1", "line2", "postal_code", "state")


def _open_dispute(book: Book, charge_id: str, raw: Any) -> Json:
    fields: dict[str, Kind] = {
        "amount": Integer(1),
        "reason": Text(choices=disputes.REASONS),
        "inquiry": Boolean(),
    }
    wish = _fields(raw, fields)
    reason, charge = wish.get("reason", "fraudulent"), _charge(book, charge_id)
    return disputes.open_dispute(book, charge, wish.get("amount"), reason, inquiry=wish.get("inquiry", False))


def _close_dispute(book: Book, dispute_id: str, raw: Any) -> Json:
    wish = _fields(raw, {"outcome": Text(choices=("won", "lost", "warning_closed"))}, ("outcome",))
    return disputes.close(book, book.get("dispute", dispute_id), wish["outcome"])


def _refund(book: Book, charge_id: str, raw: Any) -> Json:
    fields: dict[str, Kind] = {
        "amount": Integer(1),
        "reason": Text(choices=("duplicate", "fraudulent", "requested_by_customer")),
        "metadata": Metadata(),
    }
    wish = _fields(raw, fields)
    metadata = merge_metadata({}, wish.get("metadata", {}))
    return refunds.refund(book, _charge(book, charge_id), wish.get("amount"), wish.get("reason"), metadata)


def _order_refund(book: Book, _thing_id: str, raw: Any) -> Json:
    wish = _fields(raw, {"outcome": Text(choices=refunds.OUTCOMES)}, ("outcome",))
    refunds.order_next_outcome(book, wish["outcome"])
    return {"next_refund": wish["outcome"]}


def _settle_refund(book: Book, refund_id: str, raw: Any) -> Json:
    wish = _fields(raw, {"outcome": Text(choices=("succeeded", "failed"))}, ("outcome",))
    settle = refunds.succeed if wish["outcome"] == "succeeded" else refunds.fail
    return settle(book, book.get("refund", refund_id))


def _list_faults(book: Book, _thing_id: str, _raw: Any) -> Json:
    return {"data": faults.list_faults(book)}


def _add_fault(book: Book, _thing_id: str, raw: Any) -> Json:
    return faults.add_fault(book, raw)


def _clear_faults(book: Book, fault_id: str, _raw: Any) -> Json:
    faults.clear_faults(book, fault_id or None)
    book.wrote_event = True
    return {"data": faults.list_faults(book)}


def _list_webhooks(book: Book, _thing_id: str, _raw: Any) -> Json:
    return {"data": webhooks.list_deliveries(book)}


def _hurry_webhooks(book: Book, _thing_id: str, _raw: Any) -> Json:
    webhooks.hurry(book)
    return {"data": webhooks.list_deliveries(book)}


def _resend_event(book: Book, event_id: str, _raw: Any) -> Json:
    event = book.get("event", event_id)
    url = book.config.find_webhook_url()
    if url is None:
        raise StripeError("There is no webhook address to send to.")
    book.queue(event["id"], event["type"], url)
    return event


CONTROLS = (
    Control("GET", "/delayed", _list_delayed),
    Control("POST", "/delayed/<id>/confirm", _confirm_delayed),
    Control("POST", "/delayed/<id>/fail", _fail_delayed),
    Control("POST", "/sessions/<id>/pay", _pay),
    Control("POST", "/charges/<id>/dispute", _open_dispute),
    Control("POST", "/charges/<id>/refund", _refund),
    Control("POST", "/disputes/<id>/close", _close_dispute),
    Control("POST", "/refunds/next", _order_refund),
    Control("POST", "/refunds/<id>/settle", _settle_refund),
    Control("GET", "/faults", _list_faults),
    Control("POST", "/faults", _add_fault),
    Control("DELETE", "/faults", _clear_faults),
    Control("DELETE", "/faults/<id>", _clear_faults),
    Control("GET", "/webhooks", _list_webhooks),
    Control("POST", "/webhooks/hurry", _hurry_webhooks),
    Control("POST", "/events/<id>/resend", _resend_event),
)
