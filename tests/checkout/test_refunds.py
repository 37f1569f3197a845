"""Money back: by the owner, by rule, in the dashboard, by a bank; and what happens to the access."""

from datetime import timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.catalog.states import ContentKind
from storefront.checkout import sweeping
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.jobs.models import Job
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.states import RefundStatus
from tests.checkout.buying import (
    Work,
    access,
    buy,
    charges,
    come_back,
    complaints,
    count,
    end_faults,
    events,
    go_to_pay,
    mails,
    orders,
    post_events,
    refunds,
    sell,
    session_id_of,
    stock_of,
    stripe,
    the_order,
)
from tests.selling import Till, heading_of, send


def test_refund_in_full_by_the_owner_happens_once_however_often_it_is_clicked(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    order_page = buy(client, till, sell(content=ContentKind.LICENCE))
    work()
    number = the_order().number
    assert [_refund(owner_client, number) for _ in range(2)] == [303, 409]
    work()
    post_events(client, events(till))
    work()
    assert [refund["amount"] for refund in refunds(till)] == [1900]
    assert (the_order().payment_state, access(), mails()) == (
        PaymentState.REFUNDED, [False], ["order_paid", "order_refunded"],
    )  # fmt: skip
    assert heading_of(client.get(order_page)) == "This order was refunded"
    assert complaints() == {}


def test_full_refund_closes_every_door(client: FlaskClient, till: Till, work: Work) -> None:
    page = go_to_pay(client, sell(content=ContentKind.LICENCE))
    order_page = _come_back(client, till, page)
    work()
    db.close_reader()
    entitlement = db.session().scalars(select(Entitlement)).one()
    key = db.session().scalars(select(LicenceKey)).one()
    library = f"/library/{entitlement.public_id}"
    doors = (library, f"/downloads/{entitlement.public_id}/x", f"{library}/lessons/x")
    assert client.get(library).status_code == 200
    assert key.key in client.get(order_page).text
    till.control(f"charges/{session_id_of(page)}/refund")
    post_events(client, events(till))
    work()
    assert [client.get(door).status_code for door in doors] == [404] * 3
    assert key.key not in client.get(order_page).text
    db.close_reader()
    assert db.session().scalars(select(LicenceKey.state)).one() is KeyState.BURNT


def test_part_refunded_in_the_dashboard_leaves_access_and_the_rest_closes_it(
    client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell(amount=1900))
    _come_back(client, till, page)
    work()
    till.control(f"charges/{session_id_of(page)}/refund", amount=500)
    post_events(client, events(till))
    work()
    assert (the_order().payment_state, access()) == (PaymentState.PARTLY_REFUNDED, [True])
    till.control(f"charges/{session_id_of(page)}/refund", amount=1400)
    post_events(client, reversed(events(till)))
    work()
    assert (the_order().payment_state, access(), count(Refund)) == (PaymentState.REFUNDED, [False], 2)
    assert complaints() == {}


def test_pending_refund_that_fails_gives_access_back_and_calls_the_owner(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    buy(client, till, sell(content=ContentKind.LICENCE))
    work()
    till.control("refunds/next", outcome="pending")
    _refund(owner_client, the_order().number)
    work()
    assert (the_order().payment_state, access()) == (PaymentState.REFUNDED, [False])
    till.control(f"refunds/{refunds(till)[0]['id']}/settle", outcome="failed")
    sweeping.sweep(stripe(app))
    work()
    order = the_order()
    assert (order.payment_state, access()) == (PaymentState.PAID, [True])
    assert order.attention is not None
    assert "A refund failed at the bank" in order.attention
    with db.unit_of_work():
        moving.resolve_attention(order)
    post_events(client, events(till))
    work()
    db.close_reader()
    assert (the_order().attention, db.session().scalars(select(LicenceKey.state)).all()) == (
        None,
        [KeyState.ACTIVE],
    )
    assert complaints() == {}


def test_refund_that_stripe_refuses_calls_the_owner_and_leaves_access(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell())
    _come_back(client, till, page)
    work()
    till.control(f"charges/{session_id_of(page)}/dispute")
    _refund(owner_client, the_order().number)
    work()
    order = the_order()
    assert (order.payment_state, access()) == (PaymentState.PAID, [True])
    assert order.attention is not None
    assert order.attention.startswith("Stripe refused a refund")
    db.close_reader()
    assert db.session().scalars(select(Refund.status)).all() == [RefundStatus.FAILED]
    assert db.session().scalars(select(Job.resting_since).where(Job.kind == "send_refund")).one() is not None


def test_refund_whose_answer_was_lost_is_made_once(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    for kind in ("500", "500_after_effect", "timeout_after_effect", "503"):
        buy(client, till, sell())
        work()
        till.control("faults", kind=kind, match="/v1/refunds", method="POST", times=3, seconds=0.01)
        _refund(owner_client, orders()[-1].number)
        work()
        end_faults(till)
        with time_machine.travel(now() + timedelta(minutes=2)):
            work()
        assert orders()[-1].payment_state is PaymentState.REFUNDED, kind
    assert ([refund["amount"] for refund in refunds(till)], count(Refund), complaints()) == (
        [1900] * 4,
        4,
        {},
    )


def test_dispute_closes_access_until_it_is_won(client: FlaskClient, till: Till, work: Work) -> None:
    page = go_to_pay(client, sell())
    order_page = _come_back(client, till, page)
    work()
    dispute = till.control(f"charges/{session_id_of(page)}/dispute")
    post_events(client, events(till))
    work()
    order = the_order()
    assert (order.payment_state, access()) == (PaymentState.DISPUTED, [False])
    assert order.attention is not None
    assert order.attention.startswith("A bank disputes this payment")
    assert heading_of(client.get(order_page)) == "This payment is disputed"
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    post_events(client, reversed(events(till)))
    work()
    assert (the_order().payment_state, access(), count(Dispute), complaints()) == (
        PaymentState.PAID,
        [True],
        1,
        {},
    )


def test_lost_dispute_leaves_access_closed(client: FlaskClient, till: Till, work: Work) -> None:
    page = go_to_pay(client, sell())
    _come_back(client, till, page)
    dispute = till.control(f"charges/{session_id_of(page)}/dispute")
    till.control(f"disputes/{dispute['id']}/close", outcome="lost")
    post_events(client, reversed(events(till)))
    work()
    with time_machine.travel(now() + timedelta(minutes=1)):
        work()
    assert (the_order().payment_state, any(access()), complaints()) == (PaymentState.DISPUTED, False, {})


def test_refund_after_a_dispute_leaves_access_closed(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    """A bank's inquiry is answered by a refund, and then closed: the doors that it shut must not open."""
    page = go_to_pay(client, sell())
    _come_back(client, till, page)
    work()
    dispute: Any = till.control(f"charges/{session_id_of(page)}/dispute")
    post_events(client, events(till))
    work()
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    till.control(f"charges/{session_id_of(page)}/refund")
    post_events(client, events(till))
    work()
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.REFUNDED, [False], {})


def test_goods_that_were_due_while_the_bank_held_the_money_come_when_it_is_back(
    client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell())
    _come_back(client, till, page)
    dispute = till.control(f"charges/{session_id_of(page)}/dispute")
    post_events(client, events(till, "charge.dispute.created"))
    _do("handle_event", work)
    assert the_order().payment_state is PaymentState.DISPUTED
    work()
    assert access() == []
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    post_events(client, events(till, "charge.dispute.closed"))
    work()
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.PAID, [True], {})


def test_wrong_amount_is_kept_for_the_owner_and_the_cart_can_be_used_again(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(amount=1900, stock=5)
    page = go_to_pay(client, product)
    with db.unit_of_work() as session:
        session.execute(update(Payment).values(amount=2900))
    _come_back(client, till, page)
    work()
    order = the_order()
    assert (order.payment_state, order.state, access()) == (PaymentState.PAID, OrderState.PENDING, [])
    assert order.attention is not None
    assert "Stripe received %(received)s instead of %(asked)s." in order.attention
    assert (stock_of(product), mails()) == ((4, 1, 0), ["order_checking"])
    assert go_to_pay(client, product) != page
    _refund(owner_client, order.number)
    work()
    db.close_reader()
    refunded = db.session().scalars(select(Order).order_by(Order.id)).first()
    assert refunded is not None
    assert (refunded.payment_state, refunded.state) == (PaymentState.REFUNDED, OrderState.CANCELLED)
    assert (stock_of(product), complaints()) == ((4, 1, 0), {})


def test_wrong_currency_is_kept_for_the_owner(client: FlaskClient, till: Till, work: Work) -> None:
    page = go_to_pay(client, sell())
    with db.unit_of_work() as session:
        session.execute(update(Payment).values(currency="USD"))
    _come_back(client, till, page)
    work()
    order = the_order()
    assert (order.payment_state, order.state, access()) == (PaymentState.PAID, OrderState.PENDING, [])
    assert (order.attention is not None, len(charges(till)), complaints()) == (True, 1, {})


def test_order_of_nothing_has_nothing_to_refund(
    client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    go_to_pay(client, sell(amount=0))
    work()
    db.close_reader()
    number = db.session().scalars(select(Order.number)).one()
    assert _refund(owner_client, number) == 409
    assert count(Refund) == 0


def _come_back(client: FlaskClient, till: Till, page: str) -> str:
    return come_back(client, till.pay(page))


def _refund(owner_client: FlaskClient, number: str) -> int:
    """Press the button of a page that was opened before."""
    return send(owner_client, f"/admin/orders/{number}/refund", page="/admin/orders").status_code


def _do(kind: str, work: Work) -> None:
    """Do only the jobs of one kind, as a second worker might while the first is slow."""
    with db.unit_of_work() as session:
        held = list(session.scalars(select(Job.id).where(Job.kind != kind, Job.done_at.is_(None))))
        session.execute(update(Job).where(Job.id.in_(held)).values(run_after=now() + timedelta(hours=1)))
    work()
    with db.unit_of_work() as session:
        session.execute(update(Job).where(Job.id.in_(held)).values(run_after=now()))
