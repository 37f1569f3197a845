"""Disputes: a buyer's bank takes a charge back, and the shop may answer."""

from __future__ import annotations

from practice_stripe.calls import Call, Route
from practice_stripe.errors import StripeError
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, LISTING, list_things
from practice_stripe.params import Boolean, Mapping, Metadata, Text, merge_metadata
from practice_stripe.payments import add_balance_transaction, changed_keys, unrefunded
from practice_stripe.store import Book, Json

REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated",
    "debit_not_authorized",
    "duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "noncompliant",
    "product_not_received", "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
_INQUIRY = ("warning_needs_response", "warning_under_review")
_OPEN = ("needs_response", "under_review", *_INQUIRY)
_FEE = 1500
_DAYS_TO_ANSWER = 7
_EVIDENCE_FORM = """
access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
uncategorized_file uncategorized_text
"""
_EVIDENCE = tuple(_EVIDENCE_FORM.split())
# What Stripe's test mode understands in uncategorized_text.
_VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}


def open_dispute(
    book: Book, charge: Json, amount: int | None = None, reason: str = "fraudulent", *, inquiry: bool = False
) -> Json:
    """Dispute a charge (what is left of it, unless told an amount); raises StripeError when it cannot be.

    An ``inquiry`` is a bank that only asks: the money stays where it is.
    """
    disputes = book.select("dispute", "charge = ?", (charge["id"],))
    if any(dispute["status"] in _OPEN for dispute in disputes):
        raise StripeError(
            f"Charge {charge['id']} is disputed already.", param="charge", code="charge_disputed"
        )
    disputed = unrefunded(charge) if amount is None else amount
    if not 0 < disputed <= charge["amount"]:
        raise StripeError("There is no such amount left to dispute.", param="amount")
    dispute = _new_dispute(book, charge, disputed, reason)
    if inquiry:
        dispute["status"] = _INQUIRY[0]
    dispute = book.add(dispute)
    charge["disputed"] = True
    book.save(charge)
    book.emit("charge.dispute.created", dispute)
    if inquiry:
        return dispute
    _move_funds(book, charge, dispute, "dispute", -disputed, _FEE)
    book.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(book: Book, dispute: Json, outcome: str) -> Json:
    """Close a dispute ``won`` (the money comes back) or ``lost``, an inquiry ``warning_closed``.

    Raises StripeError when it is closed, or can't be closed so.
    """
    is_inquiry = dispute["status"] in _INQUIRY
    if dispute["status"] not in _OPEN or is_inquiry != (outcome == "warning_closed"):
        message = f"This dispute is already closed, or can't be closed so: its status is {dispute['status']}."
        raise StripeError(message, param="dispute", code="status_transition_invalid")
    previous = {"status": dispute["status"]}
    charge = book.get("charge", dispute["charge"])
    dispute.update(status=outcome, is_charge_refundable=outcome != "lost" and unrefunded(charge) > 0)
    book.save(dispute)
    if outcome == "won":
        _move_funds(book, charge, dispute, "dispute_reversal", dispute["amount"], 0)
        book.emit("charge.dispute.funds_reinstated", dispute)
    book.emit("charge.dispute.closed", dispute, previous)
    return dispute


def _new_dispute(book: Book, charge: Json, amount: int, reason: str) -> Json:
    by_card = charge["payment_method_details"]["type"] == "card"
    card = {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"}
    body: Json = {
        "id": new_id("du_1" if by_card else "py_1", 23),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": book.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": book.now + _DAYS_TO_ANSWER * 24 * 3600,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4" if by_card else None,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    if by_card:
        body["payment_method_details"] = {"card": card, "type": "card"}
    return body


def _move_funds(book: Book, charge: Json, dispute: Json, category: str, amount: int, fee: int) -> None:
    transaction_id = add_balance_transaction(book, charge, dispute["id"], "adjustment", category, amount, fee)
    dispute["balance_transactions"].append(book.get("balance_transaction", transaction_id))
    book.save(dispute)


def _retrieve(call: Call) -> Json:
    return call.book.get("dispute", call.ids["id"])


def _list(call: Call) -> Json:
    return list_things(call.book, "dispute", call.params, "/v1/disputes", ("charge", "payment_intent"))


def _update(call: Call) -> Json:
    wish, book = call.params, call.book
    dispute = book.get("dispute", call.ids["id"])
    if dispute["status"] not in _OPEN:
        raise StripeError("This dispute is already closed", param="dispute", code="status_transition_invalid")
    previous: Json = {}
    if "metadata" in wish:
        metadata = merge_metadata(dispute["metadata"], wish["metadata"])
        previous["metadata"] = changed_keys(dispute["metadata"], metadata)
        dispute["metadata"] = metadata
    if "evidence" in wish:
        previous["evidence"] = {name: dispute["evidence"][name] for name in wish["evidence"]}
        dispute["evidence"].update(wish["evidence"])
        dispute["evidence_details"]["has_evidence"] = any(dispute["evidence"][name] for name in _EVIDENCE)
        if wish.get("submit", True):
            previous["status"] = dispute["status"]
            _submit(dispute)
    book.save(dispute)
    book.emit("charge.dispute.updated", dispute, previous)
    verdict = _VERDICTS.get(wish.get("evidence", {}).get("uncategorized_text") or "")
    if verdict and dispute["status"] == "under_review":
        close(book, dispute, verdict)
    return dispute


def _submit(dispute: Json) -> None:
    dispute["status"] = _INQUIRY[1] if dispute["status"] in _INQUIRY else "under_review"
    details = dispute["evidence_details"]
    details.update(submission_count=details["submission_count"] + 1, submission_method="manual")


def _accept(call: Call) -> Json:
    return close(call.book, call.book.get("dispute", call.ids["id"]), "lost")


_EVIDENCE_FIELDS = Mapping(
    {name: Text(maximum=20_000, unset=True) for name in _EVIDENCE},
    unspoken=frozenset({"appeal", "enhanced_evidence"}),
)
_UPDATE = Mapping(
    {"evidence": _EVIDENCE_FIELDS, "submit": Boolean(), "metadata": Metadata(), "expand": EXPAND},
    unspoken=frozenset({"intended_submission_method"}),
)

ROUTES = (
    Route("GET", "/v1/disputes", _list, Mapping({**LISTING, "charge": Text(), "payment_intent": Text()})),
    Route("GET", "/v1/disputes/<id>", _retrieve, Mapping({"expand": EXPAND})),
    Route("POST", "/v1/disputes/<id>", _update, _UPDATE),
    Route("POST", "/v1/disputes/<id>/close", _accept, Mapping({"expand": EXPAND})),
)
