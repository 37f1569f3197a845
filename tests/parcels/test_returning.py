"""Returns: asked for in time and once, decided with words, counted, and settled by money, exchange or nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from storefront.checkout import taking_back
from storefront.core import db
from storefront.core.clock import now
from storefront.core.faults import InjectedFault
from storefront.orders.models import Order
from storefront.orders.states import FulfilmentState, OrderState, PaymentState
from storefront.parcels import returning, sending
from storefront.parcels.models import ReturnRequest
from storefront.parcels.moving import IllegalStep
from storefront.parcels.returning import Arrived, ReturnInput
from storefront.parcels.states import ReturnOutcome, ReturnReason, ReturnState, ReturnWish
from tests.checkout.buying import Work, complaints, mails, orders, refunds, stock_of
from tests.parcels.sending_things import order_posters, send_pieces
from tests.selling import Till, broken_at, send


def delivered(client: FlaskClient, till: Till, work: Work, quantity: int = 3) -> tuple[Order, object]:
    order, poster = order_posters(client, till, work, quantity)
    shipment = send_pieces(order, quantity)
    with db.unit_of_work():
        sending.note_delivery(shipment.public_id)
    return orders()[-1], poster


def ask(order: Order, pieces: int, key: str = "page") -> ReturnRequest:
    with db.unit_of_work():
        wanted = ReturnInput(
            key, {order.lines[0].id: pieces}, ReturnReason.DAMAGED, ReturnWish.REFUND, "Torn."
        )
        return returning.ask(order.id, wanted)


def arrive(found: ReturnRequest, received: int, restocked: int) -> None:
    with db.unit_of_work():
        returning.approve(found.public_id, "", "By post.")
    line_id = returning.get_return(found.public_id).lines[0].order_line_id
    with db.unit_of_work():
        returning.receive(found.public_id, {line_id: Arrived(received, restocked)})


def test_return_ends_with_money_back_and_stock_that_adds_up(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, poster = delivered(client, till, work)
    assert stock_of(poster) == (2, 0, 3)
    found = ask(order, 2)
    assert ask(order, 2).id == found.id, "the page sent twice is one return"
    arrive(found, 2, 1)
    assert stock_of(poster) == (3, 0, 2)
    for _ in range(2):
        with db.unit_of_work():
            taking_back.refund(found.public_id, None)
    work()
    assert [refund["amount"] for refund in refunds(till)] == [3800]
    assert returning.get_return(found.public_id).outcome is ReturnOutcome.REFUNDED
    assert orders()[-1].payment_state is PaymentState.PARTLY_REFUNDED
    assert returning.returnable(orders()[-1]) == {order.lines[0].id: 1}
    assert {"return_requested", "return_approved", "return_received"} <= set(mails())
    assert complaints() == {}


def test_everything_that_came_back_makes_a_returned_order(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, poster = delivered(client, till, work, 1)
    arrive(ask(order, 1), 1, 1)
    after = orders()[-1]
    assert (after.fulfilment_state, after.state) == (FulfilmentState.RETURNED, OrderState.COMPLETED)
    assert (stock_of(poster), complaints()) == ((5, 0, 0), {})


def test_pieces_are_asked_for_once_also_by_many_windows(client: FlaskClient, till: Till, work: Work) -> None:
    order, _ = delivered(client, till, work)

    def try_to_ask(number: int) -> bool:
        try:
            ask(order, 2, f"window-{number}")
        except returning.NotReturnable:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(try_to_ask, range(5))) == 1
    for pieces in (2, -1, 99):
        with pytest.raises(returning.NotReturnable):
            ask(order, pieces, f"late-{pieces}")
    assert complaints() == {}


def test_return_is_possible_until_the_days_are_over(client: FlaskClient, till: Till, work: Work) -> None:
    order, _ = order_posters(client, till, work)
    assert returning.returnable(order) == {}
    shipment = send_pieces(order, 3)
    line_id = order.lines[0].id
    assert returning.returnable(order) == {line_id: 3}
    with db.unit_of_work():
        sending.note_delivery(shipment.public_id)
    with time_machine.travel(now() + timedelta(days=13), tick=False):
        assert returning.returnable(order) == {line_id: 3}
    with time_machine.travel(now() + timedelta(days=15), tick=False):
        assert returning.returnable(order) == {}


def test_refused_and_withdrawn_pieces_may_be_asked_for_again(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = delivered(client, till, work)
    refused = ask(order, 3)
    with pytest.raises(returning.WordsMissing), db.unit_of_work():
        returning.refuse(refused.public_id, " ")
    with db.unit_of_work():
        assert returning.refuse(refused.public_id, "It was worn.")
    with pytest.raises(IllegalStep), db.unit_of_work():
        returning.approve(refused.public_id, "", "")
    again = ask(order, 3, "again")
    with db.unit_of_work():
        assert returning.withdraw(again.public_id)
    assert returning.returnable(orders()[-1]) == {order.lines[0].id: 3}
    assert complaints() == {}


def test_more_than_was_asked_for_does_not_arrive(client: FlaskClient, till: Till, work: Work) -> None:
    order, poster = delivered(client, till, work)
    found = ask(order, 2)
    for received, restocked in ((3, 0), (1, 2), (-1, 0)):
        with pytest.raises(returning.NotSoManyArrived):
            arrive(found, received, restocked)
    arrive(found, 1, 0)
    assert (stock_of(poster), returning.returnable(orders()[-1])) == ((2, 0, 3), {order.lines[0].id: 2})
    assert complaints() == {}


def test_exchange_is_an_order_that_costs_nothing(client: FlaskClient, till: Till, work: Work) -> None:
    order, poster = delivered(client, till, work, 2)
    found = ask(order, 1)
    arrive(found, 1, 0)
    chosen = {order.lines[0].id: order.lines[0].variant_id}
    for _ in range(2):
        with db.unit_of_work():
            taking_back.exchange(found.public_id, chosen)
    work()
    replacement = orders()[-1]
    assert (len(orders()), replacement.total_amount, replacement.payment_state) == (2, 0, PaymentState.PAID)
    assert replacement.shipping_address == order.shipping_address
    assert sending.all_that_is_left(replacement) == {replacement.lines[0].id: 1}
    assert (stock_of(poster), mails()[-1], refunds(till)) == ((2, 0, 3), "exchange_placed", [])
    assert complaints() == {}


def test_exchange_needs_stock_and_the_same_price(client: FlaskClient, till: Till, work: Work) -> None:
    order, _ = delivered(client, till, work, 5)
    found = ask(order, 1)
    arrive(found, 1, 0)
    line = order.lines[0]
    with pytest.raises(Exception, match="sold out"), db.unit_of_work():
        taking_back.exchange(found.public_id, {line.id: line.variant_id})
    with pytest.raises(taking_back.NotExchangeable), db.unit_of_work():
        taking_back.exchange(found.public_id, {line.id: line.variant_id + 99})
    with db.unit_of_work():
        assert taking_back.settle_as_it_is(found.public_id)
    assert returning.get_return(found.public_id).state is ReturnState.CLOSED
    assert len(orders()) == 1


def test_buyer_asks_on_the_page_of_the_order_and_nobody_elses(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = delivered(client, till, work, 1)
    new = f"{order.path}/returns/new"
    assert "Return something" in client.get(order.path).text
    empty = send(client, new, **{f"pieces-{order.lines[0].id}": "0"})
    assert (empty.status_code, "Please choose a reason." in empty.text) == (422, True)
    sent = send(client, new, reason="other", wish="refund", **{f"pieces-{order.lines[0].id}": "1"})
    assert sent.status_code == 303
    (found,) = returning.returns_of(order.id)
    assert client.get(new).status_code == 404
    other, _ = delivered(app.test_client(), till, work, 1)
    stranger = send(client, f"{other.path}/returns/{found.public_id}/withdrawal", page=order.path)
    assert stranger.status_code == 404
    assert (
        send(client, f"{order.path}/returns/{found.public_id}/withdrawal", page=order.path).status_code == 303
    )
    assert returning.get_return(found.public_id).state is ReturnState.WITHDRAWN


def test_what_breaks_halfway_was_not_done_and_is_done_by_the_next(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, poster = order_posters(client, till, work, 2)
    with pytest.raises(InjectedFault), broken_at("parcels.counted"):
        send_pieces(order, 2, "parcel")
    assert sending.all_that_is_left(orders()[-1]) == {order.lines[0].id: 2}
    shipment = send_pieces(order, 2, "parcel")
    with db.unit_of_work():
        sending.note_delivery(shipment.public_id)
    first, second = ask(order, 1, "first"), ask(order, 1, "second")
    with pytest.raises(InjectedFault), broken_at("returns.line_received"):
        arrive(first, 1, 1)
    assert stock_of(poster) == (3, 0, 2)
    line_id = order.lines[0].id
    with db.unit_of_work():
        returning.receive(first.public_id, {line_id: Arrived(1, 1)})
    with pytest.raises(InjectedFault), broken_at("taking_back.refund_asked"), db.unit_of_work():
        taking_back.refund(first.public_id, None)
    work()
    assert refunds(till) == []
    with db.unit_of_work():
        taking_back.refund(first.public_id, None)
    work()
    assert [refund["amount"] for refund in refunds(till)] == [1900]
    arrive(second, 1, 0)
    chosen = {line_id: order.lines[0].variant_id}
    with (
        pytest.raises(InjectedFault),
        broken_at("taking_back.exchange_placed"),
        db.unit_of_work(),
    ):
        taking_back.exchange(second.public_id, chosen)
    assert len(orders()) == 1
    with db.unit_of_work():
        taking_back.exchange(second.public_id, chosen)
    work()
    assert (len(orders()), stock_of(poster)) == (2, (3, 0, 2))
    assert complaints() == {}
