"""Handing over what was paid for, and what follows for the state of the order."""

from storefront.checkout import refunding
from storefront.fulfilment import service as fulfilment
from storefront.licensing import giving
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import FulfilmentState, OrderState, PaymentState

_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
_ARE_VALID = (OrderState.OPEN, OrderState.COMPLETED)


def deliver(order: Order) -> None:
    """Give the buyer what was paid for, unless the money went back. The order must be locked; may be repeated."""
    if order.payment_state not in _HAVE_PAID or order.state not in _ARE_VALID:
        return
    fulfilment.grant(order)
    refunding.follow_access(order)
    reached = _reached(order)
    if reached is not None:
        moving.move(order, reached)
    moving.follow_goods_and_money(order)


def _reached(order: Order) -> FulfilmentState | None:
    """Digital lines are handed over at once, parcels are not, nor what waits for licence keys."""
    waiting = giving.lacking_lines(order.id)
    parcels = [line for line in order.lines if line.requires_shipping]
    if order.fulfilment_state is FulfilmentState.PARTLY and not parcels and not waiting:
        return FulfilmentState.FULFILLED
    given = [line for line in order.lines if not line.requires_shipping and line.id not in waiting]
    if order.fulfilment_state is not FulfilmentState.UNFULFILLED or not given:
        return None
    return FulfilmentState.PARTLY if parcels or waiting else FulfilmentState.FULFILLED
