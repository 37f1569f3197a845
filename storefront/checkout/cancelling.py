"""Calling an order off: who may do it, and when.

Before anything was paid, buyer and owner may: the page at Stripe is closed first, and whoever pays in that moment has
paid. Money that is on its way can't be stopped by anybody. What is paid is not cancelled but refunded; only what cost
nothing is taken back as it was given.
"""

from storefront.checkout import settling, starting, transfers
from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.fulfilment import service as fulfilment
from storefront.gateways.stripe import PaymentGateway
from storefront.journal.service import write as journal
from storefront.orders import queries
from storefront.orders.models import Order
from storefront.orders.service import moving, reservations
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.states import PaymentMethod

BY_BUYER, BY_OWNER = N_("called off by the buyer"), N_("called off by the owner")


class NotToCancel(Refused):
    """It is too late, or it is over already."""

    sentence = N_("This order can't be called off any more.")


def is_cancellable(order: Order) -> bool:
    """Whether buyer and owner may call the order off: nothing was paid and no money is on its way."""
    return order.state is OrderState.PENDING and order.payment_state is PaymentState.UNPAID


def is_returnable_gift(order: Order) -> bool:
    """Whether the owner may take back what cost nothing."""
    is_valid = order.state in (OrderState.OPEN, OrderState.COMPLETED)
    return is_valid and order.total_amount == 0 and order.payment_state is PaymentState.PAID


def cancel_unpaid(order_id: int, gateway: PaymentGateway, reason: str) -> Order:
    """Call off an order that is not paid, and return it as it is then: paid, when the buyer was faster.

    Opens its own units, since Stripe is asked in between.

    Raises:
        NotToCancel: it is paid, on its way, or over. PaymentPageUnavailable: Stripe does not answer; nothing happened.
    """
    with db.unit_of_work():
        order = moving.lock(order_id)
        if order.state is OrderState.CANCELLED and order.payment_state is PaymentState.UNPAID:
            return order  # the second of two clicks
        if not is_cancellable(order):
            raise NotToCancel
        live = payments.find_live(order.id)
        if live is not None and live.method is PaymentMethod.TRANSFER:
            transfers.call_off(order.id, reason)
            live = None
        else:
            journal(order.topic, "order.cancel_asked", reason=reason)
    if live is not None:
        starting.give_up(live, gateway)
    settling.call_off_abandoned(order_id, reason)
    db.close_reader()
    found = queries.get_order(order_id)
    db.close_reader()
    return found


def take_back_gift(order_id: int) -> None:
    """Call off, in the current unit, an order that cost nothing: access closes and its pieces are on the shelf again.

    Raises:
        NotToCancel: it cost something, or is over already.
    """
    order = moving.lock(order_id)
    if not is_returnable_gift(order):
        raise NotToCancel
    left = reservations.returnable(order.id)
    for line in sorted(order.lines, key=lambda line: line.variant_id):
        fulfilment.revoke_line(line.id, BY_OWNER)
        if left.get(line.id):
            reservations.take_back(line, left[line.id])
    moving.move(order, OrderState.OPEN)
    moving.move(order, OrderState.CANCELLED, reason=BY_OWNER)
