"""An order with parcels, bought over HTTP, so that its stock is really sold."""

from flask.testing import FlaskClient

from storefront.catalog.models import Product
from storefront.core import db
from storefront.orders.models import Order
from storefront.parcels import sending
from storefront.parcels.models import Shipment
from storefront.parcels.sending import ParcelWish, Tracking
from storefront.shipping.service import has_zones
from tests.checkout.buying import Work, come_back, go_to_pay, orders, sell
from tests.selling import Till, put_into_cart, ship


def order_posters(
    client: FlaskClient, till: Till, work: Work, quantity: int = 3, *, also: Product | None = None
) -> tuple[Order, Product]:
    """Buy so many posters, and perhaps something else with them."""
    poster = sell(title="Poster", requires_shipping=True, stock=5, content=None, weight_grams=200)
    if not has_zones():
        with db.unit_of_work():
            ship(amount=490)
    if also is not None:
        put_into_cart(client, also)
    come_back(client, till.pay(go_to_pay(client, poster, quantity)))
    work()
    return orders()[-1], poster


def send_pieces(order: Order, pieces: int, key: str = "", **tracking: str) -> Shipment:
    """Send so many posters of an order in a parcel."""
    line = next(line for line in order.lines if line.requires_shipping)
    with db.unit_of_work():
        return sending.send(
            order.id, ParcelWish(key or f"key-{pieces}", {line.id: pieces}, Tracking(**tracking))
        )
