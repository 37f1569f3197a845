"""The places of what was bought several times: which are the buyer's own, and which were given away."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from storefront.core import db
from storefront.fulfilment.models import Entitlement


def taken_positions(parent_id: int) -> set[int]:
    """Return the places that are with seats now."""
    statement = select(Entitlement.seat_position).where(
        Entitlement.parent_id == parent_id, Entitlement.taken_back_at.is_(None)
    )
    return {position for position in db.session().scalars(statement) if position is not None}


def own_positions(entitlement: Entitlement) -> list[int]:
    """Return the places of an entitlement that nobody else has, from 0; a seat has one."""
    if entitlement.parent_id is not None:
        return list(range(entitlement.quantity))
    taken = taken_positions(entitlement.id)
    return [position for position in range(entitlement.quantity) if position not in taken]


def given_places(parent_ids: Iterable[int]) -> dict[int, int]:
    """Return how many places of each purchase are with seats now, where there are any (1 query)."""
    statement = (
        select(Entitlement.parent_id, func.count())
        .where(Entitlement.parent_id.in_(list(parent_ids)), Entitlement.taken_back_at.is_(None))
        .group_by(Entitlement.parent_id)
    )
    return {parent_id: number for parent_id, number in db.session().execute(statement) if parent_id}


def own_places() -> ColumnElement[int]:
    """Return, as an expression for queries of entitlements, how many places are their buyer's own."""
    seat = aliased(Entitlement)
    given = (
        select(func.count())
        .where(seat.parent_id == Entitlement.id, seat.taken_back_at.is_(None))
        .correlate(Entitlement)
        .scalar_subquery()
    )
    return Entitlement.quantity - given
