"""What the owner may do with an order now: the moves that its states allow, as buttons."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext

from storefront.checkout.cancelling import is_cancellable, is_returnable_gift
from storefront.orders.models import Order
from storefront.orders.states import FulfilmentState, OrderState, PaymentState

_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
_DONE = (FulfilmentState.FULFILLED, FulfilmentState.DELIVERED)


@dataclass(frozen=True, slots=True)
class Move:
    """One step: what its button says and where it leads, to a page that asks or (``is_post``) at once."""

    name: str
    title: str
    href: str
    is_post: bool = True
    kind: str = ""


def moves_of(order: Order) -> list[Move]:
    """Return the steps that are allowed now, the one that is most likely first. Asks the database nothing."""
    number = order.number
    found = []
    if may_approve(order):
        title = gettext("Deliver it")
        found.append(Move("approve", title, url_for("admin.approve_order", number=number), kind="primary"))
    if may_be_sent(order):
        href = url_for("admin.new_shipment", number=number)
        found.append(Move("send", gettext("Send a parcel …"), href, is_post=False, kind="primary"))
    if order.payment_state in _HAVE_PAID and order.total_amount:
        href = url_for("admin.ask_to_refund", number=number)
        found.append(Move("refund", gettext("Refund …"), href, is_post=False, kind="danger"))
    if is_cancellable(order) or is_returnable_gift(order):
        href = url_for("admin.ask_to_cancel", number=number)
        found.append(Move("cancel", gettext("Call it off …"), href, is_post=False, kind="danger"))
    if may_complete(order):
        found.append(
            Move("complete", gettext("Mark as completed"), url_for("admin.complete_order", number=number))
        )
    if may_reopen(order):
        found.append(Move("reopen", gettext("Open it again"), url_for("admin.reopen_order", number=number)))
    return found


def may_approve(order: Order) -> bool:
    """Whether it is paid and waits for the owner before it is handed over."""
    return order.payment_state in _HAVE_PAID and order.state in (OrderState.PENDING, OrderState.CANCELLED)


def may_be_sent(order: Order) -> bool:
    """Whether something of it is to be sent by post."""
    return (
        any(line.requires_shipping for line in order.lines)
        and order.state is OrderState.OPEN
        and order.fulfilment_state in (FulfilmentState.UNFULFILLED, FulfilmentState.PARTLY)
        and order.payment_state in _HAVE_PAID
    )


def may_complete(order: Order) -> bool:
    """Whether the owner may say that it is over although not all was handed over."""
    return order.state is OrderState.OPEN and order.payment_state in _HAVE_PAID


def may_reopen(order: Order) -> bool:
    """Whether the owner may take that back; what is handed over as a whole is completed by itself."""
    return (
        order.state is OrderState.COMPLETED
        and order.payment_state in _HAVE_PAID
        and (order.fulfilment_state not in _DONE)
    )
