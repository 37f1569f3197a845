"""Orders that wait for the owner's look, buyers who are stopped, orders that are called off, and other addresses."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.accounts.models import Account
from storefront.accounts.service import find_account_by_email
from storefront.checkout import blocking, cancelling, giving, readdressing, reviewing, settling, sweeping
from storefront.checkout.giving_back import RefundWish, refund
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.ids import new_public_id
from storefront.fulfilment.models import Entitlement
from storefront.notifications.models import Message
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import Payment, PaymentFailure
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
from tests.selling import BUYER, Till, check_out, heading_of, put_into_cart, send, variant_of


def set_rules(**rules: Any) -> None:
    """Let orders wait for the owner."""
    nothing = {"from_amount": None, "countries": (), "most_failures": None, "risk_level": ""}
    with db.unit_of_work():
        reviewing.save_rules(**{**nothing, **rules})


@pytest.mark.parametrize(
    ("rules", "paying"),
    [
        ({"risk_level": "elevated"}, {"risk_level": "highest"}),
        ({"from_amount": 1900}, {}),
        ({"countries": ("BR", "US")}, {"card_country": "BR"}),
        ({"most_failures": 2}, {"refused": 2}),
    ],
)
def test_order_that_meets_a_rule_waits_until_it_is_approved(
    client: FlaskClient, till: Till, work: Work, rules: dict[str, Any], paying: dict[str, Any]
) -> None:
    set_rules(**rules)
    product = sell(amount=1900, stock=2)
    page = go_to_pay(client, product)
    for _ in range(paying.get("refused", 0)):
        till.pay(page, "decline")
    facts = {name: value for name, value in paying.items() if name != "refused"}
    till.control(f"sessions/{session_id_of(page)}/pay", **facts)
    order_page = come_back(client, f"http://shop/checkout/return?session_id={session_id_of(page)}")
    work()
    order = the_order()
    assert (order.payment_state, order.state, access()) == (PaymentState.PAID, OrderState.PENDING, [])
    assert (order.attention is not None, stock_of(product), mails()) == (True, (1, 1, 0), ["order_checking"])
    assert heading_of(client.get(order_page)) == "We are checking your order"
    with db.unit_of_work():
        settling.approve(order.id)
    with pytest.raises(settling.NotToDeliver), db.unit_of_work():
        settling.approve(order.id)
    work()
    assert (the_order().state, the_order().attention, access()) == (OrderState.COMPLETED, None, [True])
    assert (stock_of(product), mails(), complaints()) == ((1, 0, 1), ["order_checking", "order_paid"], {})


def test_order_that_meets_no_rule_goes_out_and_one_that_waits_can_be_refunded(
    client: FlaskClient, till: Till, work: Work
) -> None:
    set_rules(risk_level="highest", from_amount=5000, countries=("BR",), most_failures=1)
    till_page = go_to_pay(client, sell(stock=1))
    come_back(client, till.pay(till_page, "pay_risky"))
    work()
    db.close_reader()
    assert db.session().scalars(select(Payment.risk_level)).all() == ["elevated"]
    assert (access(), the_order().held_at) == ([True], None)
    set_rules(risk_level="elevated")
    product = sell(stock=1)
    come_back(client, till.pay(go_to_pay(client, product), "pay_risky"))
    held = orders()[-1]
    with db.unit_of_work():
        refund(held.id, RefundWish(key=new_public_id(), is_all=True))
    work()
    held = orders()[-1]
    assert (held.payment_state, held.state, held.held_at) == (
        PaymentState.REFUNDED,
        OrderState.CANCELLED,
        None,
    )
    assert (stock_of(product), complaints()) == ((1, 0, 0), {})


def test_refused_tries_are_counted_once_each_and_stop_a_mailbox_an_address_and_a_card(
    client: FlaskClient, till: Till, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.checkout.ceiling.MOST_FAILURES", 3)
    product = sell()
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}

    def try_to_pay(email: str, address: dict[str, str]) -> int:
        client.environ_base.update(address)
        return check_out(client, email).status_code

    put_into_cart(client, product)
    client.environ_base.update(elsewhere)
    page = check_out(client, "tester@example.org").headers["Location"]
    for _ in range(3):
        till.control(f"sessions/{session_id_of(page)}/pay", action="decline", card_fingerprint="stolen")
    for _ in range(2):
        post_events(client, events(till, "charge.failed"))
        work()
    assert count(PaymentFailure) == 3
    assert try_to_pay("tester@example.org", {"REMOTE_ADDR": "198.51.100.1"}) == 429
    assert try_to_pay("other@example.org", elsewhere) == 429
    assert try_to_pay("other@example.org", {"REMOTE_ADDR": "198.51.100.2"}) == 303
    page = next(one for one in open_sessions(till) if one != session_id_of(page))
    till.control(f"sessions/{page}/pay", action="decline", card_fingerprint="stolen")
    post_events(client, events(till, "charge.failed"))
    work()
    assert try_to_pay("other@example.org", {"REMOTE_ADDR": "198.51.100.3"}) == 429


def test_a_dozen_cards_on_one_order_close_its_payment_page(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    page = go_to_pay(client, product)
    for number in range(12):
        till.control(
            f"sessions/{session_id_of(page)}/pay", action="decline", card_fingerprint=f"card-{number}"
        )
    post_events(client, events(till, "charge.failed")[-1:])
    work()
    assert (open_sessions(till), the_order().state, stock_of(product)) == (
        [],
        OrderState.CANCELLED,
        (1, 0, 0),
    )


def test_checkouts_for_one_mailbox_are_counted_from_everywhere(
    client: FlaskClient, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.checkout.ceiling.DEFAULT_CEILING", 2)
    put_into_cart(client, sell())
    answers = []
    for number in range(3):
        client.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        answers.append(check_out(client).status_code)
    assert answers == [303, 303, 429]


def test_who_is_blocked_reads_a_calm_sentence_and_leaves_no_order(client: FlaskClient) -> None:
    put_into_cart(client, sell())
    for typed in ("Anna@Example.org", "@example.org", "127.0.0.0/8"):
        with db.unit_of_work():
            assert blocking.block(*blocking.read_value(typed), "chargebacks")
            assert not blocking.block(*blocking.read_value(typed), "again")
        answer = check_out(client)
        assert (answer.status_code, count(Order)) == (409, 0)
        assert "We can&#39;t take this order here." in answer.text
        with db.unit_of_work():
            blocking.unblock(blocking.blocked_buyers()[0].id)
    with pytest.raises(blocking.NotToBlock):
        blocking.read_value("no address")
    assert check_out(client).status_code == 303


def test_buyer_calls_off_what_is_not_paid_and_the_page_at_stripe_is_closed(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    go_to_pay(client, product)
    order = the_order()
    assert "Call this order off" in client.get(order.path).text
    assert [send(client, f"{order.path}/cancellation", page=order.path).status_code for _ in range(1)] == [
        303
    ]
    assert (the_order().state, open_sessions(till), stock_of(product)) == (
        OrderState.CANCELLED,
        [],
        (1, 0, 0),
    )
    assert "Your cart is empty" not in client.get("/cart").text
    assert complaints() == {}


def test_who_pays_while_the_order_is_called_off_has_paid(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    till.pay(go_to_pay(client, sell()))
    order = cancelling.cancel_unpaid(the_order().id, stripe(app), cancelling.BY_BUYER)
    work()
    assert (order.payment_state, the_order().state, access()) == (
        PaymentState.PAID,
        OrderState.COMPLETED,
        [True],
    )
    with pytest.raises(cancelling.NotToCancel):
        cancelling.cancel_unpaid(order.id, stripe(app), cancelling.BY_OWNER)


def test_money_on_its_way_can_not_be_called_off(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    come_back(client, till.pay(go_to_pay(client, sell()), "pay_delayed"))
    with pytest.raises(cancelling.NotToCancel):
        cancelling.cancel_unpaid(the_order().id, stripe(app), cancelling.BY_BUYER)


def test_gift_is_an_order_at_nothing_given_once_and_taken_back_whole(client: FlaskClient, work: Work) -> None:
    product = sell(amount=4900, stock=3)
    gift = giving.Gift("a-page", variant_of(product).id, 2, "mei@example.org", "zh", "For the review")
    for _ in range(2):
        with db.unit_of_work():
            order = giving.give(gift)
    work()
    order = the_order()
    assert (order.total_amount, order.is_comp, order.state, access()) == (
        0,
        True,
        OrderState.COMPLETED,
        [True],
    )
    assert (stock_of(product), mails(), complaints()) == ((1, 0, 2), ["comp_given"], {})
    with db.unit_of_work():
        cancelling.take_back_gift(order.id)
    assert (the_order().state, access(), stock_of(product)) == (OrderState.CANCELLED, [False], (3, 0, 0))
    assert complaints() == {}


def test_other_address_takes_orders_library_and_mails_along_and_both_are_told(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    for _ in range(2):
        buy(client, till, sell())
    work()
    first = orders()[0]
    with db.unit_of_work() as session:
        account = find_account_by_email("owner@example.org")
        assert account is not None
        session.add(
            Message(
                kind="access", recipient=BUYER, language="en", topic=first.topic, args={"order_id": first.id}
            )
        )
    for moved in (2, 0):
        with db.unit_of_work():
            assert readdressing.change_email(first.id, account.email) == moved
    work()
    db.close_reader()
    session = db.session()
    assert set(session.scalars(select(Order.email))) == {account.email}
    assert set(session.execute(select(Entitlement.email, Entitlement.account_id))) == {
        (account.email, account.id)
    }
    told = session.execute(select(Message.kind, Message.recipient).order_by(Message.id)).all()[-3:]
    assert [tuple(row) for row in told] == [
        ("access", account.email), ("purchases_left", BUYER), ("purchases_came", account.email),
    ]  # fmt: skip


def test_address_whose_mailbox_nobody_has_proven_gets_no_library(
    client: FlaskClient, till: Till, work: Work
) -> None:
    buy(client, till, sell())
    work()
    with db.unit_of_work() as session:
        session.add(Account(email="squatter@example.org", password_hash=""))
    with db.unit_of_work():
        readdressing.change_email(the_order().id, "squatter@example.org")
    db.close_reader()
    assert db.session().scalars(select(Entitlement.account_id)).all() == [None]


def test_reconciliation_twice_at_once_repairs_once_and_lists_what_no_rule_repairs(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    for _ in range(3):
        till.pay(go_to_pay(app.test_client(), sell()))

    def compare(_number: int) -> int:
        with app.app_context():
            return sweeping.reconcile(stripe(app), now() - timedelta(days=1)).compared

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(compare, range(2))) == [3, 3]
    work()
    assert (access(), len(charges(till)), mails(), complaints()) == ([True] * 3, 3, ["order_paid"] * 3, {})
    with db.unit_of_work() as session:
        row = session.scalars(select(Payment).order_by(Payment.id)).first()
        assert row is not None
        row.session_id, row.idempotency_key = "cs_test_of_nobody", "nobody"
        row.created_at = now()
    report = sweeping.reconcile(stripe(app), now() - timedelta(days=1))
    assert [line.partition(": ")[2] for line in report.rest] == [
        "a session of this shop whose order is not here",
        "paid here, and not at Stripe",
    ]
