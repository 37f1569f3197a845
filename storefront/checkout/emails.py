"""Mails about orders: paid, received, failed, refunded, left unpaid, and all links for who has lost them."""

from typing import Any

from flask_babel import gettext

from storefront.checkout import recovering, settling
from storefront.checkout.models import Withdrawal
from storefront.core import db
from storefront.core.errors import N_, NotFound
from storefront.invoicing import service as invoicing
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.orders import queries as orders
from storefront.orders.mailing import ORDER_VARIABLES, newest_order, order_facts
from storefront.orders.models import Order
from storefront.payments import service as payments
from storefront.web.filters import day, moment
from storefront.web.language import speaking
from storefront.web.links import absolute_url

WHY = Variable(
    N_("Why a rule gave the money back; empty when you did"), N_("You have paid this order twice.")
)


@mail(
    "order_paid",
    title=N_("Order paid, with the links"),
    variables={
        **ORDER_VARIABLES,
        "invoice_url": Variable(N_("The invoice, where there is one"), "/orders/example/invoice"),
    },
    example=newest_order,
)
def order_paid(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the order is paid, with the page where everything is."""
    order = order_of(args)
    facts = {**order_facts(order, language), "invoice_url": _invoice_url(order, language)}
    return render_mail("order_paid", language, **facts)


@mail(
    "order_received",
    title=N_("Order received, payment on its way"),
    variables=ORDER_VARIABLES,
    example=newest_order,
)
def order_received(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the order is here and its money still on the way."""
    return render_mail("order_received", language, **order_facts(order_of(args), language))


@mail(
    "payment_failed",
    title=N_("Payment failed"),
    variables=ORDER_VARIABLES,
    example=newest_order,
)
def payment_failed(args: dict[str, Any], language: str) -> Mail | None:
    """Say that a delayed payment came to nothing."""
    return render_mail("payment_failed", language, **order_facts(order_of(args), language))


@mail(
    "order_refunded",
    title=N_("Refund"),
    variables={**ORDER_VARIABLES, "why": WHY},
    example=newest_order,
)
def order_refunded(args: dict[str, Any], language: str) -> Mail | None:
    """Say that the money is on its way back."""
    order = order_of(args)
    reasons = [refund.reason for refund in payments.refunds_of(order.id)]
    return render_mail(
        "order_refunded", language, **order_facts(order, language), why=why_of(reasons, language)
    )


@mail(
    "access",
    title=N_("Links to all purchases"),
    variables={
        "purchases": Variable(
            N_("All orders of this address, with links"),
            N_("K7QM-4XRP (20 Nov 2026): A small book\nhttps://shop.example.org/orders/example"),
            needed=True,
        )
    },
    example=newest_order,
)
def access(args: dict[str, Any], language: str) -> Mail | None:
    """Send all links of one mailbox; nothing when there is nothing."""
    found = orders.orders_of_email(order_of(args).email)
    links = [(order, absolute_url(order.path, language)) for order in found]
    if not links:
        return None
    return render_mail("access", language, purchases=block("_purchases", language, links=links))


@mail(
    recovering.KIND,
    title=N_("Cart that was left"),
    variables={
        "cart_lines": Variable(N_("What was in the cart"), N_("1 × A small book"), needed=True),
        "cart_url": Variable(N_("The page that fills the cart again"), "/cart/saved/example", needed=True),
        "ends_on": Variable(N_("The last day on which that page works"), N_("20 Nov 2026")),
        "opt_out_url": Variable(N_("The page to hear no more of it"), "/cart/reminders/example", needed=True),
    },
)
def abandoned_checkout(args: dict[str, Any], language: str) -> Mail | None:
    """Say once that the cart is still there; nothing when they bought or objected while the mail waited."""
    order = order_of(args)
    recovery = recovering.still_wanted(order)
    if recovery is None:
        return None
    with speaking(language):
        ends_on = day(recovering.ends_at(recovery))
    return render_mail(
        recovering.KIND,
        language,
        cart_lines=block("_cart_lines", language, lines=recovering.available(order)),
        cart_url=absolute_url(f"/cart/saved/{recovery.public_id}", language),
        ends_on=ends_on,
        opt_out_url=absolute_url(recovering.opt_out_path(order.email), language),
    )


@mail(
    "withdrawal_received",
    title=N_("Withdrawal acknowledged"),
    variables={
        **ORDER_VARIABLES,
        "declared_at": Variable(
            N_("Day and time of the declaration, in UTC"), N_("20 Nov 2026"), needed=True
        ),
        "name": Variable(N_("The name that was given"), "Anna", needed=True),
        "what": Variable(N_("From what the buyer withdraws"), N_("The whole order"), needed=True),
    },
)
def withdrawal_received(args: dict[str, Any], language: str) -> Mail | None:
    """Acknowledge that a consumer has withdrawn from a contract, with what was declared and when."""
    found = db.session().get(Withdrawal, args["withdrawal_id"])
    if found is None:
        raise NotFound
    with speaking(language):
        said = {"declared_at": moment(found.declared_at), "what": found.what or gettext("The whole order")}
    facts = order_facts(orders.get_order(found.order_id), language)
    return render_mail("withdrawal_received", language, **facts, name=found.name, **said)


def order_of(args: dict[str, Any]) -> Order:
    """Return the order that a mail is about.

    Raises:
        NotFound: it is not there any more.
    """
    order = db.session().get(Order, args["order_id"])
    if order is None:
        raise NotFound
    return orders.get_order(order.id)


def _invoice_url(order: Order, language: str) -> str:
    """Return where the invoice is, or will be: the work that makes it may come after the mail. Else nothing."""
    is_made = invoicing.get_settings().is_complete or invoicing.standing_invoice(order.id) is not None
    return absolute_url(f"{order.path}/invoice", language) if order.total_amount and is_made else ""


def why_of(reasons: list[str], language: str) -> str:
    """Return what the buyer is told of the rule that gave money back; what the owner wrote for herself is not told."""
    with speaking(language):
        if settling.PAID_TWICE in reasons:
            return str(gettext("You have paid this order twice."))
        if settling.CODE_GONE in reasons:
            return str(gettext("Your payment came when the discount code had been used up."))
        if settling.SOLD_OUT in reasons:
            return str(gettext("Your payment came when everything was sold out. We are sorry."))
    return ""
