"""A sale over HTTP: cart, order, payment page, return, goods."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import func, select

from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.notifications.models import Message
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from tests.selling import Till, check_out, heading_of, make_product, path_of, put_into_cart


def test_paid_order_is_granted_and_told_once(client: FlaskClient, till: Till, work: Callable[[], int]) -> None:
    with db.unit_of_work():
        product = make_product(amount=1900)
    put_into_cart(client, product)
    payment_page = check_out(client).headers["Location"]
    assert payment_page.startswith(till.url)
    back = path_of(till.pay(payment_page))
    order_page = path_of(client.get(back).headers["Location"])
    work()
    assert heading_of(client.get(order_page)) == "Thank you!"
    client.get(back)
    work()
    order = db.session().scalars(select(Order)).one()
    assert (order.state, order.payment_state) == (OrderState.COMPLETED, PaymentState.PAID)
    assert db.session().scalar(select(func.count()).select_from(Entitlement)) == 1
    assert db.session().scalar(select(func.count()).select_from(Message)) == 1
