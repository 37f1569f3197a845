"""Reading parcels and returns, for an order's page and for the owner's lists."""

from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import FulfilmentState, OrderState, PaymentState
from storefront.parcels import counting, returning, sending
from storefront.parcels.carriers import carrier_name, tracking_link
from storefront.parcels.models import LineCount, ReturnRequest, Shipment
from storefront.parcels.states import ReturnState, ShipmentState

PAGE_SIZE = 30
_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
_NOT_ALL_SENT = (FulfilmentState.UNFULFILLED, FulfilmentState.PARTLY)
# Returns that are not over.
OPEN_RETURNS = (ReturnState.REQUESTED, ReturnState.APPROVED, ReturnState.RECEIVED)


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel as pages and mails show it: what is in it, and where one sees how far it is."""

    shipment: Shipment
    things: tuple[tuple[OrderLine, int], ...]
    carrier: str
    link: str | None


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return as pages and mails show it."""

    request: ReturnRequest
    things: tuple[tuple[OrderLine, int], ...]


@dataclass(frozen=True, slots=True)
class OrderParcels:
    """All that was sent of an order, is still to be sent, and comes back."""

    parcels: tuple[ParcelView, ...]
    to_send: tuple[tuple[OrderLine, int], ...]
    returns: tuple[ReturnView, ...]
    returnable: dict[int, int]
    may_send: bool


def parcels_of(order: Order) -> OrderParcels | None:
    """Return what an order with its lines sends (8 queries); None for one without anything to send (no query)."""
    physical = [line for line in order.lines if line.requires_shipping]
    if not physical:
        return None
    counts = counting.count_lines(order)
    shipments = sending.shipments_of(order.id)
    return OrderParcels(
        parcels=tuple(view_of(order, shipment) for shipment in shipments),
        to_send=tuple((line, left) for line in physical if (left := counting.to_send(counts[line.id])) > 0),
        returns=tuple(return_view_of(order, found) for found in returning.returns_of(order.id)),
        returnable=returning.returnable(order) if shipments else {},
        may_send=sending.may_send(order),
    )


def view_of(order: Order, shipment: Shipment) -> ParcelView:
    """Return a parcel whose lines are loaded as it is shown."""
    lines = {line.id: line for line in order.lines}
    return ParcelView(
        shipment,
        tuple((lines[each.order_line_id], each.quantity) for each in shipment.lines),
        carrier_name(shipment.carrier),
        tracking_link(shipment.carrier, shipment.tracking_number, shipment.tracking_url),
    )


def return_view_of(order: Order, found: ReturnRequest) -> ReturnView:
    """Return a return whose lines are loaded as it is shown."""
    lines = {line.id: line for line in order.lines}
    return ReturnView(found, tuple((lines[each.order_line_id], each.quantity) for each in found.lines))


@dataclass(frozen=True, slots=True)
class ToShip:
    """An order that waits for its parcel, with the pieces that are still to be sent."""

    order: Order
    things: tuple[tuple[OrderLine, int], ...]


def orders_to_ship(after_id: int = 0, size: int = PAGE_SIZE) -> tuple[list[ToShip], int | None]:
    """Return paid orders with something to send, oldest first (3 queries), and the id after which the list goes on."""
    statement = _waiting(after_id).limit(size + 1).options(selectinload(Order.lines))
    found = list(db.session().scalars(statement))
    return _things_of(found[:size]), found[size - 1].id if len(found) > size else None


def get_to_ship(numbers: list[str]) -> list[ToShip]:
    """Return orders by their numbers with what is still to be sent of each, oldest first (3 queries)."""
    statement = select(Order).where(Order.number.in_(numbers)).order_by(Order.id)
    return _things_of(list(db.session().scalars(statement.options(selectinload(Order.lines)))))


def count_to_ship() -> int:
    """Return how many orders wait for their parcel, up to 99 (1 query)."""
    return len(list(db.session().scalars(_waiting(0).with_only_columns(Order.id).limit(99))))


def shipments_on_the_way(
    after_id: int = 0, size: int = PAGE_SIZE
) -> tuple[list[tuple[Shipment, Order]], int | None]:
    """Return parcels that have not arrived, oldest first, with their orders."""
    statement = (
        select(Shipment, Order)
        .join(Order, Order.id == Shipment.order_id)
        .where(Shipment.state == ShipmentState.SENT, Shipment.id > after_id)
        .order_by(Shipment.id)
        .limit(size + 1)
    )
    found = [(row[0], row[1]) for row in db.session().execute(statement)]
    return found[:size], found[size - 1][0].id if len(found) > size else None


def list_returns(
    *, only_open: bool, after_id: int = 0, size: int = PAGE_SIZE
) -> tuple[list[tuple[ReturnRequest, Order]], int | None]:
    """Return returns, oldest first, with their orders; those that wait for something, or all that are over."""
    is_open = ReturnRequest.state.in_(OPEN_RETURNS)
    statement = (
        select(ReturnRequest, Order)
        .join(Order, Order.id == ReturnRequest.order_id)
        .where(is_open if only_open else ~is_open, ReturnRequest.id > after_id)
        .order_by(ReturnRequest.id)
        .limit(size + 1)
        .options(selectinload(ReturnRequest.lines))
    )
    found = [(row[0], row[1]) for row in db.session().execute(statement)]
    return found[:size], found[size - 1][0].id if len(found) > size else None


def get_shipment(public_id: str) -> Shipment:
    """Return a parcel with what is in it.

    Raises:
        NotFound: there is none.
    """
    found = db.get_or_404(Shipment, Shipment.public_id == public_id)
    statement = select(Shipment).where(Shipment.id == found.id).options(selectinload(Shipment.lines))
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()


def _things_of(orders: list[Order]) -> list[ToShip]:
    lines = [line for order in orders for line in order.lines if line.requires_shipping]
    statement = select(LineCount).where(LineCount.order_line_id.in_([line.id for line in lines]))
    counts = {count.order_line_id: count for count in db.session().scalars(statement)}
    left = {
        line.id: counting.to_send(counts[line.id]) if line.id in counts else line.quantity for line in lines
    }
    return [
        ToShip(order, tuple((line, left[line.id]) for line in order.lines if left.get(line.id, 0) > 0))
        for order in orders
    ]


def _waiting(after_id: int) -> Select[Order]:
    is_unsent = (
        select(OrderLine.id)
        .outerjoin(LineCount, LineCount.order_line_id == OrderLine.id)
        .where(
            OrderLine.order_id == Order.id,
            OrderLine.requires_shipping,
            OrderLine.quantity > func.coalesce(LineCount.sent + LineCount.kept_back, 0),
        )
    )
    return (
        select(Order)
        .where(
            Order.state == OrderState.OPEN,
            Order.payment_state.in_(_HAVE_PAID),
            Order.fulfilment_state.in_(_NOT_ALL_SENT),
            Order.id > after_id,
            exists(is_unsent),
        )
        .order_by(Order.id)
    )
