"""Sending parcels: which pieces, by whom, when they arrived, and what that means for the order."""

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving as orders
from storefront.orders.states import FulfilmentState, OrderState, PaymentState
from storefront.parcels import counting, moving
from storefront.parcels.models import Shipment, ShipmentLine
from storefront.parcels.states import ShipmentState

_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
_NOT_ALL_SENT = (FulfilmentState.UNFULFILLED, FulfilmentState.PARTLY)


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a parcel can be followed: a carrier's code, its number, or a link; each may be empty."""

    carrier: str = ""
    number: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class ParcelWish:
    """What goes into a parcel: pieces by line. ``key`` names the page on which it was asked for."""

    key: str
    pieces: dict[int, int]
    tracking: Tracking = field(default_factory=Tracking)


class NotToSend(Refused):
    """Nothing of this order is to be sent now."""

    sentence = N_("Only a paid order with something to ship can be marked as sent.")


class NotSoMany(Refused):
    """More than is still to be sent: perhaps another window was faster."""

    sentence = N_("There are not so many pieces of %(title)s left to send.")


class NothingChosen(Refused):
    """The parcel would be empty."""

    status = 422
    sentence = N_("Please choose what is in the parcel.")


def may_send(order: Order) -> bool:
    """Whether goods of this order may leave the house now."""
    return (
        order.state is OrderState.OPEN
        and order.payment_state in _HAVE_PAID
        and any(line.requires_shipping for line in order.lines)
    )


def send(order_id: int, wish: ParcelWish) -> Shipment:
    """Note in the current unit that a parcel has left (or lies ready) and tell the buyer; the same page again is quiet.

    Raises:
        NotToSend, NothingChosen, NotSoMany: nothing was written.
    """
    order = orders.lock(order_id)
    known = db.session().scalar(select(Shipment).where(Shipment.page_key == wish.key))
    if known is not None:
        return known
    if not may_send(order):
        raise NotToSend
    shipment = _pack(order, wish)
    reach("parcels.counted")
    db.session().add(shipment)
    db.session().flush()
    journal(order.topic, "shipment.sent", number=shipment.number, quantity=sum(wish.pieces.values()))
    follow(order)
    kind = "pickup_ready" if shipment.is_pickup else "parcel_sent"
    _tell(kind, order, shipment, f"{kind}:{shipment.public_id}")
    return shipment


def send_rest(order_id: int, key: str, tracking: Tracking) -> Shipment:
    """Note in the current unit that everything that was left of an order has left; see ``send``."""
    return send(order_id, ParcelWish(key, all_that_is_left(orders.lock(order_id)), tracking))


def all_that_is_left(order: Order) -> dict[int, int]:
    """Return the pieces by line that are still to be sent."""
    counts = counting.count_lines(order)
    return {line_id: left for line_id, count in counts.items() if (left := counting.to_send(count)) > 0}


def correct_tracking(public_id: str, tracking: Tracking) -> bool:
    """Set how a parcel can be followed, and tell the buyer when that changed; return whether it did."""
    order, shipment = moving.lock(Shipment, public_id)
    before = (shipment.carrier, shipment.tracking_number, shipment.tracking_url)
    after = (tracking.carrier, tracking.number, tracking.link)
    if before == after:
        return False
    if shipment.state is not ShipmentState.SENT:
        raise moving.IllegalStep
    shipment.carrier, shipment.tracking_number, shipment.tracking_url = after
    db.session().flush()
    journal(order.topic, "shipment.tracking", number=shipment.number, before=before[1], after=after[1])
    if not shipment.is_pickup:
        _tell("parcel_tracking", order, shipment, f"parcel_tracking:{shipment.public_id}:{now().isoformat()}")
    return True


def note_delivery(public_id: str, *, by_itself: bool = False) -> bool:
    """Note that a parcel arrived, or was picked up; ``by_itself`` because so many days have passed. Quiet if known."""
    order, shipment = moving.lock(Shipment, public_id)
    why = {"reason": N_("nobody said otherwise for so many days")} if by_itself else {}
    if not moving.move(shipment, ShipmentState.DELIVERED, **why):
        return False
    follow(order)
    if not by_itself and not shipment.is_pickup:
        _tell("parcel_delivered", order, shipment, f"parcel_delivered:{shipment.public_id}")
    return True


def call_off(public_id: str) -> bool:
    """Take back that a parcel has left: it was noted by mistake. Its pieces are to be sent again. Quiet if known.

    Raises:
        IllegalStep: it has arrived.
    """
    order, shipment = moving.lock(Shipment, public_id)
    if not moving.move(shipment, ShipmentState.CANCELLED):
        return False
    lines = {line.id: line for line in order.lines}
    for each in shipment.lines:
        if not counting.add(lines[each.order_line_id], sent=-each.quantity):
            raise moving.IllegalStep
    follow(order)
    return True


def keep_back(order: Order, pieces: dict[int, int]) -> None:
    """Count pieces whose money goes back and that were not sent yet: they stay here. The order must be locked."""
    counts, is_changed = counting.count_lines(order), False
    for line in order.lines:
        wanted = min(pieces.get(line.id, 0), counting.to_send(counts[line.id])) if line.id in counts else 0
        if wanted > 0 and counting.add(line, kept_back=wanted):
            journal(order.topic, "shipment.kept_back", title=line.title, quantity=wanted)
            is_changed = True
    if is_changed:
        follow(order)


def follow(order: Order) -> None:
    """Let the order's delivery follow from its parcels. The order must be locked; harmless when repeated."""
    reached = _reached(order)
    if (
        reached in (FulfilmentState.DELIVERED, FulfilmentState.RETURNED)
        and order.fulfilment_state in _NOT_ALL_SENT
    ):
        orders.move(order, FulfilmentState.FULFILLED)
    if reached is not None and reached is not order.fulfilment_state:
        orders.move(order, reached)
    orders.follow_goods_and_money(order)


def shipments_of(order_id: int) -> list[Shipment]:
    """Return the parcels of an order with what is in them, first one first (2 queries)."""
    statement = select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.number)
    return list(db.session().scalars(statement.options(selectinload(Shipment.lines))))


def overdue(days: int, most: int = 200) -> list[str]:
    """Return public ids of parcels that left more than so many days ago and count as delivered now."""
    statement = (
        select(Shipment.public_id)
        .where(
            Shipment.state == ShipmentState.SENT,
            Shipment.is_pickup.is_(False),
            Shipment.sent_at <= now() - timedelta(days=days),
        )
        .order_by(Shipment.sent_at, Shipment.id)
    )
    return list(db.session().scalars(statement.limit(most)))


def _pack(order: Order, wish: ParcelWish) -> Shipment:
    """Count the pieces, each line guarded, so that two parcels can't hold the same last piece."""
    pieces = {line_id: number for line_id, number in wish.pieces.items() if number}
    if not pieces:
        raise NothingChosen
    lines = {line.id: line for line in order.lines if line.requires_shipping}
    for line_id, number in sorted(pieces.items()):
        line = lines.get(line_id)
        if line is None or number < 0 or not counting.add(line, sent=number):
            raise NotSoMany(title=line.title if line else "")
    latest = select(func.coalesce(func.max(Shipment.number), 0)).where(Shipment.order_id == order.id)
    return Shipment(
        order_id=order.id,
        number=int(db.session().scalar(latest) or 0) + 1,
        page_key=wish.key,
        is_pickup=order.is_picked_up,
        carrier=wish.tracking.carrier,
        tracking_number=wish.tracking.number,
        tracking_url=wish.tracking.link,
        lines=[
            ShipmentLine(order_line_id=line_id, quantity=number) for line_id, number in sorted(pieces.items())
        ],
    )


def _reached(order: Order) -> FulfilmentState | None:
    """Return how far the goods are, None for an order without parcels; digital things are handed over at once."""
    counts = counting.count_lines(order)
    if not counts or order.fulfilment_state is FulfilmentState.RETURNED:
        return None
    sent = sum(count.sent for count in counts.values())
    has_digital = len(counts) < len(order.lines)
    if any(counting.to_send(count) for count in counts.values()):
        is_begun = sent or (has_digital and order.fulfilment_state is not FulfilmentState.UNFULFILLED)
        return FulfilmentState.PARTLY if is_begun else FulfilmentState.UNFULFILLED
    if not sent:
        # All of it stays here, because its money went back.
        return FulfilmentState.FULFILLED if has_digital else None
    if not has_digital and sent == sum(count.came_back for count in counts.values()):
        return FulfilmentState.RETURNED
    if order.fulfilment_state is FulfilmentState.DELIVERED or _has_all_arrived(order.id):
        return FulfilmentState.DELIVERED
    return FulfilmentState.FULFILLED


def _has_all_arrived(order_id: int) -> bool:
    on_the_way = select(Shipment.id).where(
        Shipment.order_id == order_id, Shipment.state == ShipmentState.SENT
    )
    return db.session().scalar(on_the_way.limit(1)) is None


def _tell(kind: str, order: Order, shipment: Shipment, unique_key: str) -> None:
    tell(
        kind,
        order.email,
        order.language,
        unique_key=unique_key,
        topic=order.topic,
        order_id=order.id,
        shipment_id=shipment.id,
    )
