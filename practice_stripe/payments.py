"""Payment intents, charges and the balance: how they are built and how the API shows them."""

from __future__ import annotations

from practice_stripe.calls import Call, Route
from practice_stripe.errors import StripeError
from practice_stripe.expansion import charge_refunds
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, LISTING, PAGE, list_given, list_things
from practice_stripe.params import Kind, Mapping, Metadata, Text, merge_metadata
from practice_stripe.store import Book, Json

_DAY = 24 * 3600
_AVAILABLE_AFTER = 2 * _DAY
# Stripe's words for how likely a charge is a fraud, with a score of each.
RISKS = {"normal": 12, "elevated": 68, "highest": 84}
DECLINED = "Your card was declined."
DEBIT_FAILED = "The customer's bank account could not be debited."


def new_payment_intent(session: Json, wishes: Json, now: int) -> Json:
    """Return the payment intent that a session makes when its buyer first tries to pay."""
    intent_id = new_id("pi_3", 23)
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{intent_id}_secret_", 25),
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "customer": session["customer"],
        "customer_account": None,
        "description": wishes.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": wishes.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"],
        "payment_record": None,
        "processing": None,
        "receipt_email": wishes.get("receipt_email"),
        "review": None,
        "setup_future_usage": wishes.get("setup_future_usage"),
        "shipping": shipping_of(wishes.get("shipping")),
        "source": None,
        "statement_descriptor": wishes.get("statement_descriptor"),
        "statement_descriptor_suffix": wishes.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": wishes.get("transfer_group"),
    }


def shipping_of(wish: Json | None) -> Json | None:
    """Return where something is sent, with all fields of the API, as the shop has told it."""
    if wish is None:
        return None
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    address = {part: wish["address"].get(part) for part in parts}
    about = {name: wish.get(name) for name in ("carrier", "name", "phone", "tracking_number")}
    return {"address": address, **about}


def new_payment_method(kind: str, billing: Json, now: int) -> Json:
    """Return a payment method, ``card`` or ``sepa_debit``."""
    details: Json = {
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": "visa",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": "practiceCard0001",
        "funding": "credit",
        "generated_from": None,
        "last4": "4242",
        "networks": {"available": ["visa"], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    if kind == "sepa_debit":
        details = {
            "bank_code": "37040044",
            "branch_code": "",
            "country": "DE",
            "fingerprint": "practiceDebit001",
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": "3000",
        }
    return {
        "id": new_id("pm_1", 23),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing,
        kind: details,
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def new_charge(intent: Json, method: Json, status: str, now: int, risk_level: str = "normal") -> Json:
    """Return a charge on a payment intent: ``succeeded``, ``pending`` or ``failed``."""
    paid = status == "succeeded"
    failed = status == "failed"
    return {
        "id": new_id("ch_3" if method["type"] == "card" else "py_3", 23),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": intent["statement_descriptor"] or "PRACTICE",
        "captured": paid,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if failed else None,
        "failure_message": DECLINED if failed else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(status, risk_level),
        "paid": not failed,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method, intent["amount"], failed),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


def _outcome(status: str, risk_level: str) -> Json:
    declined = status == "failed"
    return {
        "advice_code": "try_again_later" if declined else None,
        "network_advice_code": None,
        "network_decline_code": "05" if declined else None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": "generic_decline" if declined else None,
        "risk_level": risk_level,
        "risk_score": RISKS[risk_level],
        "seller_message": "The bank did not return any further details with this decline."
        if declined
        else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def _method_details(method: Json, amount: int, failed: bool) -> Json:
    if method["type"] == "sepa_debit":
        debit = {
            key: method["sepa_debit"][key]
            for key in ("bank_code", "branch_code", "country", "fingerprint", "last4")
        }
        return {"sepa_debit": {**debit, "mandate": new_id("mandate_1", 23)}, "type": "sepa_debit"}
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "regulated_status",
        "wallet",
    )
    return {
        "card": {
            **{key: card[key] for key in kept},
            "amount_authorized": None if failed else amount,
            "authorization_code": None if failed else "123456",
            "electronic_commerce_indicator": None,
            "installments": None,
            "last4": "0002" if failed else card["last4"],
            "mandate": None,
            "network": "visa",
            "network_token": {"used": False},
            "network_transaction_id": None,
            "three_d_secure": None,
            "transaction_link_id": None,
        },
        "type": "card",
    }


def credit_charge(book: Book, charge: Json) -> None:
    """Put a succeeded charge on the balance, less Stripe's fee, and say so by ``charge.updated``.

    As at Stripe the capture is asynchronous: ``charge.succeeded`` does not know the balance transaction yet.
    """
    fee = round(charge["amount"] * 0.029) + 30
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    charge["balance_transaction"] = add_balance_transaction(
        book, charge, charge["id"], kind, "charge", charge["amount"], fee=fee
    )
    book.save(charge)
    book.emit("charge.updated", charge, {"balance_transaction": None})


def add_balance_transaction(
    book: Book, charge: Json, source: str, kind: str, category: str, amount: int, fee: int = 0
) -> str:
    """Book ``amount`` (negative: money leaves) and return the id of the balance transaction."""
    fee_name = "Dispute fee" if category == "dispute" else "Stripe processing fees"
    details = {"amount": fee, "application": None, "currency": charge["currency"], "description": fee_name}
    body: Json = {
        "id": new_id("txn_3", 23),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": book.now + _AVAILABLE_AFTER if amount > 0 else book.now,
        "balance_type": "payments",
        "created": book.now,
        "currency": charge["currency"],
        "description": charge["description"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{**details, "type": "stripe_fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending",
        "type": kind,
    }
    return str(book.add(body)["id"])


def unrefunded(charge: Json) -> int:
    """Return what of a charge has not been given back, in minor units."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def find_charge(book: Book, charge_id: str | None, intent_id: str | None) -> Json:
    """Return the charge that a refund or dispute is about; raise StripeError when there is none."""
    if intent_id is not None:
        intent = book.get("payment_intent", intent_id, "payment_intent", 400)
        charge_id = intent["latest_charge"]
        if charge_id is None or intent["status"] != "succeeded":
            message = f"The PaymentIntent {intent_id} does not have a successful charge to refund."
            raise StripeError(message, param="payment_intent", code="payment_intent_unexpected_state")
    charge = book.get("charge", charge_id or "", "charge", 400)
    if charge["status"] != "succeeded":
        message = f"Charge {charge['id']} has not succeeded; there is nothing to give back."
        raise StripeError(message, param="charge", code="charge_not_refundable")
    return charge


def cancel_payment_intent(book: Book, intent_id: str) -> None:
    """Cancel the payment intent of a session that has expired."""
    intent = book.get("payment_intent", intent_id)
    if intent["status"] in ("succeeded", "processing", "canceled"):
        return
    intent.update(status="canceled", canceled_at=book.now, cancellation_reason="automatic")
    book.save(intent)
    book.emit("payment_intent.canceled", intent)


def _retrieve(kind: str, param: str = "id", unspoken: str = "") -> Route:
    path = f"/v1/{kind}s/<id>"
    return Route(
        "GET",
        path,
        lambda call: call.book.get(kind, call.ids["id"], param),
        Mapping({"expand": EXPAND}, unspoken=frozenset(unspoken.split())),
    )


def _listing(kind: str, *filters: str, unspoken: str = "") -> Route:
    path = f"/v1/{kind}s"
    fields = {**LISTING, **{name: Text() for name in filters}}
    return Route(
        "GET",
        path,
        lambda call: list_things(call.book, kind, call.params, path, filters),
        Mapping(fields, unspoken=frozenset(unspoken.split())),
    )


def _list_refunds(call: Call) -> Json:
    charge = call.book.get("charge", call.ids["id"])
    refunds = charge_refunds(call.book, charge["id"], limit=-1)
    return list_given(refunds["data"], call.params, refunds["url"])


def _update_charge(call: Call) -> Json:
    return update_metadata(call, "charge", "charge.updated")


def _update_payment_intent(call: Call) -> Json:
    return update_metadata(call, "payment_intent", None)


def _refuse_cancel(call: Call) -> Json:
    intent = call.book.get("payment_intent", call.ids["id"], "intent")
    message = (
        f"You cannot cancel this PaymentIntent because it was created by a Checkout Session "
        f"({intent['id']}). Expire the Checkout Session instead."
    )
    raise StripeError(message, code="payment_intent_unexpected_state")


def update_metadata(call: Call, kind: str, event_type: str | None) -> Json:
    """Change the metadata (and the description, where it is allowed) of a thing and say so by an event."""
    thing = call.book.get(kind, call.ids["id"])
    changes: Json = {}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(thing["metadata"], call.params["metadata"])
    if "description" in call.params:
        changes["description"] = call.params["description"]
    previous = {name: thing[name] for name, value in changes.items() if thing[name] != value}
    if "metadata" in previous:
        previous["metadata"] = changed_keys(thing["metadata"], changes["metadata"])
    thing.update(changes)
    call.book.save(thing)
    if previous and event_type:
        call.book.emit(event_type, thing, previous)
    return thing


def changed_keys(old: dict[str, str], new: dict[str, str]) -> dict[str, str | None]:
    """Return what the changed keys were before, None for those that were not there."""
    return {key: old.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}


_PAYMENT_INTENT_UNSPOKEN = """
allowed_payment_method_types amount amount_details application_fee_amount capture_method currency customer
customer_account excluded_payment_method_types hooks payment_details payment_method
payment_method_configuration payment_method_data payment_method_options receipt_email setup_future_usage
shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group
"""
_CHARGE_UNSPOKEN = "customer fraud_details receipt_email shipping transfer_group"

_DESCRIBED: dict[str, Kind] = {"metadata": Metadata(), "description": Text(unset=True), "expand": EXPAND}

ROUTES = (
    _listing("payment_intent", "customer", unspoken="customer_account"),
    _retrieve("payment_intent", "intent", unspoken="client_secret"),
    Route(
        "POST",
        "/v1/payment_intents/<id>",
        _update_payment_intent,
        Mapping(_DESCRIBED, unspoken=frozenset(_PAYMENT_INTENT_UNSPOKEN.split())),
    ),
    Route(
        "POST",
        "/v1/payment_intents/<id>/cancel",
        _refuse_cancel,
        Mapping({"cancellation_reason": Text(), "expand": EXPAND}),
    ),
    _listing("charge", "payment_intent", "customer", unspoken="transfer_group"),
    _retrieve("charge"),
    Route(
        "POST",
        "/v1/charges/<id>",
        _update_charge,
        Mapping(_DESCRIBED, unspoken=frozenset(_CHARGE_UNSPOKEN.split())),
    ),
    Route("GET", "/v1/charges/<id>/refunds", _list_refunds, Mapping(PAGE)),
    _listing("balance_transaction", "source", "type", unspoken="currency payout"),
    _retrieve("balance_transaction"),
    _retrieve("payment_method"),
)
