"""What happens to a session when its buyer presses a button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from practice_stripe.coupons import use_coupon
from practice_stripe.customers import add_customer
from practice_stripe.errors import StripeError
from practice_stripe.payments import (
    DEBIT_FAILED,
    DECLINED,
    credit_charge,
    new_charge,
    new_payment_intent,
    new_payment_method,
)
from practice_stripe.sessions import KIND, choose_shipping
from practice_stripe.store import Book, Json
from practice_stripe.taxing import tax_session


@dataclass(frozen=True)
class Buyer:
    """What the hosted page learnt from the buyer."""

    email: str
    name: str | None = None
    phone: str | None = None
    address: Json | None = None
    shipping_name: str | None = None
    shipping_address: Json | None = None
    shipping_rate: str | None = None
    accepts_terms: bool = False
    wants_promotions: bool = False
    tax_id: Json | None = None
    risk_level: str = "normal"
    card_fingerprint: str = "practiceCard0001"
    card_country: str = "US"


def pay(book: Book, session: Json, buyer: Buyer) -> None:
    """Pay at once by card; a session of total 0 is completed without a payment."""
    _require_open(session)
    _collect(book, session, buyer)
    if session["amount_total"] == 0:
        _complete(book, session, "no_payment_required")
        return
    intent = _intent(book, session)
    method = book.add(_card_of(session, buyer, book.now))
    charge = book.add(new_charge(intent, method, "succeeded", book.now, buyer.risk_level))
    intent.update(latest_charge=charge["id"], payment_method=method["id"], last_payment_error=None)
    book.save(intent)
    book.emit("charge.succeeded", charge)
    _succeed(book, intent)
    _complete(book, session, "paid")
    credit_charge(book, charge)


def pay_delayed(book: Book, session: Json, buyer: Buyer) -> None:
    """Complete the session by a bank debit that is confirmed or fails later."""
    _require_open(session)
    _collect(book, session, buyer)
    if session["amount_total"] == 0:
        _complete(book, session, "no_payment_required")
        return
    intent = _intent(book, session)
    method = book.add(new_payment_method("sepa_debit", _billing(session), book.now))
    charge = book.add(new_charge(intent, method, "pending", book.now))
    intent.update(
        latest_charge=charge["id"], payment_method=method["id"], last_payment_error=None, status="processing"
    )
    book.save(intent)
    book.emit("charge.pending", charge)
    book.emit("payment_intent.processing", intent)
    _complete(book, session, "unpaid")


def decline(book: Book, session: Json, buyer: Buyer) -> None:
    """Have the card declined: the session stays open and can be tried again."""
    _require_open(session)
    if buyer.shipping_rate:
        choose_shipping(book, session, buyer.shipping_rate)
    if session["amount_total"] == 0:
        return  # There is no card to decline.
    intent = _intent(book, session)
    method = _card_of(session, buyer, book.now)
    method["card"]["last4"] = "0002"
    charge = book.add(new_charge(intent, method, "failed", book.now, buyer.risk_level))
    _fail(
        book,
        intent,
        charge,
        method,
        "card_error",
        "card_declined",
        DECLINED,
        {"decline_code": "generic_decline"},
    )
    book.save(session)


def list_delayed(book: Book) -> list[Json]:
    """Return the sessions whose delayed payment is neither confirmed nor failed, newest first."""
    intents = book.select("payment_intent", "status = 'processing'", index="processing_payment")
    return [book.select(KIND, "payment_intent = ?", (intent["id"],))[0] for intent in reversed(intents)]


def confirm_delayed(book: Book, session_id: str) -> Json:
    """Let a delayed payment arrive; raises StripeError when the session does not wait for one."""
    session, intent, charge = _waiting(book, session_id)
    charge.update(status="succeeded", captured=True, amount_captured=charge["amount"])
    book.save(charge)
    book.emit("charge.succeeded", charge)
    _succeed(book, intent)
    session["payment_status"] = "paid"
    book.save(session)
    book.emit("checkout.session.async_payment_succeeded", session)
    credit_charge(book, charge)
    return session


def fail_delayed(book: Book, session_id: str) -> Json:
    """Let a delayed payment fail; raises StripeError when the session does not wait for one."""
    session, intent, charge = _waiting(book, session_id)
    charge.update(
        status="failed", paid=False, failure_code="insufficient_funds", failure_message=DEBIT_FAILED
    )
    book.save(charge)
    method = book.get("payment_method", charge["payment_method"])
    _fail(book, intent, charge, method, "card_error", "insufficient_funds", DEBIT_FAILED, {})
    book.emit("checkout.session.async_payment_failed", session)
    return session


def _require_open(session: Json) -> None:
    if session["status"] != "open":
        message = f"This Checkout Session has a status of `{session['status']}` and cannot be paid."
        raise StripeError(message, param="session")


def _collect(book: Book, session: Json, buyer: Buyer) -> None:
    """Write what the buyer entered into the session."""
    if buyer.shipping_rate:
        choose_shipping(book, session, buyer.shipping_rate)
    name = buyer.name or buyer.shipping_name
    if session["customer"] is None and session["customer_creation"] == "always":
        customer = add_customer(book, buyer.email, name, buyer.phone)
        book.emit("customer.created", customer)
        session["customer"] = customer["id"]
    session["customer_details"] = {
        "address": buyer.address or buyer.shipping_address or _no_address(),
        "business_name": None,
        "email": buyer.email,
        "individual_name": None,
        "name": name,
        "phone": buyer.phone,
        "tax_exempt": "none",
        "tax_ids": [buyer.tax_id] if buyer.tax_id else [],
    }
    _tax(book, session)
    shipping = None
    if buyer.shipping_address:
        shipping = {"address": buyer.shipping_address, "name": buyer.shipping_name or ""}
    session["collected_information"] = {
        "business_name": None,
        "individual_name": None,
        "shipping_details": shipping,
    }
    asked = session["consent_collection"]
    if asked:
        session["consent"] = {
            "promotions": _promotions(buyer) if asked["promotions"] == "auto" else None,
            "terms_of_service": "accepted" if asked["terms_of_service"] == "required" else None,
        }


def _tax(book: Book, session: Json) -> None:
    """Find the tax of the buyer's country, and write it down beside what the session keeps of its lines."""
    private = book.private(session["id"])
    products = {
        line["price"]["product"]: book.get("product", line["price"]["product"]) for line in private["lines"]
    }
    tax_session(session, private["lines"], products, session["customer_details"]["address"]["country"])
    book.save_private(session["id"], private)


def _promotions(buyer: Buyer) -> str:
    return "opt_in" if buyer.wants_promotions else "opt_out"


def _no_address() -> Json:
    return {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def _intent(book: Book, session: Json) -> Json:
    """Return the payment intent of the session, made at the first try."""
    if session["payment_intent"] is None:
        wishes = book.private(session["id"])["payment_intent_data"]
        intent = book.add(new_payment_intent(session, wishes, book.now))
        session["payment_intent"] = intent["id"]
        book.emit("payment_intent.created", intent)
    else:
        intent = book.get("payment_intent", session["payment_intent"])
    intent.update(amount=session["amount_total"], customer=session["customer"])
    # What the page asked for counts; else what the shop has said stays.
    intent["shipping"] = _shipping(session) or intent["shipping"]
    return intent


def _shipping(session: Json) -> Json | None:
    details = (session["collected_information"] or {}).get("shipping_details")
    if not details:
        return None
    phone = session["customer_details"]["phone"]
    return {**details, "carrier": None, "phone": phone, "tracking_number": None}


def _billing(session: Json) -> Json:
    known = session["customer_details"] or {}
    return {
        "address": known.get("address") or _no_address(),
        "email": known.get("email"),
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_id": None,
    }


def _card_of(session: Json, buyer: Buyer, now: int) -> Json:
    method = new_payment_method("card", _billing(session), now)
    method["card"].update(fingerprint=buyer.card_fingerprint, country=buyer.card_country)
    return method


def _succeed(book: Book, intent: Json) -> None:
    intent.update(status="succeeded", amount_received=intent["amount"])
    book.save(intent)
    book.emit("payment_intent.succeeded", intent)


def _fail(
    book: Book,
    intent: Json,
    charge: Json,
    method: Json,
    kind: str,
    code: str,
    message: str,
    more: dict[str, Any],
) -> None:
    error: Json = {"charge": charge["id"], "code": code, **more}
    error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    error.update(message=message, payment_method=method, type=kind)
    intent.update(
        status="requires_payment_method",
        latest_charge=charge["id"],
        payment_method=None,
        last_payment_error=error,
    )
    book.save(intent)
    book.emit("charge.failed", charge)
    book.emit("payment_intent.payment_failed", intent)


def _complete(book: Book, session: Json, payment_status: str) -> None:
    session.update(status="complete", payment_status=payment_status, url=None)
    book.save(session)
    use_coupon(book, book.private(session["id"])["coupon"])
    book.emit("checkout.session.completed", session)


def _waiting(book: Book, session_id: str) -> tuple[Json, Json, Json]:
    session = book.get(KIND, session_id)
    intent = book.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise StripeError(f"The session {session_id} does not wait for a delayed payment.", param="session")
    return session, intent, book.get("charge", intent["latest_charge"])
