from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import stripe
import time_machine

from practice_stripe.sessions import expire_overdue
from tests.practice_stripe.support import SHOP, Practice, line, wish


def test_new_session_is_open_and_repeats_what_was_asked_for(practice: Practice) -> None:
    session = practice.new_session(locale="zh", payment_intent_data={"metadata": {"order": "7"}})

    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_subtotal, session.amount_total, session.currency) == (2500, 2500, "usd")
    assert session.url == f"{practice.url}/pay/{session.id}"
    assert session.payment_intent is None
    assert session.metadata.to_dict() == {"order": "7"}
    assert session.success_url == f"{SHOP}/checkout/return?session_id={{CHECKOUT_SESSION_ID}}"
    assert session.expires_at - session.created == 24 * 3600
    assert (session.ui_mode, session.locale, session.client_reference_id) == ("hosted_page", "zh", "order-7")


def test_total_of_zero_needs_no_payment(practice: Practice) -> None:
    session = practice.new_session(line_items=[line(0)])

    assert (session.payment_status, session.amount_total) == ("no_payment_required", 0)
    paid = practice.pay(session.id)
    assert (paid.status, paid.payment_status, paid.payment_intent) == (
        "complete",
        "no_payment_required",
        None,
    )
    assert practice.event_types() == ["checkout.session.completed"]


def test_line_items_are_expanded_with_their_products(practice: Practice) -> None:
    session = practice.new_session(expand=["line_items.data.price.product"])

    item = session.line_items.data[0]
    assert (item.object, item.quantity, item.amount_total, item.description) == ("item", 2, 2500, "Course")
    assert item.price.unit_amount == 1250
    assert item.price.product.description == "Ten lessons"


def test_line_items_are_listed_in_pages(practice: Practice) -> None:
    session = practice.new_session(line_items=[line(100 + place) for place in range(12)])

    first = practice.client.v1.checkout.sessions.line_items.list(session.id, {"limit": 5})
    assert [item.amount_total for item in first.data] == [100, 101, 102, 103, 104]
    assert first.has_more is True
    everything = list(first.auto_paging_iter())
    assert [item.amount_total for item in everything] == list(range(100, 112))


def test_metadata_is_changed_key_by_key(practice: Practice) -> None:
    session = practice.new_session(metadata={"order": "7", "note": "old"})

    changed = practice.client.v1.checkout.sessions.update(session.id, {"metadata": {"note": "", "more": "x"}})

    assert changed.metadata.to_dict() == {"order": "7", "more": "x"}


def test_expired_session_cannot_be_paid_or_expired_again(practice: Practice) -> None:
    session = practice.new_session()

    expired = practice.client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    assert practice.press(session.id).status_code == 200
    assert practice.get(session.id).payment_status == "unpaid"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`") as refused:
        practice.client.v1.checkout.sessions.expire(session.id)
    assert refused.value.http_status == 400
    assert practice.event_types() == ["checkout.session.expired"]


def test_completed_session_cannot_be_expired(practice: Practice) -> None:
    session = practice.new_session()
    practice.pay(session.id)

    with pytest.raises(stripe.InvalidRequestError, match="status of `complete`"):
        practice.client.v1.checkout.sessions.expire(session.id)


def test_expiring_cancels_the_payment_intent_of_a_declined_try(practice: Practice) -> None:
    session = practice.new_session()
    practice.press(session.id, "decline")

    practice.client.v1.checkout.sessions.expire(session.id)

    assert practice.get(session.id).payment_intent.status == "canceled"
    assert practice.event_types()[-2:] == ["payment_intent.canceled", "checkout.session.expired"]


def test_session_expires_when_its_time_is_over(practice: Practice) -> None:
    session = practice.new_session(expires_at=int(time.time()) + 31 * 60)

    with time_machine.travel(time.time() + 32 * 60, tick=True):
        assert practice.get(session.id).status == "expired"
        assert practice.press(session.id).status_code == 200
    assert practice.event_types() == ["checkout.session.expired"]


def test_overdue_sessions_are_expired_without_being_read(practice: Practice) -> None:
    practice.new_session(expires_at=int(time.time()) + 31 * 60)
    practice.new_session(expires_at=int(time.time()) + 31 * 60)

    assert expire_overdue(practice.config) == 0
    with time_machine.travel(time.time() + 32 * 60, tick=True):
        assert expire_overdue(practice.config) == 2
        assert expire_overdue(practice.config) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(29 * 60, "at least 30 minutes"), (25 * 3600, "less than 24 hours"), (-60, "at least 30 minutes")],
)
def test_expiry_lies_between_half_an_hour_and_a_day(practice: Practice, seconds: int, words: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words) as refused:
        practice.new_session(expires_at=int(time.time()) + seconds)
    assert (refused.value.param, refused.value.http_status) == ("expires_at", 400)


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
        ({"ui_mode": "hosted"}, "ui_mode", None),
        ({"nonsense": "1"}, "nonsense", "parameter_unknown"),
        ({"line_items": [{**line(500), "colour": "red"}]}, "line_items[0][colour]", "parameter_unknown"),
        ({"mode": None}, "mode", "parameter_missing"),
        ({"mode": "sometimes"}, "mode", None),
        ({"line_items": None}, "line_items", "parameter_missing"),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"success_url": "/relative"}, "success_url", "url_invalid"),
        ({"success_url": ""}, "success_url", "parameter_invalid_empty"),
        ({"cancel_url": "ftp://shop.example"}, "cancel_url", "url_invalid"),
        ({"customer_email": "ann at example"}, "customer_email", "email_invalid"),
        ({"locale": "xx"}, "locale", None),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0][price]", "resource_missing"),
        (
            {"line_items": [{**line(500), "quantity": "two"}]},
            "line_items[0][quantity]",
            "parameter_invalid_integer",
        ),
        (
            {"line_items": [{**line(500), "quantity": 0}]},
            "line_items[0][quantity]",
            "parameter_invalid_integer",
        ),
        ({"line_items": [line(-5)]}, "line_items[0][price_data][unit_amount]", "parameter_invalid_integer"),
        ({"line_items": [line(500, "xxx")]}, "line_items[0][price_data][currency]", None),
        ({"line_items": [line(500, name="")]}, "line_items[0][price_data][product_data][name]", None),
        ({"line_items": [line(10)] * 101}, "line_items", None),
        ({"line_items": "many"}, "line_items", None),
        ({"metadata": {f"key{place}": "x" for place in range(51)}}, "metadata", None),
        ({"metadata": {"order": "x" * 501}}, "metadata[order]", None),
        ({"metadata": {"x" * 41: "1"}}, f"metadata[{'x' * 41}]", None),
        ({"metadata": "order"}, "metadata", None),
        ({"client_reference_id": "x" * 201}, "client_reference_id", None),
        ({"customer": "cus_missing", "customer_email": None}, "customer", "resource_missing"),
        ({"customer": "cus_missing"}, "customer", "parameters_exclusive"),
        ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]", "resource_missing"),
        ({"shipping_address_collection": {"allowed_countries": ["XX"]}}, None, None),
        ({"subscription_data": {"description": "x"}}, "subscription_data", None),
        ({"mode": "subscription"}, "mode", None),
        ({"ui_mode": "embedded_page"}, "ui_mode", None),
        ({"line_items": [line(500, "usd"), line(500, "eur")]}, "line_items", None),
        ({"expand": ["success_url"]}, "expand", None),
        ({"expand": ["nothing"]}, "expand", None),
    ],
)
def test_refuses_what_stripe_refuses(
    practice: Practice, changes: dict[str, Any], param: str | None, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        practice.client.v1.checkout.sessions.create(wish(**changes))

    assert refused.value.http_status == 400
    if param:
        assert refused.value.param == param
    if code:
        assert refused.value.code == code
    assert practice.client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    ("amount", "currency", "accepted"),
    [
        (49, "usd", False),
        (50, "usd", True),
        (29, "gbp", False),
        (30, "gbp", True),
        (49, "jpy", False),
        (50, "jpy", True),
        (399, "hkd", False),
        (1, "cny", True),
        (1255, "kwd", False),
        (1250, "kwd", True),
        (150, "isk", False),
        (200, "isk", True),
        (99_999_999, "usd", True),
        (100_000_000, "usd", False),
    ],
)
def test_amounts_follow_the_rules_of_their_currency(
    practice: Practice, amount: int, currency: str, accepted: bool
) -> None:
    if accepted:
        assert practice.new_session(line_items=[line(amount, currency)]).amount_total == amount
    else:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            practice.new_session(line_items=[line(amount, currency)])
        assert refused.value.http_status == 400


def test_coupon_takes_its_part_of_the_total_and_is_counted(practice: Practice) -> None:
    coupon = practice.client.v1.coupons.create({"percent_off": 33.3, "max_redemptions": 1, "name": "Third"})
    session = practice.new_session(
        line_items=[line(1000), line(333)], discounts=[{"coupon": coupon.id}], expand=["line_items"]
    )

    assert session.total_details.amount_discount == 444
    assert session.amount_total == 1333 - 444
    assert sum(item.amount_discount for item in session.line_items.data) == 444
    practice.pay(session.id)
    used = practice.client.v1.coupons.retrieve(coupon.id)
    assert (used.times_redeemed, used.valid) == (1, False)
    with pytest.raises(stripe.InvalidRequestError, match="no longer valid"):
        practice.new_session(discounts=[{"coupon": coupon.id}])


def test_fixed_coupon_may_make_it_free(practice: Practice) -> None:
    coupon = practice.client.v1.coupons.create({"amount_off": 5000, "currency": "usd", "id": "WELCOME"})

    session = practice.new_session(discounts=[{"coupon": coupon.id}])

    assert (session.amount_total, session.payment_status) == (0, "no_payment_required")


def test_shipping_option_is_in_the_total(practice: Practice) -> None:
    session = practice.new_session(
        shipping_address_collection={"allowed_countries": ["DE", "US"]},
        shipping_options=[
            {
                "shipping_rate_data": {
                    "display_name": name,
                    "type": "fixed_amount",
                    "fixed_amount": {"amount": amount, "currency": "usd"},
                }
            }
            for name, amount in (("Letter", 300), ("Parcel", 900))
        ],
        expand=["shipping_cost.shipping_rate"],
    )

    assert (session.amount_subtotal, session.amount_total) == (2500, 2800)
    assert session.total_details.amount_shipping == 300
    assert session.shipping_cost.shipping_rate.display_name == "Letter"
    assert [option.shipping_amount for option in session.shipping_options] == [300, 900]


def test_unknown_things_and_addresses_are_404_in_stripes_shape(practice: Practice) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        practice.client.v1.checkout.sessions.retrieve("cs_test_none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")

    answer = practice.raw("GET", "/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "Unrecognized request URL (GET: /v1/nothing)" in answer.json()["error"]["message"]


def test_key_is_asked_for(practice: Practice) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided: sk_test_") as refused:
        practice.new_client(key="sk_test_another_key_of_someone").v1.accounts.retrieve_current()
    assert "another_key" not in str(refused.value)

    without = requests.get(f"{practice.url}/v1/account", timeout=10)
    assert (without.status_code, without.headers["WWW-Authenticate"]) == (401, 'Basic realm="Stripe"')
    basic = requests.get(f"{practice.url}/v1/account", auth=(practice.config.secret_key, ""), timeout=10)
    assert basic.status_code == 200


def test_answers_carry_request_id_and_version(practice: Practice) -> None:
    session = practice.new_session()

    assert session.last_response.headers["Request-Id"].startswith("req_")
    assert session.last_response.headers["Stripe-Version"] == stripe.api_version
    other = practice.raw("GET", "/v1/account", headers={"Stripe-Version": "2024-06-20"})
    assert other.headers["Stripe-Version"] == "2024-06-20"
    assert practice.raw("GET", "/v1/account", headers={"Stripe-Version": "newest"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"mode=%FF",
        b"a[b=1",
        b"mode[x]=1",
        b"mode=payment&mode[x]=1",
        b"a" + b"[b]" * 50 + b"=1",
        b"=",
        b"&&&",
    ],
)
def test_odd_bodies_are_refused_politely(practice: Practice, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = practice.raw("POST", "/v1/checkout/sessions", data=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
