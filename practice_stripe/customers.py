"""Customers, as far as a shop keeps them, and the account itself."""

from __future__ import annotations

from practice_stripe.calls import Call, Route
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, LISTING, list_things
from practice_stripe.params import Email, Kind, Mapping, Metadata, Text, merge_metadata
from practice_stripe.payments import changed_keys
from practice_stripe.store import Book, Json

_UNSPOKEN_AT_UPDATE = """
address balance business_name cash_balance default_source individual_name invoice_prefix invoice_settings
next_invoice_sequence preferred_locales shipping source tax tax_exempt validate
"""
_UNSPOKEN_AT_CREATE = """
address balance business_name cash_balance individual_name invoice_prefix invoice_settings
next_invoice_sequence payment_method preferred_locales shipping source tax tax_exempt tax_id_data
test_clock validate
"""
_FIELDS: dict[str, Kind] = {
    "email": Email(),
    "name": Text(maximum=256),
    "phone": Text(maximum=20),
    "description": Text(maximum=350),
    "metadata": Metadata(),
    "expand": EXPAND,
}


def add_customer(book: Book, email: str | None, name: str | None, phone: str | None = None) -> Json:
    """Write a new customer and its event."""
    customer: Json = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": book.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": new_id("", 8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    book.add(customer)
    return customer


def _create(call: Call) -> Json:
    wish = call.params
    customer = add_customer(call.book, wish.get("email"), wish.get("name"), wish.get("phone"))
    customer["description"] = wish.get("description")
    customer["metadata"] = merge_metadata({}, wish.get("metadata", {}))
    call.book.save(customer)
    call.book.emit("customer.created", customer)
    return customer


def _update(call: Call) -> Json:
    customer = call.book.get("customer", call.ids["id"])
    changes: Json = {
        name: call.params[name] for name in ("email", "name", "phone", "description") if name in call.params
    }
    previous: Json = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(customer["metadata"], call.params["metadata"])
        if changes["metadata"] != customer["metadata"]:
            previous["metadata"] = changed_keys(customer["metadata"], changes["metadata"])
    customer.update(changes)
    call.book.save(customer)
    if previous:
        call.book.emit("customer.updated", customer, previous)
    return customer


def _retrieve(call: Call) -> Json:
    return call.book.get("customer", call.ids["id"])


def _list(call: Call) -> Json:
    wanted = call.params.get("email")
    extra = ("json_extract(body, '$.email') = ?", [wanted]) if wanted else ("1", [])
    return list_things(call.book, "customer", call.params, "/v1/customers", extra=extra)


def _account(call: Call) -> Json:
    return {
        "id": "acct_1Practice0000000",
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": "Practice Stripe",
            "product_description": None,
            "specified_commercial_transactions_act_url": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "individual",
        "charges_enabled": True,
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "practice@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


ROUTES = (
    Route(
        "POST", "/v1/customers", _create, Mapping(_FIELDS, unspoken=frozenset(_UNSPOKEN_AT_CREATE.split()))
    ),
    Route(
        "GET",
        "/v1/customers",
        _list,
        Mapping({**LISTING, "email": Text()}, unspoken=frozenset({"test_clock"})),
    ),
    Route("GET", "/v1/customers/<id>", _retrieve, Mapping({"expand": EXPAND})),
    Route(
        "POST",
        "/v1/customers/<id>",
        _update,
        Mapping(_FIELDS, unspoken=frozenset(_UNSPOKEN_AT_UPDATE.split())),
    ),
    Route("GET", "/v1/account", _account, Mapping({"expand": EXPAND})),
)
