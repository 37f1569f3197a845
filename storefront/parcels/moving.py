"""The one door through which parcels and returns change state: lock, look again, check the table, write, journal.

Everybody locks the order first, so that two windows of one order take turns.
"""

from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.orders.service import moving as orders
from storefront.parcels.models import ReturnRequest, Shipment
from storefront.parcels.states import ReturnState, ShipmentState, may_move

T = TypeVar("T", Shipment, ReturnRequest)

_TIMES: dict[StrEnum, str] = {
    ShipmentState.DELIVERED: "delivered_at",
    ReturnState.APPROVED: "decided_at",
    ReturnState.REFUSED: "decided_at",
    ReturnState.RECEIVED: "received_at",
    ReturnState.CLOSED: "closed_at",
}
_KINDS: dict[type[Shipment] | type[ReturnRequest], str] = {Shipment: "shipment", ReturnRequest: "return"}


class IllegalStep(Refused):
    """The table of states does not allow this step: somebody was faster, or the page is old."""

    sentence = N_("This has changed meanwhile. Please look at it again.")


def lock(kind: type[T], public_id: str) -> tuple[Order, T]:
    """Return a parcel or a return with its lines, and its order, held until the end of the unit.

    Raises:
        NotFound: there is none.
    """
    order_id = db.session().scalar(select(kind.order_id).where(kind.public_id == public_id))
    if order_id is None:
        raise NotFound
    order = orders.lock(order_id)
    statement = (
        select(kind).where(kind.public_id == public_id).options(selectinload(kind.lines)).with_for_update()
    )
    return order, db.session().scalars(statement.execution_options(populate_existing=True)).one()


def move(thing: Shipment | ReturnRequest, to: StrEnum, **why: Any) -> bool:
    """Take one step of a locked parcel or return; False when it is there already.

    Raises:
        IllegalStep: the table does not allow the step.
    """
    before: StrEnum = thing.state
    if before is to:
        return False
    if not may_move(before, to):
        raise IllegalStep
    setattr(thing, "state", to)  # noqa: B010 - each of the two has states of its own
    if to in _TIMES:
        setattr(thing, _TIMES[to], now())
    journal(f"order:{thing.order_id}", f"{_KINDS[type(thing)]}.{to}", number=thing.number, **why)
    db.session().flush()
    return True
