"""A sale over HTTP: cart, order, payment page, return, goods."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.catalog.models import Variant
from storefront.checkout import settling, sweeping
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.orders.models import Order
from storefront.orders.states import FulfilmentState, OrderState, PaymentState
from storefront.payments.models import Payment
from storefront.payments.states import PaymentStatus
from tests.checkout.buying import (
    Work,
    access,
    buy,
    charges,
    come_back,
    complaints,
    count,
    events,
    go_to_pay,
    mails,
    open_sessions,
    orders,
    post_events,
    sell,
    session_id_of,
    stock_of,
    stripe,
    the_order,
)
from tests.selling import (
    ADDRESS,
    Till,
    check_out,
    checkout_fields,
    heading_of,
    log_in,
    put_into_cart,
    ship,
    variant_of,
)


def test_paid_order_is_granted_and_told_once(client: FlaskClient, till: Till, work: Work) -> None:
    payment_page = go_to_pay(client, sell(amount=1900))
    assert payment_page.startswith(till.url)
    back = till.pay(payment_page)
    order_page = come_back(client, back)
    work()
    assert heading_of(client.get(order_page)) == "Thank you!"
    come_back(client, back)
    post_events(client, events(till))
    post_events(client, events(till))
    work()
    order = the_order()
    assert (order.state, order.payment_state) == (OrderState.COMPLETED, PaymentState.PAID)
    assert (count(Entitlement), mails(), len(charges(till)), complaints()) == (1, ["order_paid"], 1, {})


def test_waiting_page_looks_less_and_less_often_and_then_says_that_it_stopped(
    client: FlaskClient, till: Till
) -> None:
    go_to_pay(client, sell())
    page = the_order().path
    clocks = {}
    for look in (0, 29, 30, 60, 90, "odd"):
        text = client.get(f"{page}?look={look}").text
        clocks[look] = re.findall(r'hx-trigger="(every \w+)" hx-target="#order"', text)
        assert ("Look again" in text) is (look == 90)
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text
    assert clocks == {
        0: ["every 2s"],
        29: ["every 2s"],
        30: ["every 10s"],
        60: ["every 30s"],
        90: [],
        "odd": ["every 2s"],
    }
    assert f'hx-get="{page}?look=1"' in client.get(page).text.replace("/en/", "/")


def test_declined_card_can_be_replaced_on_the_same_page(client: FlaskClient, till: Till, work: Work) -> None:
    payment_page = go_to_pay(client, sell())
    till.pay(payment_page, "decline")
    assert the_order().payment_state is PaymentState.UNPAID
    come_back(client, till.pay(payment_page))
    work()
    assert (the_order().payment_state, count(Payment), count(Entitlement)) == (PaymentState.PAID, 1, 1)


def test_delayed_payment_waits_and_is_delivered_when_it_comes(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=3)
    payment_page = go_to_pay(client, product)
    order_page = come_back(client, till.pay(payment_page, "pay_delayed"))
    work()
    assert heading_of(client.get(order_page)) == "Your payment is being processed"
    assert (mails(), access(), stock_of(product)) == (["order_received"], [], (2, 1, 0))
    till.control(f"delayed/{session_id_of(payment_page)}/confirm")
    post_events(client, events(till))
    work()
    assert heading_of(client.get(order_page)) == "Thank you!"
    assert (mails(), access(), stock_of(product)) == (["order_received", "order_paid"], [True], (2, 0, 1))
    assert complaints() == {}


def test_delayed_payment_that_fails_is_told_and_gives_the_stock_back(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=3)
    payment_page = go_to_pay(client, product)
    order_page = come_back(client, till.pay(payment_page, "pay_delayed"))
    till.control(f"delayed/{session_id_of(payment_page)}/fail")
    post_events(client, reversed(events(till)))
    work()
    assert heading_of(client.get(order_page)) == "This order was called off"
    assert (mails(), access(), stock_of(product)) == (["order_received", "payment_failed"], [], (3, 0, 0))
    assert complaints() == {}


def test_voucher_that_waits_to_be_paid_is_no_failed_payment(
    app: Flask, client: FlaskClient, till: Till
) -> None:
    """Its PaymentIntent is ``requires_action`` until the buyer has been to the counter."""
    payment_page = go_to_pay(client, sell(stock=3))
    till.pay(payment_page, "pay_delayed")
    view = stripe(app).get_session(session_id_of(payment_page))
    settling.apply(replace(view, payment_intent_status="requires_action"))
    assert the_order().payment_state is PaymentState.PROCESSING
    settling.apply(replace(view, payment_intent_status="canceled"))
    assert (the_order().state, the_order().payment_state) == (OrderState.CANCELLED, PaymentState.UNPAID)


def test_buyer_who_cancels_and_comes_back_gets_the_same_page(client: FlaskClient, till: Till) -> None:
    payment_page = go_to_pay(client, sell(stock=5))
    cancelled = till.pay(payment_page, "cancel")
    assert cancelled.endswith("/cart?payment=cancelled")
    assert check_out(client).headers["Location"] == payment_page
    assert (count(Order), open_sessions(till)) == (1, [session_id_of(payment_page)])


def test_last_unit_is_not_sold_out_for_the_buyer_who_holds_it(client: FlaskClient, till: Till) -> None:
    product = sell(stock=2)
    payment_page = go_to_pay(client, product, 2)
    assert "sold out" not in client.get("/cart").text
    assert check_out(client).headers["Location"] == payment_page
    client.post(
        f"/cart/lines/{variant_of(product).id}",
        data={"csrf_token": checkout_fields(client)["csrf_token"], "quantity": "1"},
    )
    other_page = check_out(client).headers["Location"]
    assert (other_page != payment_page, stock_of(product)) == (True, (1, 1, 0))
    come_back(client, till.pay(other_page))
    assert (stock_of(product), complaints()) == ((1, 0, 1), {})


def test_last_unit_is_sold_out_for_everybody_else(app: Flask, client: FlaskClient) -> None:
    product = sell(stock=1)
    other = app.test_client()
    put_into_cart(other, product)
    go_to_pay(client, product)
    assert "This is sold out." in other.get("/cart").text
    answer = check_out(other)
    assert answer.status_code == 409
    assert "Something in your cart has changed meanwhile." in answer.text
    assert (count(Order), stock_of(product)) == (1, (0, 1, 0))


def test_expired_session_gives_the_stock_back(client: FlaskClient, till: Till, work: Work) -> None:
    product = sell(stock=1)
    payment_page = go_to_pay(client, product)
    with time_machine.travel(now() + timedelta(minutes=50)):
        assert open_sessions(till) == []
        post_events(client, events(till, "checkout.session.expired"))
        work()
        assert (the_order().state, stock_of(product)) == (OrderState.CANCELLED, (1, 0, 0))
        assert check_out(client).headers["Location"] != payment_page
        assert (count(Order), len(open_sessions(till)), complaints()) == (2, 1, {})


def test_session_whose_time_is_over_is_expired_at_stripe_before_the_stock_goes_back(
    app: Flask, client: FlaskClient, till: Till
) -> None:
    product = sell(stock=1)
    go_to_pay(client, product)
    with db.unit_of_work() as session:
        session.execute(update(Payment).values(expires_at=now(), last_asked_at=None))
    assert sweeping.sweep(stripe(app)) == 1
    assert (open_sessions(till), the_order().state, stock_of(product)) == (
        [],
        OrderState.CANCELLED,
        (1, 0, 0),
    )


def test_free_product_needs_an_email_only(client: FlaskClient, till: Till, work: Work) -> None:
    order_page = go_to_pay(client, sell(amount=0))
    assert not order_page.startswith(till.url)
    work()
    order = the_order()
    assert (order.state, order.payment_state) == (OrderState.COMPLETED, PaymentState.PAID)
    assert (till.get("checkout/sessions")["data"], access(), mails(), complaints()) == (
        [],
        [True],
        ["order_paid"],
        {},
    )
    assert heading_of(client.get(order_page.replace("http://127.0.0.1:8000", ""))) == "Thank you!"


def test_address_given_before_paying_goes_to_stripe_and_is_kept_with_the_parcel(
    client: FlaskClient, till: Till, work: Work
) -> None:
    with db.unit_of_work():
        ship(amount=490)
    payment_page = go_to_pay(client, sell(requires_shipping=True, stock=2, content=None))
    order_page = come_back(client, till.pay(payment_page))
    work()
    order = the_order()
    assert (order.shipping_address, order.shipping_amount, order.total_amount) == (ADDRESS, 490, 2390)
    intents: Any = till.get("payment_intents")["data"]
    assert (intents[0]["amount"], intents[0]["shipping"]["name"]) == (2390, "Anna Berg")
    assert intents[0]["shipping"]["address"]["line1"] == "Lindenweg 3"
    assert (order.state, order.fulfilment_state) == (OrderState.OPEN, FulfilmentState.UNFULFILLED)
    assert "Lindenweg 3" in client.get(order_page).text


def test_cart_changed_between_two_checkouts_leaves_one_payable_session(
    client: FlaskClient, till: Till
) -> None:
    first, second = sell(stock=5), sell(stock=5)
    old_page = go_to_pay(client, first)
    new_page = go_to_pay(client, second)
    assert open_sessions(till) == [session_id_of(new_page)] != [session_id_of(old_page)]
    assert [order.state for order in orders()] == [OrderState.CANCELLED, OrderState.PENDING]
    assert (stock_of(first), stock_of(second), complaints()) == ((4, 1, 0), (4, 1, 0), {})


def test_two_tabs_with_different_addresses_leave_one_payable_session(client: FlaskClient, till: Till) -> None:
    go_to_pay(client, sell(stock=5))
    page = check_out(client, "ben@example.org").headers["Location"]
    assert open_sessions(till) == [session_id_of(page)]
    assert [order.email for order in orders() if order.state is OrderState.PENDING] == ["ben@example.org"]


def test_login_after_a_started_checkout_leaves_one_payable_session(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, till: Till
) -> None:
    product, other = sell(stock=5), sell(stock=5)
    put_into_cart(owner_client, other)
    go_to_pay(client, product)
    log_in(client, "owner@example.org")
    page = check_out(client).headers["Location"]
    assert open_sessions(till) == [session_id_of(page)]
    assert [len(order.lines) for order in orders() if order.state is OrderState.PENDING] == [2]


def test_same_page_sent_five_times_at_once_is_one_order_and_one_session(
    app: Flask, client: FlaskClient, till: Till
) -> None:
    product = sell(stock=1)
    put_into_cart(client, product)
    fields = {**checkout_fields(client), "email": "anna@example.org"}

    def send(_: int) -> tuple[int, str | None]:
        tab = app.test_client()
        for name in ("cart", "visit"):
            cookie = client.get_cookie(name)
            assert cookie
            tab.set_cookie(name, cookie.value)
        answer = tab.post("/checkout", data=fields)
        return answer.status_code, answer.headers.get("Location")

    with ThreadPoolExecutor(5) as pool:
        answers = set(pool.map(send, range(5)))
    assert len(answers) == 1
    (status, page) = answers.pop()
    assert page is not None
    assert (status, count(Order), open_sessions(till)) == (303, 1, [session_id_of(page)])
    assert stock_of(product) == (0, 1, 0)


def test_old_page_sent_after_the_payment_leads_to_the_order(client: FlaskClient, till: Till) -> None:
    product = sell()
    put_into_cart(client, product)
    fields = {**checkout_fields(client), "email": "anna@example.org"}
    order_page = buy(client, till, product)
    answer = client.post("/checkout", data=fields)
    assert answer.headers["Location"].endswith(order_page)
    assert (count(Order), len(charges(till)), open_sessions(till)) == (1, 1, [])


def test_what_was_added_after_the_checkout_stays_in_the_cart(client: FlaskClient, till: Till) -> None:
    bought, later = sell(title="Bought"), sell(title="Added later")
    payment_page = go_to_pay(client, bought)
    put_into_cart(client, later)
    come_back(client, till.pay(payment_page))
    cart = client.get("/cart").text
    assert ("Added later" in cart, "Bought" in cart) == (True, False)


def test_changed_price_is_said_before_anything_is_paid(client: FlaskClient, till: Till) -> None:
    product = sell(amount=1900)
    put_into_cart(client, product)
    fields = {**checkout_fields(client), "email": "anna@example.org"}
    with db.unit_of_work() as session:
        session.execute(update(Variant).values(price_amount=2900))
    answer = client.post("/checkout", data=fields)
    assert answer.status_code == 409
    assert (
        "Something in your cart has changed meanwhile. Please look at it again before you pay." in answer.text
    )
    assert (count(Order), open_sessions(till)) == (0, [])
    assert check_out(client).status_code == 303


def test_product_in_another_currency_is_never_charged_in_this_one(client: FlaskClient, till: Till) -> None:
    product = sell(currency="USD")
    put_into_cart(client, product)
    assert check_out(client).status_code == 409
    assert count(Order) == 0


def test_unsellable_wishes_are_said_and_write_nothing(client: FlaskClient) -> None:
    put_into_cart(client, sell())
    assert check_out(client, "no address").status_code == 422
    assert count(Order) == 0
    assert check_out(client, total="-1", key="\0" * 30).status_code == 303
    assert count(Order) == 1


def test_late_payment_is_honoured_when_there_is_stock(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    payment_page = go_to_pay(client, product)
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
    _forget(payment)
    assert (the_order().state, stock_of(product)) == (OrderState.CANCELLED, (1, 0, 0))
    come_back(client, till.pay(payment_page))
    work()
    order = the_order()
    assert (order.state, order.payment_state) == (OrderState.COMPLETED, PaymentState.PAID)
    assert (stock_of(product), access(), complaints()) == ((0, 0, 1), [True], {})


def test_late_payment_goes_back_when_everything_is_sold(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    payment_page = go_to_pay(client, product)
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
    _forget(payment)
    buy(app.test_client(), till, product)
    order_page = come_back(client, till.pay(payment_page))
    work()
    late, sold = orders()
    assert (late.payment_state, late.state) == (PaymentState.REFUNDED, OrderState.CANCELLED)
    assert late.attention is not None
    assert heading_of(client.get(order_page)) == "This order was refunded"
    assert (sold.payment_state, stock_of(product), access()) == (PaymentState.PAID, (0, 0, 1), [True])
    assert complaints() == {}


def test_second_payment_of_one_order_goes_back(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    first_page, second_page = _two_sessions(client)
    come_back(client, till.pay(first_page))
    come_back(client, till.pay(second_page))
    work()
    order = the_order()
    assert (order.payment_state, order.state) == (PaymentState.PAID, OrderState.COMPLETED)
    charged = {charge["payment_intent"]: charge["amount_refunded"] for charge in charges(till)}
    assert sorted(charged.values()) == [0, 1900]
    assert (access(), mails(), complaints()) == ([True], ["order_paid", "refund_made"], {})


def test_session_that_is_left_after_another_was_paid_is_closed(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    first_page, second_page = _two_sessions(client)
    come_back(client, till.pay(first_page))
    assert open_sessions(till) == [session_id_of(second_page)]
    with time_machine.travel(now() + timedelta(minutes=3)):
        sweeping.sweep(stripe(app))
    assert (open_sessions(till), the_order().payment_state) == ([], PaymentState.PAID)


def test_session_that_no_attempt_waits_for_is_closed(app: Flask, client: FlaskClient, till: Till) -> None:
    first_page, second_page = _two_sessions(client)
    assert len(open_sessions(till)) == 2
    sweeping.sweep_strays(stripe(app))
    assert (open_sessions(till), first_page != second_page) == ([session_id_of(second_page)], True)


def test_order_that_nobody_came_back_to_gives_its_stock_back(app: Flask, client: FlaskClient) -> None:
    """Its attempt ended by a fault at Stripe, so no session will ever expire."""
    product = sell(stock=1)
    go_to_pay(client, product)
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
    settling.end_attempt(payment)
    sweeping.sweep(stripe(app))
    assert (the_order().state, stock_of(product)) == (OrderState.PENDING, (0, 1, 0))
    with time_machine.travel(now() + timedelta(hours=1)):
        sweeping.sweep(stripe(app))
        assert (the_order().state, stock_of(product), complaints()) == (OrderState.CANCELLED, (1, 0, 0), {})


def test_attempt_that_got_its_session_meanwhile_is_not_cancelled(client: FlaskClient, till: Till) -> None:
    """Another request looked for the session before it was there, and would leave it payable."""
    go_to_pay(client, sell(stock=1))
    seen = Payment(id=db.session().scalars(select(Payment.id)).one(), session_id=None)
    settling.cancel_unpayable(seen)
    settling.end_attempt(seen)
    db.close_reader()
    assert db.session().scalars(select(Payment.status)).one() is PaymentStatus.OPEN
    assert (the_order().state, len(open_sessions(till))) == (OrderState.PENDING, 1)


def _forget(payment: Payment) -> None:
    """Call an order off while its session at Stripe can still be paid, as a crash at the wrong moment could."""
    settling.cancel_unpayable(payment)


def _two_sessions(client: FlaskClient) -> tuple[str, str]:
    """Let one order have two sessions, as when the first one showed up only after a fault at Stripe."""
    first_page = go_to_pay(client, sell(amount=1900, stock=5))
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
    settling.end_attempt(payment)
    return first_page, check_out(client).headers["Location"]
