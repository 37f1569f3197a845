"""Mails about orders: paid, received, failed, refunded, and all links for who has lost them."""

from typing import Any

from flask_babel import gettext

from storefront.core import db
from storefront.core.errors import NotFound
from storefront.fulfilment import service as fulfilment
from storefront.notifications.rendering import Mail, mail, render_mail
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.web.language import speaking
from storefront.web.links import absolute_url


@mail("order_paid")
def order_paid(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the order is paid, with the page where everything is."""
    order = _order(args)
    return render_mail("order_paid", language, **_about(order, language))


@mail("order_received")
def order_received(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the order is here and its money still on the way."""
    return render_mail("order_received", language, **_about(_order(args), language))


@mail("payment_failed")
def payment_failed(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a delayed payment came to nothing."""
    return render_mail("payment_failed", language, **_about(_order(args), language))


@mail("order_refunded")
def order_refunded(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the money is on its way back."""
    return render_mail("order_refunded", language, **_about(_order(args), language))


@mail("access")
def access(args: dict[str, Any], language: str) -> Mail | None:
    """Send all links of one mailbox; nothing when there is nothing."""
    found = orders.orders_of_email(_order(args).email)
    links = [(order, absolute_url(order.path, language)) for order in found]
    with speaking(language):
        title = gettext("Your purchases")
    return render_mail("access", language, title=title, links=links) if links else None


def _order(args: dict[str, Any]) -> Order:
    order = db.session().get(Order, args["order_id"])
    if order is None:
        raise NotFound
    return orders.get_order(order.id)


def _about(order: Order, language: str) -> dict[str, Any]:
    return {
        "order": order,
        "order_url": absolute_url(order.path, language),
        "cart_url": absolute_url("/cart", language),
        "holdings": fulfilment.holdings_of_order(order.id),
    }
