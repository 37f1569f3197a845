"""What every mail about an order knows."""

from typing import Any

from sqlalchemy import select

from storefront.core import db
from storefront.core.errors import N_
from storefront.notifications.rendering import Variable, block
from storefront.notifications.writing import Fact
from storefront.orders.models import Order
from storefront.web.filters import day, money
from storefront.web.language import speaking
from storefront.web.links import absolute_url

ORDER_VARIABLES = {
    "number": Variable(N_("The number of the order"), "K7QM-4XRP"),
    "order_url": Variable(N_("The page of the order, with everything that was bought"), "/orders/example"),
    "order_lines": Variable(
        N_("What was ordered, with prices and the total"), N_("1 × A small book  €19.00\nTotal  €19.00")
    ),
    "total": Variable(N_("What the buyer pays"), "€19.00"),
    "placed_on": Variable(N_("The day of the order"), N_("20 Nov 2026")),
    "email": Variable(N_("The buyer's e-mail address"), "anna@example.org"),
    "cart_url": Variable(N_("The buyer's cart"), "/cart"),
}


def order_facts(order: Order, language: str) -> dict[str, Fact]:
    """Return the fact for each of ``ORDER_VARIABLES``. The order must have its lines."""
    with speaking(language):
        total, placed_on = money(order.total), day(order.placed_at)
    return {
        "number": order.number,
        "order_url": absolute_url(order.path, language),
        "order_lines": block("_order_lines", language, order=order),
        "total": total,
        "placed_on": placed_on,
        "email": order.email,
        "cart_url": absolute_url("/cart", language),
    }


def newest_order() -> dict[str, Any] | None:
    """Return the newest order as arguments of a mail, to show a mail on."""
    order_id = db.session().scalar(select(Order.id).order_by(Order.id.desc()).limit(1))
    return {"order_id": order_id} if order_id is not None else None
