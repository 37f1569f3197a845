"""The one door through which an order changes its states: lock, look again, check the table, write, journal."""

from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, Refused
from storefront.core.sentences import keep, read
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.orders.states import FulfilmentState, OrderState, PaymentState, may_move

_FIELDS: dict[type[StrEnum], str] = {
    OrderState: "state",
    PaymentState: "payment_state",
    FulfilmentState: "fulfilment_state",
}
_DONE = (FulfilmentState.FULFILLED, FulfilmentState.DELIVERED, FulfilmentState.RETURNED)


class IllegalMove(Refused):
    """The table of states does not allow this step."""

    sentence = N_("The order can't go from %(before)s to %(after)s.")


def lock(order_id: int) -> Order:
    """Return the order with its lines as it is now, held until the end of the unit."""
    return db.session().scalars(_LOCK, {"id": order_id}).one()


def move(order: Order, to: StrEnum, **why: Any) -> bool:
    """Take one step of one of the order's states; False when it is there already.

    Raises:
        IllegalMove: the table does not allow the step.
    """
    field = _FIELDS[type(to)]
    held = lock(order.id)
    before = getattr(held, field)
    if before is to:
        return False
    if not may_move(before, to):
        raise IllegalMove(before=before.value, after=to.value)
    setattr(held, field, to)
    _note_time(held, to)
    journal(held.topic, f"order.{field}", before=before.value, after=to.value, **why)
    db.session().flush()
    return True


def follow_goods_and_money(order: Order) -> None:
    """Complete the order when everything is paid and handed over; reopen it when that is no longer so."""
    held = lock(order.id)
    if held.state not in (OrderState.OPEN, OrderState.COMPLETED):
        return
    is_over = held.fulfilment_state in _DONE or held.payment_state is PaymentState.REFUNDED
    move(held, OrderState.COMPLETED if is_over else OrderState.OPEN)


def call_for_attention(order: Order, sentence: str, **values: object) -> None:
    """Have the owner look at this order; she reads the sentence (a message id) and its values in her language."""
    reason = keep(sentence, **values)
    held = lock(order.id)
    if held.attention == reason:
        return
    held.attention, held.attention_at = reason, now()
    journal(held.topic, "order.attention", reason=reason)
    db.session().flush()


def resolve_attention(order: Order, only: str | None = None) -> None:
    """Note that the owner has looked, or that what she was called for is over: ``only`` that sentence."""
    held = lock(order.id)
    if held.attention is None or (only is not None and read(held.attention)[0] != only):
        return
    journal(held.topic, "order.attention_resolved", reason=held.attention)
    held.attention = held.attention_at = None
    db.session().flush()


def hold_for_review(order: Order) -> None:
    """Note that a paid order waits for the owner before anything is handed over."""
    held = lock(order.id)
    held.held_at = held.held_at or now()
    db.session().flush()


def end_review(order: Order) -> None:
    """Note that the order does not wait for the owner's look any more."""
    held = lock(order.id)
    held.held_at = None
    db.session().flush()


def _note_time(order: Order, to: StrEnum) -> None:
    # What was given away was never paid, and no sum of what was earned may meet it.
    if to is PaymentState.PAID and order.paid_at is None and not order.is_comp:
        order.paid_at = now()
    if isinstance(to, OrderState):
        order.cancelled_at = now() if to is OrderState.CANCELLED else None


_LOCK = (
    select(Order)
    .where(Order.id == bindparam("id"))
    .options(selectinload(Order.lines))
    .with_for_update()
    .execution_options(populate_existing=True)
)
