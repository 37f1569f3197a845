"""Checkout Sessions: made, read, changed and expired through the API."""

from __future__ import annotations

from typing import Any

from practice_stripe.calls import Call, Route
from practice_stripe.config import PracticeConfig
from practice_stripe.coupons import discount_of
from practice_stripe.currencies import MAXIMUM_CHARGE, MINIMUM_CHARGE, find_amount_mistake, write_amount
from practice_stripe.errors import InvalidParamsError, StripeError
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, PAGE, list_given, list_things
from practice_stripe.params import Mapping, merge_metadata
from practice_stripe.payments import cancel_payment_intent
from practice_stripe.session_params import CREATE, LIST, UPDATE
from practice_stripe.store import Book, Json, reading, writing

_HALF_HOUR, _DAY = 30 * 60, 24 * 3600
KIND = "checkout.session"


def create(call: Call) -> Json:
    """Make a session that a buyer can pay; raises StripeError as Stripe would."""
    wish, book = call.params, call.book
    _refuse_what_does_not_fit(wish)
    currency = _common_currency(wish)
    lines, products = _lines(wish["line_items"], book.now)
    options = _shipping_options(wish, book.now)
    rates = [option["shipping_rate"] for option in options]
    subtotal = sum(line["amount_subtotal"] for line in lines)
    coupon, discount = discount_of(book, wish, subtotal, currency, lines)
    shipping = rates[0]["fixed_amount"]["amount"] if rates else 0
    total = subtotal - discount + shipping
    _refuse_amount(total, currency)
    expires_at = _expiry(wish, book.now)
    customer = book.get("customer", wish["customer"], "customer", 400) if "customer" in wish else None
    for thing in (*products, *rates):
        book.add(thing)
    session_id = new_id("cs_test_a1", 56)
    session = {
        **_wished(wish),
        "id": session_id,
        "amount_subtotal": subtotal,
        "amount_total": total,
        "created": book.now,
        "currency": currency,
        "customer": customer["id"] if customer else None,
        "customer_details": _known_customer(wish, customer),
        "discounts": [{"coupon": coupon["id"], "promotion_code": None}] if coupon else [],
        "expires_at": expires_at,
        "payment_status": "unpaid" if total else "no_payment_required",
        "shipping_cost": _shipping_cost(rates[0]) if rates else None,
        "shipping_options": [
            {"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]} for rate in rates
        ],
        "total_details": {"amount_discount": discount, "amount_shipping": shipping, "amount_tax": 0},
        "url": f"{call.base_url}/pay/{session_id}",
    }
    private = {
        "lines": lines,
        "payment_intent_data": _payment_wishes(wish),
        "coupon": coupon["id"] if coupon else None,
    }
    return book.add(_in_stripes_order(session), private)


def retrieve(call: Call) -> Json:
    """Return a session."""
    return call.book.get(KIND, call.ids["id"])


def update(call: Call) -> Json:
    """Change the metadata of a session."""
    session = call.book.get(KIND, call.ids["id"])
    if "metadata" in call.params:
        session["metadata"] = merge_metadata(session["metadata"], call.params["metadata"])
    return call.book.save(session)


def list_sessions(call: Call) -> Json:
    """Return a page of sessions."""
    email = call.params.get("customer_details", {}).get("email")
    extra: tuple[str, list[Any]] = ("1", [])
    if email:
        extra = ("lower(json_extract(body, '$.customer_details.email')) = lower(?)", [email])
    filters = ("payment_intent", "customer", "status")
    return list_things(call.book, KIND, call.params, "/v1/checkout/sessions", filters, extra)


def list_lines(call: Call) -> Json:
    """Return a page of the line items of a session."""
    session = call.book.get(KIND, call.ids["id"], "session")
    lines = call.book.private(session["id"])["lines"]
    return list_given(lines, call.params, f"/v1/checkout/sessions/{session['id']}/line_items")


def expire(call: Call) -> Json:
    """Expire an open session, so that it cannot be paid any more."""
    session = call.book.get(KIND, call.ids["id"], "session")
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
        raise StripeError(message)
    return _expire(call.book, session)


def expire_overdue(config: PracticeConfig, limit: int = 100) -> int:
    """Expire the open sessions whose time is over; return how many there were."""
    condition = "status = 'open' AND expires_at <= ?"
    with reading(config) as book:
        overdue = book.select(KIND, condition, (book.now,), 1, "open_session_by_expiry")
    if not overdue:
        return 0
    with writing(config) as book:
        sessions = book.select(KIND, condition, (book.now,), limit, "open_session_by_expiry")
        for session in sessions:
            _expire(book, session)
        return len(sessions)


def _expire(book: Book, session: Json) -> Json:
    session.update(status="expired", url=None)
    book.save(session)
    if session["payment_intent"]:
        cancel_payment_intent(book, session["payment_intent"])
    book.emit("checkout.session.expired", session)
    return session


def _refuse_what_does_not_fit(wish: Json) -> None:
    if wish["mode"] != "payment":
        raise InvalidParamsError(f"Practice Stripe does not speak mode={wish['mode']}.", param="mode")
    if wish.get("ui_mode", "hosted_page") != "hosted_page":
        raise InvalidParamsError(
            f"Practice Stripe does not speak ui_mode={wish['ui_mode']}.", param="ui_mode"
        )
    for name in ("line_items", "success_url"):
        if name not in wish:
            raise InvalidParamsError(f"Missing required param: {name}.", param=name, code="parameter_missing")
    for one, other in (("customer", "customer_email"), ("discounts", "allow_promotion_codes")):
        if one in wish and other in wish:
            message = f"You may only specify one of these parameters: {one}, {other}."
            raise InvalidParamsError(message, param=one, code="parameters_exclusive")
    for place, line in enumerate(wish["line_items"]):
        _refuse_line(line, f"line_items[{place}]")


def _refuse_line(line: Json, name: str) -> None:
    if "price" in line:
        message = f"No such price: '{line['price']}'"
        raise StripeError(message, param=f"{name}[price]", code="resource_missing")
    for field in ("price_data", "quantity"):
        if field not in line:
            param = f"{name}[{field}]"
            raise InvalidParamsError(
                f"Missing required param: {param}.", param=param, code="parameter_missing"
            )
    price = line["price_data"]
    mistake = find_amount_mistake(price["unit_amount"], price["currency"])
    if mistake:
        raise InvalidParamsError(mistake, param=f"{name}[price_data][unit_amount]")


def _common_currency(wish: Json) -> str:
    currencies = {line["price_data"]["currency"] for line in wish["line_items"]}
    for option in wish.get("shipping_options", []):
        rate = option.get("shipping_rate_data", {})
        if "fixed_amount" in rate:
            currencies.add(rate["fixed_amount"]["currency"])
    if "currency" in wish:
        currencies.add(wish["currency"])
    if len(currencies) > 1:
        found = ", ".join(sorted(currencies))
        message = f"All prices on a Checkout Session must have the same currency. You passed: {found}."
        raise StripeError(message, param="line_items")
    return str(currencies.pop())


def _lines(wishes: list[Json], now: int) -> tuple[list[Json], list[Json]]:
    """Return the line items and the products that they sell."""
    lines, products = [], []
    for wish in wishes:
        product = _product(wish["price_data"]["product_data"], now)
        price = _price(wish["price_data"], product["id"], now)
        amount = price["unit_amount"] * wish["quantity"]
        products.append(product)
        lines.append(
            {
                "id": new_id("li_1", 23),
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": price["currency"],
                "description": product["name"],
                "metadata": wish.get("metadata") or {},
                "price": price,
                "quantity": wish["quantity"],
            }
        )
    return lines, products


def _product(wish: Json, now: int) -> Json:
    return {
        "id": new_id("prod_", 14),
        "object": "product",
        "active": False,
        "created": now,
        "description": wish.get("description"),
        "images": wish.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": wish.get("metadata") or {},
        "name": wish["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": wish.get("tax_code"),
        "tax_details": None,
        "type": "service",
        "unit_label": wish.get("unit_label"),
        "updated": now,
        "url": None,
    }


def _price(wish: Json, product_id: str, now: int) -> Json:
    return {
        "id": new_id("price_1", 23),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": wish["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": None,
        "tax_behavior": wish.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": wish["unit_amount"],
        "unit_amount_decimal": str(wish["unit_amount"]),
    }


def _shipping_options(wish: Json, now: int) -> list[Json]:
    options = []
    for place, option in enumerate(wish.get("shipping_options", [])):
        param = f"shipping_options[{place}]"
        if "shipping_rate" in option:
            message = f"No such shipping rate: '{option['shipping_rate']}'"
            raise StripeError(message, param=f"{param}[shipping_rate]", code="resource_missing")
        rate = option.get("shipping_rate_data", {})
        if "fixed_amount" not in rate:
            missing = f"{param}[shipping_rate_data][fixed_amount]"
            raise InvalidParamsError(
                f"Missing required param: {missing}.", param=missing, code="parameter_missing"
            )
        options.append({"shipping_rate": _shipping_rate(rate, now)})
    return options


def _shipping_rate(wish: Json, now: int) -> Json:
    estimate = wish.get("delivery_estimate")
    return {
        "id": new_id("shr_1", 23),
        "object": "shipping_rate",
        "active": True,
        "created": now,
        "delivery_estimate": {"minimum": None, "maximum": None, **estimate} if estimate else None,
        "display_name": wish["display_name"],
        "fixed_amount": wish["fixed_amount"],
        "livemode": False,
        "metadata": wish.get("metadata") or {},
        "tax_behavior": wish.get("tax_behavior", "unspecified"),
        "tax_code": wish.get("tax_code"),
        "type": "fixed_amount",
    }


def _shipping_cost(rate: Json) -> Json:
    amount = rate["fixed_amount"]["amount"]
    return {"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": rate["id"]}


def choose_shipping(book: Book, session: Json, rate_id: str) -> None:
    """Put another of the session's shipping options into its total."""
    rate = book.get("shipping_rate", rate_id)
    before = session["shipping_cost"]["amount_total"]
    session["shipping_cost"] = _shipping_cost(rate)
    after = session["shipping_cost"]["amount_total"]
    session["amount_total"] += after - before
    session["total_details"]["amount_shipping"] = after


def _refuse_amount(total: int, currency: str) -> None:
    minimum = MINIMUM_CHARGE.get(currency, 1)
    if 0 < total < minimum:
        least = write_amount(minimum, currency)
        message = f"The Checkout Session's total amount due must add up to at least {least} {currency}"
        raise StripeError(message, code="amount_too_small")
    if total > MAXIMUM_CHARGE:
        most = write_amount(MAXIMUM_CHARGE, currency)
        message = f"The Checkout Session's total amount must be no more than {most} {currency}"
        raise StripeError(message, code="amount_too_large")


def _expiry(wish: Json, now: int) -> int:
    expires_at = int(wish.get("expires_at", now + _DAY))
    if expires_at < now + _HALF_HOUR:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise StripeError(message, param="expires_at")
    if expires_at > now + _DAY:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise StripeError(message, param="expires_at")
    return expires_at


def _payment_wishes(wish: Json) -> Json:
    wishes = dict(wish.get("payment_intent_data", {}))
    if "metadata" in wishes:
        wishes["metadata"] = merge_metadata({}, wishes["metadata"])
    return wishes


def _known_customer(wish: Json, customer: Json | None) -> Json | None:
    email = customer["email"] if customer else wish.get("customer_email")
    if customer is None and email is None:
        return None
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": customer["name"] if customer else None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _wished(wish: Json) -> Json:
    """Return the fields of the session that repeat what was asked for."""
    tax = wish.get("automatic_tax", {"enabled": False})["enabled"]
    consent = wish.get("consent_collection")
    configuration = wish.get("payment_method_configuration")
    texts = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    fields: Json = {
        "allow_promotion_codes": wish.get("allow_promotion_codes"),
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": "stripe" if tax else None,
            "status": "requires_location_inputs" if tax else None,
        },
        "payment_method_configuration_details": {"id": configuration, "parent": None}
        if configuration
        else None,
        "billing_address_collection": wish.get("billing_address_collection"),
        "cancel_url": wish.get("cancel_url"),
        "client_reference_id": wish.get("client_reference_id"),
        "consent_collection": {
            "payment_method_reuse_agreement": None,
            "promotions": consent.get("promotions", "none"),
            "terms_of_service": consent.get("terms_of_service", "none"),
        }
        if consent
        else None,
        "custom_text": {name: wish.get("custom_text", {}).get(name) for name in texts},
        "customer_creation": wish.get("customer_creation", "if_required"),
        "customer_email": wish.get("customer_email"),
        "invoice_creation": _invoice_creation(wish.get("invoice_creation", {"enabled": False})),
        "locale": wish.get("locale"),
        "metadata": merge_metadata({}, wish.get("metadata", {})),
        "origin_context": wish.get("origin_context"),
        "phone_number_collection": wish.get("phone_number_collection", {"enabled": False}),
        "shipping_address_collection": wish.get("shipping_address_collection"),
        "submit_type": wish.get("submit_type"),
        "success_url": wish["success_url"],
    }
    if "tax_id_collection" in wish:
        fields["tax_id_collection"] = {"required": "never", **wish["tax_id_collection"]}
    return fields


def _invoice_creation(wish: Json) -> Json:
    data = wish.get("invoice_data", {})
    return {
        "enabled": wish["enabled"],
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": data.get("custom_fields") or None,
            "description": data.get("description"),
            "footer": data.get("footer"),
            "issuer": None,
            "metadata": merge_metadata({}, data.get("metadata", {})),
            "rendering_options": None,
        },
    }


def _in_stripes_order(session: Json) -> Json:
    """Return the session with all fields of the API, named in alphabetical order behind its id."""
    constants: Json = {
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allowed_payment_method_types": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "currency_conversion": None,
        "custom_fields": [],
        "customer_account": None,
        "integration_identifier": None,
        "invoice": None,
        "livemode": False,
        "managed_payments": None,
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "sepa_debit"],
        "permissions": None,
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "status": "open",
        "subscription": None,
        "ui_mode": "hosted_page",
        "wallet_options": None,
    }
    fields = {**constants, **session}
    return {"id": fields.pop("id"), "object": KIND, **dict(sorted(fields.items()))}


ROUTES = (
    Route("POST", "/v1/checkout/sessions", create, CREATE),
    Route("GET", "/v1/checkout/sessions", list_sessions, LIST),
    Route("GET", "/v1/checkout/sessions/<id>", retrieve, Mapping({"expand": EXPAND})),
    Route("POST", "/v1/checkout/sessions/<id>", update, UPDATE),
    Route("POST", "/v1/checkout/sessions/<id>/expire", expire, Mapping({"expand": EXPAND})),
    Route("GET", "/v1/checkout/sessions/<id>/line_items", list_lines, Mapping(PAGE)),
)
