"""Money back by pieces and by amounts: what closes, what comes back onto the shelf, who is told, and only once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.checkout import giving_back, refunding, sweeping
from storefront.checkout.giving_back import LineWish, RefundWish
from storefront.core import db
from storefront.core.ids import new_public_id
from storefront.jobs.models import Job
from storefront.jobs.service import retry
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.lines import share_of
from storefront.payments.models import Payment, Refund
from storefront.payments.states import LineAccess, RefundStatus
from tests.checkout.buying import (
    Work,
    access,
    buy,
    come_back,
    complaints,
    count,
    events,
    mails,
    post_events,
    refunds,
    sell,
    stock_of,
    stripe,
    the_order,
)
from tests.selling import Till, check_out, put_into_cart


def give_back(order: Order, **wish: Any) -> bool:
    """Ask for a refund as the owner does."""
    with db.unit_of_work():
        return giving_back.refund(order.id, RefundWish(**{"key": new_public_id(), **wish}))


def buy_two_things(client: FlaskClient, till: Till, work: Work) -> tuple[Order, list[Any]]:
    """Buy three pieces of one thing at 10.00 and one of another at 7.00."""
    things = [sell(title="Cup", amount=1000, stock=5), sell(title="Book", amount=700, stock=2)]
    put_into_cart(client, things[0], 3)
    put_into_cart(client, things[1])
    come_back(client, till.pay(check_out(client).headers["Location"]))
    work()
    return the_order(), things


def test_pieces_go_back_with_their_money_their_stock_and_when_all_are_gone_their_access(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, (cup, book) = buy_two_things(client, till, work)
    lines = {line.title: line.id for line in order.lines}
    wish = (LineWish(lines["Cup"], quantity=1, restock=1), LineWish(lines["Book"], quantity=1))
    give_back(order, lines=wish)
    work()
    order = the_order()
    assert [refund["amount"] for refund in refunds(till)] == [1700]
    assert (order.payment_state, order.state) == (PaymentState.PARTLY_REFUNDED, OrderState.COMPLETED)
    assert access() == [True, False]
    assert (stock_of(cup), stock_of(book)) == ((3, 0, 2), (1, 0, 1))
    assert mails() == ["order_paid", "refund_made"]
    with pytest.raises(giving_back.NotSoManyPieces):
        give_back(order, lines=(LineWish(lines["Cup"], quantity=3),))
    give_back(order, lines=(LineWish(lines["Cup"], quantity=2, access=LineAccess.KEEP),))
    work()
    assert (the_order().payment_state, access()) == (PaymentState.REFUNDED, [True, False])
    assert complaints() == {}


def test_amount_goes_back_and_nothing_closes_and_never_more_than_is_left(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = buy_two_things(client, till, work)
    give_back(order, amount=500)
    with pytest.raises(giving_back.TooMuch):
        give_back(order, amount=3201)
    with pytest.raises(giving_back.NothingChosen):
        give_back(order)
    work()
    assert (the_order().payment_state, access()) == (PaymentState.PARTLY_REFUNDED, [True, True])
    give_back(order, is_all=True)
    with pytest.raises(refunding.NothingToRefund):
        give_back(order, is_all=True)
    work()
    post_events(client, events(till))
    work()
    assert sorted(refund["amount"] for refund in refunds(till)) == [500, 3200]
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.REFUNDED, [False, False], {})
    assert mails() == ["order_paid", "refund_made", "order_refunded"]


def test_fifty_clicks_at_once_are_one_refund(app: Flask, client: FlaskClient, till: Till, work: Work) -> None:
    buy(client, till, sell())
    work()
    order = the_order()

    def click(number: int) -> str:
        key = "the-same-page" if number % 2 else f"window-{number}"
        with app.app_context():
            try:
                return str(db.again_on_conflict(lambda: give_back(order, key=key, is_all=True)))
            except refunding.NothingToRefund:
                return "nothing left"

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(click, range(50)))
    work()
    assert answers.count("True") == 1
    assert ([refund["amount"] for refund in refunds(till)], count(Refund), complaints()) == ([1900], 1, {})


def test_refund_of_pieces_that_fails_opens_them_again_and_both_are_told(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = buy_two_things(client, till, work)
    book = next(line.id for line in order.lines if line.title == "Book")
    till.control("refunds/next", outcome="pending")
    give_back(order, lines=(LineWish(book, quantity=1),))
    work()
    assert (access(), "On its way back" in client.get(order.path).text) == ([True, False], True)
    till.control(f"refunds/{refunds(till)[0]['id']}/settle", outcome="failed")
    sweeping.sweep(stripe(app))
    work()
    order = the_order()
    assert (order.payment_state, access()) == (PaymentState.PAID, [True, True])
    assert order.attention is not None
    assert order.attention.startswith("A refund failed at the bank")
    assert mails() == ["order_paid", "refund_made", "refund_failed"]
    assert "It did not arrive. We look for another way." in client.get(order.path).text
    assert complaints() == {}


def test_refund_that_stripe_refused_is_tried_again_only_while_the_money_is_there(
    client: FlaskClient, till: Till, work: Work
) -> None:
    buy(client, till, sell())
    work()
    order = the_order()
    dispute = till.control(f"charges/{_intent()}/dispute")
    give_back(order, amount=1000)
    work()
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    give_back(order, amount=1500)
    work()
    db.close_reader()
    job = db.session().scalars(select(Job).where(Job.resting_since.is_not(None))).one()
    with db.unit_of_work():
        retry(job.id)
    work()
    db.close_reader()
    assert [refund["amount"] for refund in refunds(till)] == [1500]
    assert "another refund meanwhile" in str(
        db.session().scalars(select(Job.last_error).where(Job.id == job.id)).one()
    )
    assert db.session().scalars(select(Refund.status).order_by(Refund.id)).all() == [
        RefundStatus.FAILED, RefundStatus.SUCCEEDED,
    ]  # fmt: skip


def test_shares_of_all_pieces_are_what_the_line_was_sold_for() -> None:
    order = Order(tax_amount=41)
    line = OrderLine(total_amount=999, discount_amount=333, tax_amount=41, quantity=7)
    assert sum(share_of(order, line, before, 1) for before in range(7)) == 999 - 333 + 41
    assert share_of(order, line, 2, 3) == 303


def test_inquiry_of_a_bank_closes_nothing_and_calls_the_owner_once(
    owner_client: FlaskClient, client: FlaskClient, till: Till, work: Work
) -> None:
    buy(client, till, sell())
    work()
    inquiry = till.control(f"charges/{_intent()}/dispute", inquiry=True)
    for _ in range(2):
        post_events(client, events(till))
        work()
    order = the_order()
    assert (order.payment_state, access(), order.attention is not None) == (PaymentState.PAID, [True], True)
    assert mails() == ["order_paid", "dispute_opened"]
    till.control(f"disputes/{inquiry['id']}/close", outcome="warning_closed")
    post_events(client, events(till))
    work()
    assert (the_order().attention, access(), complaints()) == (None, [True], {})


def _intent() -> str:
    db.close_reader()
    return str(db.session().scalars(select(Payment.payment_intent_id)).one())
