"""Reading orders, for their buyers and for the owner."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, union_all
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.clock import datetime, from_timestamp, timedelta
from storefront.orders.models import Order, OrderLine, StockReservation
from storefront.orders.states import FulfilmentState, OrderState, PaymentState, ReservationState

PAGE_SIZE = 30
# Parts of addresses and titles are looked for in so many of the newest orders, since no index helps to find them.
MOST_SEARCHED = 10_000


@dataclass(slots=True)
class OrderPage:
    """A piece of a list of orders, and where the next one begins."""

    orders: list[Order]
    next_before: str | None


def find_by_key(checkout_key: str) -> Order | None:
    """Return the order that the page with this key has made."""
    return db.session().scalar(_BY_KEY, {"key": checkout_key})


def checkout_key_of(order_id: int) -> str:
    """Return the key of the page that made the order."""
    return db.session().scalars(select(Order.checkout_key).where(Order.id == order_id)).one()


def find_by_public_id(public_id: str) -> Order | None:
    """Return the order with that unguessable address."""
    return db.session().scalar(_with_lines().where(Order.public_id == public_id))


def get_order(order_id: int) -> Order:
    """Return the order with its lines."""
    return db.session().scalars(_with_lines().where(Order.id == order_id)).one()


def held_units(checkout_key: str) -> dict[int, int]:
    """Return how many units of each variant the unpaid order with this key holds (1 query)."""
    statement = (
        select(StockReservation.variant_id, StockReservation.quantity)
        .join(OrderLine, OrderLine.id == StockReservation.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.checkout_key == checkout_key, StockReservation.state == ReservationState.HELD)
    )
    return {row.variant_id: row.quantity for row in db.session().execute(statement)}


def orders_of_account(account_id: int, limit: int = 100) -> list[Order]:
    """Return the account's orders that are more than a started checkout, newest first."""
    statement = _with_lines().where(Order.account_id == account_id, _is_real())
    return list(
        db.session().scalars(statement.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit))
    )


def orders_of_email(email: str, limit: int = 100) -> list[Order]:
    """Return what was bought with that address, newest first."""
    statement = _with_lines().where(Order.email == email, _is_real())
    return list(
        db.session().scalars(statement.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit))
    )


def list_orders(
    *,
    words: str = "",
    state: OrderState | None = None,
    payment_state: PaymentState | None = None,
    only_attention: bool = False,
    before: str | None = None,
    is_oldest_first: bool = False,
    size: int = PAGE_SIZE,
) -> OrderPage:
    """Return a page of orders for the owner (2 queries), newest first or oldest first.

    ``words`` finds a number or a whole e-mail address, and among the newest ``MOST_SEARCHED`` a part of an address or
    of a title. ``before`` is where a page ended.
    """
    order = (Order.placed_at, Order.id) if is_oldest_first else (Order.placed_at.desc(), Order.id.desc())
    statement = _with_lines().order_by(*order).limit(size + 1)
    if words:
        statement = statement.where(matches(words.strip()))
    if state is not None:
        statement = statement.where(Order.state == state)
    if payment_state is not None:
        statement = statement.where(Order.payment_state == payment_state)
    if only_attention:
        statement = statement.where(Order.attention.is_not(None))
    position = _position(before)
    if position is not None:
        statement = statement.where(*_further(*position, is_oldest_first=is_oldest_first))
    orders = list(db.session().scalars(statement))
    return OrderPage(orders[:size], _mark(orders[size - 1]) if len(orders) > size else None)


def count_attention() -> int:
    """Return how many orders wait for the owner."""
    return (
        db.session().scalar(select(func.count()).select_from(Order).where(Order.attention.is_not(None))) or 0
    )


def has_orders() -> bool:
    """Whether anything was ever ordered."""
    return db.session().scalar(select(Order.id).limit(1)) is not None


def status_word(order: Order) -> str:
    """Return the one word that the customer is shown; a key for translation in the templates."""
    if order.payment_state in (PaymentState.REFUNDED, PaymentState.DISPUTED):
        return order.payment_state.value
    if order.held_at is not None:
        return "checking"
    if order.state is OrderState.CANCELLED:
        return "cancelled"
    if order.payment_state is PaymentState.PROCESSING:
        return "processing"
    if order.payment_state is PaymentState.UNPAID:
        return "pending"
    if order.fulfilment_state in (FulfilmentState.DELIVERED, FulfilmentState.RETURNED):
        return order.fulfilment_state.value
    if order.fulfilment_state is FulfilmentState.FULFILLED and any(
        line.requires_shipping for line in order.lines
    ):
        return "shipped"
    if order.state is OrderState.COMPLETED:
        return "completed"
    return "confirmed"


def _with_lines() -> Select[Order]:
    return select(Order).options(selectinload(Order.lines))


def _is_real() -> ColumnElement[bool]:
    """Leave out checkouts that were begun and never paid."""
    return or_(
        Order.state.in_((OrderState.OPEN, OrderState.COMPLETED)), Order.payment_state != PaymentState.UNPAID
    )


def matches(words: str) -> ColumnElement[bool]:
    """Return the condition of orders that are found by these words, as ``list_orders`` says."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    first = select(func.max(Order.id) - MOST_SEARCHED).scalar_subquery()
    found = union_all(
        select(Order.id).where(Order.number == words.upper()),
        select(Order.id).where(Order.email == words.lower()),
        select(Order.id).where(Order.id > first, Order.email.ilike(pattern, escape="\\")),
        select(OrderLine.order_id).where(
            OrderLine.order_id > first, OrderLine.title.ilike(pattern, escape="\\")
        ),
    )
    return Order.id.in_(found)


def _further(at: datetime, order_id: int, *, is_oldest_first: bool) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that goes on after that order; said twice, so that the index on the time is used."""
    if is_oldest_first:
        return Order.placed_at >= at, or_(Order.placed_at > at, Order.id > order_id)
    return Order.placed_at <= at, or_(Order.placed_at < at, Order.id < order_id)


def _mark(order: Order) -> str:
    return f"{int(order.placed_at.timestamp() * 1_000_000)}-{order.id}"


def _position(before: str | None) -> tuple[datetime, int] | None:
    micro, _, order_id = (before or "").partition("-")
    if not (micro.isascii() and micro.isdigit() and order_id.isascii() and order_id.isdigit()):
        return None
    if len(micro) > 17 or len(order_id) > 18:
        return None
    seconds, rest = divmod(int(micro), 1_000_000)
    return from_timestamp(seconds) + timedelta(microseconds=rest), int(order_id)


_BY_KEY = _with_lines().where(Order.checkout_key == bindparam("key"))
