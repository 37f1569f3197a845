"""Parcels: in parts, never more than was ordered, told once, and the order follows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from storefront.core import db
from storefront.core.clock import now
from storefront.journal.service import entries_of
from storefront.orders.states import FulfilmentState, OrderState
from storefront.parcels import queries, sending
from storefront.parcels.carriers import is_web_address, tracking_link
from storefront.parcels.jobs import note_deliveries
from storefront.parcels.models import LineCount, Shipment
from storefront.parcels.moving import IllegalStep
from storefront.parcels.sending import ParcelWish, Tracking
from storefront.parcels.states import MOVES, ReturnState, ShipmentState, may_move
from tests.checkout.buying import Work, complaints, mails, orders, sell
from tests.house.test_queries import counted
from tests.parcels.sending_things import order_posters, send_pieces
from tests.selling import Till


def states() -> tuple[FulfilmentState, OrderState]:
    order = orders()[-1]
    return order.fulfilment_state, order.state


def test_order_follows_its_parcels_until_all_have_arrived(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work)
    assert [row.order.id for row in queries.orders_to_ship()[0]] == [order.id]
    first = send_pieces(order, 1, carrier="dhl", number="JD0146")
    assert states() == (FulfilmentState.PARTLY, OrderState.OPEN)
    second = send_pieces(order, 2)
    assert states() == (FulfilmentState.FULFILLED, OrderState.COMPLETED)
    assert queries.orders_to_ship()[0] == []
    for shipment in (first, second, second):
        with db.unit_of_work():
            sending.note_delivery(shipment.public_id)
    assert states() == (FulfilmentState.DELIVERED, OrderState.COMPLETED)
    work()
    assert mails()[1:] == ["parcel_sent", "parcel_sent", "parcel_delivered", "parcel_delivered"]
    assert complaints() == {}


def test_nothing_is_sent_twice_or_beyond_what_was_ordered(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work)
    line = order.lines[0]
    once, again = send_pieces(order, 2, key="page"), send_pieces(order, 2, key="page")
    assert once.id == again.id
    for wish, refusal in (
        (ParcelWish("a", {line.id: 2}), sending.NotSoMany),
        (ParcelWish("b", {line.id: -1}), sending.NotSoMany),
        (ParcelWish("c", {line.id + 99: 1}), sending.NotSoMany),
        (ParcelWish("d", {}), sending.NothingChosen),
    ):
        with pytest.raises(refusal), db.unit_of_work():
            sending.send(order.id, wish)
    with pytest.raises(IntegrityError), db.unit_of_work():
        db.session().execute(update(LineCount).values(sent=4))


def test_last_piece_goes_into_one_of_two_parcels_at_once(client: FlaskClient, till: Till, work: Work) -> None:
    order, _ = order_posters(client, till, work, 1)

    def try_to_send(key: str) -> bool:
        try:
            send_pieces(order, 1, key=key)
        except (sending.NotSoMany, sending.NotToSend):
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(try_to_send, [f"window-{number}" for number in range(6)]))
    assert sum(sent) == 1
    db.close_reader()
    assert len(db.session().scalars(select(Shipment)).all()) == 1


def test_parcel_noted_by_mistake_is_sent_again_and_one_that_arrived_is_not(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work)
    wrong = send_pieces(order, 3, key="one")
    with db.unit_of_work():
        assert sending.call_off(wrong.public_id)
    with db.unit_of_work():
        assert not sending.call_off(wrong.public_id)
    assert states() == (FulfilmentState.UNFULFILLED, OrderState.OPEN)
    right = send_pieces(order, 3, key="two")
    with db.unit_of_work():
        sending.note_delivery(right.public_id)
    with pytest.raises(IllegalStep), db.unit_of_work():
        sending.call_off(right.public_id)


def test_right_number_is_told_again_and_the_same_one_is_not(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work)
    shipment = send_pieces(order, 3, carrier="ups", number="1Z999")
    for number in ("1Z998", "1Z998"):
        with db.unit_of_work():
            sending.correct_tracking(shipment.public_id, Tracking("ups", number))
    work()
    assert mails()[1:] == ["parcel_sent", "parcel_tracking"]


def test_downloads_open_at_once_while_the_parcel_is_packed(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work, also=sell())
    assert states() == (FulfilmentState.PARTLY, OrderState.OPEN)
    send_pieces(order, 3)
    assert states() == (FulfilmentState.FULFILLED, OrderState.COMPLETED)


def test_pieces_whose_money_went_back_are_not_sent(client: FlaskClient, till: Till, work: Work) -> None:
    order, _ = order_posters(client, till, work)
    with db.unit_of_work():
        sending.keep_back(order, {order.lines[0].id: 2})
    assert sending.all_that_is_left(orders()[-1]) == {order.lines[0].id: 1}
    send_pieces(order, 1)
    assert states() == (FulfilmentState.FULFILLED, OrderState.COMPLETED)


def test_parcel_that_nobody_reported_counts_as_delivered_some_days_later(
    client: FlaskClient, till: Till, work: Work
) -> None:
    order, _ = order_posters(client, till, work)
    send_pieces(order, 3)
    note_deliveries()
    assert states()[0] is FulfilmentState.FULFILLED
    with time_machine.travel(now() + timedelta(days=15), tick=False):
        note_deliveries()
    assert states()[0] is FulfilmentState.DELIVERED
    line = next(entry for entry in entries_of(order.topic) if entry.action == "shipment.delivered")
    assert line.data["reason"] == "nobody said otherwise for so many days"


def test_lists_ask_equally_often_for_one_and_three_orders(
    client: FlaskClient, till: Till, work: Work
) -> None:
    found = []
    for _ in range(3):
        order, _poster = order_posters(client, till, work, 1)
        db.close_reader()
        with counted() as asked:
            queries.orders_to_ship()
            queries.parcels_of(order)
        found.append(len(asked))
    assert found[0] == found[2]


def test_table_of_moves_ends_where_things_end() -> None:
    assert not may_move(ShipmentState.DELIVERED, ShipmentState.SENT)
    assert not may_move(ReturnState.RECEIVED, ReturnState.REFUSED)
    assert {state for state, after in MOVES.items() if not after} == {
        ShipmentState.DELIVERED,
        ShipmentState.CANCELLED,
        ReturnState.REFUSED,
        ReturnState.WITHDRAWN,
        ReturnState.CLOSED,
    }


def test_links_lead_to_carriers_or_where_the_owner_says_and_only_by_https() -> None:
    assert tracking_link("ups", "1Z 99/9", "") == "https://www.ups.com/track?tracknum=1Z99%2F9"
    assert tracking_link("ups", "1Z", "https://my.example/1") == "https://my.example/1"
    assert tracking_link("", "1Z", "") is None
    assert is_web_address("https://post.example/track?x=1")
    for wrong in (
        "http://post.example",
        "javascript:alert(1)",
        "https://",
        "https://a b.example",
        'https://a."b',
    ):
        assert not is_web_address(wrong)
