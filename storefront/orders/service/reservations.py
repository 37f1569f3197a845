"""What becomes of the stock that an order holds."""

from sqlalchemy import select, update

from storefront.catalog import stock
from storefront.catalog.models import Variant
from storefront.core import db
from storefront.core.clock import datetime
from storefront.journal.service import write as journal
from storefront.orders.models import Order, OrderLine, StockReservation
from storefront.orders.states import ReservationState


def release(order: Order) -> None:
    """Give back what the order holds; harmless when repeated."""
    held = _held(order)
    stock.hold_still([reservation.variant_id for reservation in held])
    for reservation in held:
        if _end(reservation, ReservationState.RELEASED):
            stock.release(reservation.variant_id, reservation.quantity)


def sell(order: Order) -> bool:
    """Turn what the order holds into sold units; False when its stock was given back and is gone meanwhile.

    Either everything is sold or nothing.
    """
    held = _held(order)
    waiting = {reservation.order_line_id for reservation in held}
    missing = [line for line in order.lines if line.id not in waiting and not _is_sold(line)]
    stock.hold_still([line.variant_id for line in order.lines])
    if not all(_has_enough(line) for line in missing):
        return False
    for reservation in held:
        if _end(reservation, ReservationState.SOLD):
            stock.sell_reserved(reservation.variant_id, reservation.quantity)
    for line in sorted(missing, key=lambda line: line.variant_id):
        _sell_late(line)
    return True


def take_back(line: OrderLine, pieces: int) -> bool:
    """Put so many sold pieces of a line back onto the shelf; False when there are not so many that were sold.

    One guarded statement decides, so that two windows can't bring back the same piece.
    """
    returned = db.session().execute(
        update(StockReservation)
        .where(
            StockReservation.order_line_id == line.id,
            StockReservation.state == ReservationState.SOLD,
            StockReservation.returned + pieces <= StockReservation.quantity,
        )
        .values(returned=StockReservation.returned + pieces)
        .execution_options(synchronize_session=False)
    )
    if not returned.rowcount:  # type: ignore[attr-defined]  # CursorResult
        return False
    stock.take_back(line.variant_id, pieces)
    journal(f"order:{line.order_id}", "stock.returned", title=line.title, quantity=pieces)
    return True


def returnable(order_id: int) -> dict[int, int]:
    """Return for each line how many of its pieces are sold and not back on the shelf."""
    statement = (
        select(StockReservation.order_line_id, StockReservation.quantity - StockReservation.returned)
        .join(OrderLine, OrderLine.id == StockReservation.order_line_id)
        .where(OrderLine.order_id == order_id, StockReservation.state == ReservationState.SOLD)
    )
    return {row[0]: int(row[1]) for row in db.session().execute(statement)}


def hold_until(order: Order, until: datetime) -> None:
    """Hold the stock longer, because the money is on its way."""
    db.session().execute(
        update(StockReservation)
        .where(
            StockReservation.order_line_id.in_(_line_ids(order)),
            StockReservation.state == ReservationState.HELD,
        )
        .values(expires_at=until)
    )


def forget_released(order: Order) -> None:
    """Make room for reserving again: a line has at most one reservation."""
    for reservation in _of(order, ReservationState.RELEASED):
        db.session().delete(reservation)
    db.session().flush()


def _held(order: Order) -> list[StockReservation]:
    return _of(order, ReservationState.HELD)


def _of(order: Order, state: ReservationState) -> list[StockReservation]:
    statement = (
        select(StockReservation)
        .where(StockReservation.order_line_id.in_(_line_ids(order)), StockReservation.state == state)
        .order_by(StockReservation.variant_id, StockReservation.id)
    )
    return list(db.session().scalars(statement))


def _end(reservation: StockReservation, state: ReservationState) -> bool:
    """The conditional update lets one process decide, also when a sweep and a webhook meet."""
    ended = db.session().execute(
        update(StockReservation)
        .where(StockReservation.id == reservation.id, StockReservation.state == ReservationState.HELD)
        .values(state=state)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]  # CursorResult


def _line_ids(order: Order) -> list[int]:
    return [line.id for line in order.lines]


def _is_sold(line: OrderLine) -> bool:
    return (
        db.session().scalar(
            select(StockReservation.id).where(
                StockReservation.order_line_id == line.id, StockReservation.state == ReservationState.SOLD
            )
        )
        is not None
    )


def _has_enough(line: OrderLine) -> bool:
    left = db.session().scalar(select(Variant.stock).where(Variant.id == line.variant_id))
    return left is None or left >= line.quantity


def _sell_late(line: OrderLine) -> None:
    if not stock.sell_directly(line.variant_id, line.quantity):
        raise stock.SoldOut(title=line.title)
    db.session().execute(
        update(StockReservation)
        .where(StockReservation.order_line_id == line.id)
        .values(state=ReservationState.SOLD)
    )
