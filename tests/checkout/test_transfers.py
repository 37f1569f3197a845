"""Payment by bank transfer: the order waits, the owner marks what came, time goes by."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import update

from storefront.catalog.models import Product
from storefront.checkout import transfers
from storefront.checkout.giving_back import RefundWish, refund
from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from storefront.shop import service as shop
from tests.checkout.buying import (
    Work,
    access,
    come_back,
    complaints,
    go_to_pay,
    mails,
    open_sessions,
    orders,
    sell,
    stock_of,
    the_order,
)
from tests.selling import Till, heading_of, path_of, send

ON = date(2030, 5, 31)


@pytest.fixture(autouse=True)
def _offered(app: object) -> None:
    with db.unit_of_work():
        shop.save_transfer("Quiet Pages\nIBAN DE00 1234", "", 7)


def order_by_transfer(client: FlaskClient, product: Product) -> Order:
    """Check out and choose to send the money by bank."""
    page = path_of(go_to_pay(client, product, pay="transfer"))
    assert "/orders/" in page
    return the_order()


def mark(order: Order, amount: int, key: str | None = None) -> bool:
    """Mark money as the owner does."""
    with db.unit_of_work():
        return transfers.mark_money(order.id, amount, ON, key or new_public_id())


def test_order_waits_tells_where_to_send_the_money_and_is_delivered_when_it_is_marked(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(amount=1900, stock=3)
    order = order_by_transfer(client, product)
    page = client.get(order.path)
    assert heading_of(page) == "Please send the money"
    assert all(words in page.text for words in ("IBAN DE00 1234", order.number, "€19.00"))
    assert "Your cart is empty" in client.get("/cart").text
    assert (stock_of(product), open_sessions(till)) == ((2, 1, 0), [])
    assert [mark(order, 1900, "one-page"), mark(order, 1900, "one-page")] == [True, False]
    work()
    assert (the_order().payment_state, the_order().state, access()) == (
        PaymentState.PAID,
        OrderState.COMPLETED,
        [True],
    )
    assert (stock_of(product), mails(), complaints()) == ((2, 0, 1), ["transfer_awaited", "order_paid"], {})


def test_too_little_waits_for_the_rest_and_too_much_is_told_and_sent_back_by_hand(
    client: FlaskClient, work: Work
) -> None:
    order = order_by_transfer(client, sell(amount=1900))
    mark(order, 1000)
    work()
    assert (the_order().payment_state, access()) == (PaymentState.UNPAID, [])
    assert "€9.00 is missing" in client.get(order.path).text
    mark(order, 1200)
    work()
    order = the_order()
    assert (order.payment_state, access(), order.attention is not None) == (PaymentState.PAID, [True], True)
    assert mails() == ["transfer_awaited", "transfer_differs", "order_paid", "transfer_differs"]
    with db.unit_of_work():
        refund(order.id, RefundWish(key="back", amount=300))
    work()
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.PAID, [True], {})
    with db.unit_of_work():
        refund(order.id, RefundWish(key="all", is_all=True))
    work()
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.REFUNDED, [False], {})


def test_buyer_is_reminded_once_and_the_stock_is_free_when_no_money_came(
    client: FlaskClient, work: Work
) -> None:
    product = sell(stock=1)
    order = order_by_transfer(client, product)
    for days in (1, 4, 5, 8, 9):
        with time_machine.travel(now() + timedelta(days=days)):
            transfers.remind_and_expire()
    work()
    assert (the_order().state, stock_of(product)) == (OrderState.CANCELLED, (1, 0, 0))
    assert mails() == ["transfer_awaited", "transfer_reminder", "transfer_expired"]
    mark(order, order.total_amount)
    work()
    assert (the_order().payment_state, access(), stock_of(product)) == (PaymentState.PAID, [True], (0, 0, 1))
    assert complaints() == {}


def test_part_that_came_is_not_lost_when_time_is_over_and_the_owner_ends_it(
    client: FlaskClient, work: Work
) -> None:
    ends: tuple[tuple[Callable[[int], None], PaymentState], ...] = (
        (transfers.accept_less, PaymentState.PAID),
        (transfers.send_back, PaymentState.REFUNDED),
    )
    for end, state in ends:
        order_by_transfer(client, sell(stock=1)) if not orders() else go_to_pay(
            client, sell(stock=1), pay="transfer"
        )
        order = orders()[-1]
        mark(order, 1000)
        with time_machine.travel(now() + timedelta(days=8)):
            transfers.remind_and_expire()
        order = orders()[-1]
        assert (order.state, order.attention is not None) == (OrderState.PENDING, True)
        with db.unit_of_work():
            end(order.id)
        work()
        order = orders()[-1]
        assert (order.payment_state, order.attention) == (state, None)
        with pytest.raises(transfers.NoTransfer), db.unit_of_work():
            end(order.id)
        assert complaints() == {}


def test_who_changes_to_transfer_has_no_payment_page_left_and_one_order(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    page = go_to_pay(client, product)
    answer = send(client, "/checkout", page="/cart", email="anna@example.org", pay="transfer")
    assert (answer.status_code, open_sessions(till)) == (303, [])
    first, second = orders()
    assert (first.state, second.state, stock_of(product)) == (
        OrderState.CANCELLED,
        OrderState.PENDING,
        (0, 1, 0),
    )
    assert "expired" in till.get(f"checkout/sessions/{page.rpartition('/')[2]}").values()
    assert complaints() == {}


def test_transfer_is_called_off_by_the_buyer_unless_money_came(client: FlaskClient, work: Work) -> None:
    product = sell(stock=2)
    order = order_by_transfer(client, product)
    mark(order, 100)
    assert send(client, f"{order.path}/cancellation", page=order.path).status_code == 409
    with db.unit_of_work():
        transfers.send_back(order.id)
    go_to_pay(client, product, pay="transfer")
    second = orders()[-1]
    assert send(client, f"{second.path}/cancellation", page=second.path).status_code == 303
    assert (orders()[-1].state, stock_of(product), complaints()) == (OrderState.CANCELLED, (2, 0, 0), {})


def test_transfer_is_not_offered_where_the_owner_gave_no_account(client: FlaskClient, till: Till) -> None:
    with db.unit_of_work():
        shop.save_transfer("", "", 7)
    page = go_to_pay(client, sell(), pay="transfer")
    assert open_sessions(till) == [page.rpartition("/")[2]]


def test_money_that_comes_when_everything_is_sold_out_waits_for_the_owner(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(stock=1)
    order = order_by_transfer(client, product)
    with time_machine.travel(now() + timedelta(days=8)):
        transfers.remind_and_expire()
    come_back(client, till.pay(go_to_pay(client, product)))
    mark(order, order.total_amount)
    work()
    late = orders()[0]
    assert (late.payment_state, late.held_at is not None, late.attention is not None) == (
        PaymentState.PAID,
        True,
        True,
    )
    with db.unit_of_work():
        refund(late.id, RefundWish(key="late", is_all=True))
    assert (orders()[0].payment_state, stock_of(product), complaints()) == (
        PaymentState.REFUNDED,
        (0, 0, 1),
        {},
    )


def test_sum_of_what_was_marked_is_watched_by_the_doctor(client: FlaskClient, work: Work) -> None:
    from storefront.payments.models import Payment

    order = order_by_transfer(client, sell())
    mark(order, 1900)
    work()
    with db.unit_of_work() as session:
        session.execute(update(Payment).values(captured_amount=1901))
    assert "transfer_sums" in complaints()
