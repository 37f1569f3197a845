"""Refunds: never more than what is left of the charge."""

from __future__ import annotations

from practice_stripe.calls import Call, Route
from practice_stripe.currencies import find_amount_mistake, write_amount
from practice_stripe.errors import InvalidParamsError, StripeError
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, LISTING, list_things
from practice_stripe.params import Email, Integer, Mapping, Metadata, Text, merge_metadata
from practice_stripe.payments import add_balance_transaction, changed_keys, find_charge, unrefunded
from practice_stripe.store import Book, Json

OUTCOMES = ("succeeded", "pending", "failed", "requires_action")
_NEXT = "next_refund"
_DISPUTE_LEAVES_REFUNDABLE = (
    "won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed",
)  # fmt: skip


def refund(
    book: Book,
    charge: Json,
    amount: int | None,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Json:
    """Give back ``amount`` (all that is left when None) of a charge; raises StripeError when it cannot be.

    A refund that was ordered to fail is at first answered as succeeded, as Stripe's test card for it does.
    """
    left = unrefunded(charge)
    _refuse(book, charge, amount, left)
    outcome = book.setting(_NEXT) or "succeeded"
    book.set_setting(_NEXT, None)
    body = _new_refund(book, charge, left if amount is None else amount, reason, metadata or {}, outcome)
    answer = dict(body)
    _settle_charge(
        book, charge, {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    )
    book.emit("refund.created", body)
    if outcome == "succeeded":
        _give_reference(book, body)
    elif outcome == "failed":
        fail(book, body)
    return answer


def order_next_outcome(book: Book, outcome: str) -> None:
    """Decide how the next refund goes: one of OUTCOMES."""
    book.set_setting(_NEXT, outcome)


def succeed(book: Book, body: Json) -> Json:
    """Let a pending refund arrive."""
    _require(body, ("pending", "requires_action"), "succeed")
    previous = {"status": body["status"], "pending_reason": body.pop("pending_reason", None)}
    body["status"] = "succeeded"
    book.save(body)
    _say_updated(book, body, previous)
    return body


def fail(book: Book, body: Json) -> Json:
    """Let a refund fail, also one that had succeeded: the money is back on the balance."""
    _require(body, ("pending", "requires_action", "succeeded"), "fail")
    charge = book.get("charge", body["charge"])
    previous = {"status": body["status"]}
    body.pop("pending_reason", None)
    body.update(status="failed", failure_reason="lost_or_stolen_card")
    body["failure_balance_transaction"] = add_balance_transaction(
        book, charge, body["id"], "refund_failure", "refund_failure", body["amount"]
    )
    book.save(body)
    _settle_charge(book, charge, None)
    book.emit("refund.failed", body)
    _say_updated(book, body, previous)
    return body


def _refuse(book: Book, charge: Json, amount: int | None, left: int) -> None:
    disputes = book.select("dispute", "charge = ?", (charge["id"],))
    if any(dispute["status"] not in _DISPUTE_LEAVES_REFUNDABLE for dispute in disputes):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    if amount is None:
        return
    if amount > left:
        wanted, rest = write_amount(amount, charge["currency"]), write_amount(left, charge["currency"])
        message = f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})"
        raise StripeError(message, param="amount")
    mistake = find_amount_mistake(amount, charge["currency"])
    if mistake:
        raise StripeError(mistake, param="amount")


def _new_refund(
    book: Book, charge: Json, amount: int, reason: str | None, metadata: dict[str, str], outcome: str
) -> Json:
    by_card = charge["payment_method_details"]["type"] == "card"
    refund_id = new_id("re_3" if by_card else "pyr_1", 23)
    kind = "refund" if by_card else "payment_refund"
    body: Json = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": add_balance_transaction(book, charge, refund_id, kind, "refund", -amount),
        "charge": charge["id"],
        "created": book.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {"type": charge["payment_method_details"]["type"]},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded" if outcome == "failed" else outcome,
        "transfer_reversal": None,
    }
    if by_card:
        body["destination_details"]["card"] = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        }
    if outcome == "pending":
        body["pending_reason"] = "processing"
    return book.add(body)


def _settle_charge(book: Book, charge: Json, previous: Json | None) -> None:
    """Bring the charge in line with its refunds; with ``previous`` also say so by ``charge.refunded``."""
    living = book.select("refund", "charge = ? AND status NOT IN ('failed', 'canceled')", (charge["id"],))
    charge["amount_refunded"] = sum(refund["amount"] for refund in living)
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    book.save(charge)
    if previous is not None:
        changed = {name: value for name, value in previous.items() if charge[name] != value}
        book.emit("charge.refunded", charge, changed)


def _give_reference(book: Book, body: Json) -> None:
    """Add the bank's reference, which Stripe learns a moment later and tells by ``refund.updated``."""
    card = body["destination_details"].get("card")
    if card is None:
        return
    previous = {"destination_details": {"card": {"reference": None, "reference_status": "pending"}}}
    card.update(reference="".join(filter(str.isalnum, body["id"]))[-16:], reference_status="available")
    book.save(body)
    _say_updated(book, body, previous)


def _say_updated(book: Book, body: Json, previous: Json) -> None:
    book.emit("refund.updated", body, previous)
    book.emit("charge.refund.updated", body, previous)


def _require(body: Json, states: tuple[str, ...], verb: str) -> None:
    if body["status"] not in states:
        message = f"The refund {body['id']} has a status of {body['status']} and cannot {verb}."
        raise StripeError(message, param="refund", code="status_transition_invalid")


def _create(call: Call) -> Json:
    wish = call.params
    if "charge" not in wish and "payment_intent" not in wish:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise InvalidParamsError(message, code="parameter_missing")
    charge = find_charge(call.book, wish.get("charge"), wish.get("payment_intent"))
    metadata = merge_metadata({}, wish.get("metadata", {}))
    return refund(call.book, charge, wish.get("amount"), wish.get("reason"), metadata)


def _retrieve(call: Call) -> Json:
    return call.book.get("refund", call.ids["id"])


def _list(call: Call) -> Json:
    return list_things(call.book, "refund", call.params, "/v1/refunds", ("charge", "payment_intent"))


def _update(call: Call) -> Json:
    body = call.book.get("refund", call.ids["id"])
    metadata = merge_metadata(body["metadata"], call.params.get("metadata", {}))
    previous = {"metadata": changed_keys(body["metadata"], metadata)}
    body["metadata"] = metadata
    call.book.save(body)
    if previous["metadata"]:
        _say_updated(call.book, body, previous)
    return body


def _cancel(call: Call) -> Json:
    body = call.book.get("refund", call.ids["id"])
    if body["status"] != "requires_action":
        message = (
            f"You can only cancel refunds that require action; {body['id']} has a status of {body['status']}."
        )
        raise StripeError(message, code="status_transition_invalid")
    previous = {"status": body["status"]}
    body["status"] = "canceled"
    charge = call.book.get("charge", body["charge"])
    body["failure_balance_transaction"] = add_balance_transaction(
        call.book, charge, body["id"], "refund_failure", "refund_failure", body["amount"]
    )
    call.book.save(body)
    _settle_charge(call.book, charge, None)
    _say_updated(call.book, body, previous)
    return body


_CREATE = Mapping(
    {
        "amount": Integer(1),
        "charge": Text(),
        "payment_intent": Text(),
        "reason": Text(choices=("duplicate", "fraudulent", "requested_by_customer")),
        "metadata": Metadata(),
        "instructions_email": Email(),
        "expand": EXPAND,
    },
    unspoken=frozenset({"currency", "customer", "origin", "refund_application_fee", "reverse_transfer"}),
)

ROUTES = (
    Route("POST", "/v1/refunds", _create, _CREATE),
    Route("GET", "/v1/refunds", _list, Mapping({**LISTING, "charge": Text(), "payment_intent": Text()})),
    Route("GET", "/v1/refunds/<id>", _retrieve, Mapping({"expand": EXPAND})),
    Route("POST", "/v1/refunds/<id>", _update, Mapping({"metadata": Metadata(), "expand": EXPAND})),
    Route("POST", "/v1/refunds/<id>/cancel", _cancel, Mapping({"expand": EXPAND})),
)
