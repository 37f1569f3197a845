"""Going through all products again and again, a little at a time, and writing down what has changed.

Each batch is one unit, in which the position of the walk rises too: whoever is killed in the middle loses nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from storefront.catalog.models import Product, ProductRelated, RelatedWalk
from storefront.catalog.stamp import raise_stamp, read_stamp
from storefront.catalog.states import Kinship
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.related import finding

_AT_ONCE = 100
# Between two units others get their turn to write.
_PEACE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Route:
    """How one kind is found: which products come next, what belongs beside them, how long to rest after the end."""

    kind: Kinship
    follows_catalogue: bool
    rest: timedelta
    next_ids: Callable[[int, int], list[int]]
    make_finder: Callable[[], Callable[[list[int]], dict[int, list[int]]]]


ALIKE = Route(
    Kinship.ALIKE,
    follows_catalogue=True,
    rest=timedelta(minutes=5),
    next_ids=finding.next_products,
    make_finder=lambda: finding.Alike().find,
)
BOUGHT = Route(
    Kinship.BOUGHT,
    follows_catalogue=False,
    rest=timedelta(hours=1),
    next_ids=finding.next_sold,
    make_finder=lambda: finding.find_bought_with,
)


def walk(route: Route, seconds: float | None = None) -> int:
    """Go on for about so many seconds, or to the end; return how many products have something else beside them now."""
    if _is_resting(route):
        return 0
    end = time.monotonic() + seconds if seconds is not None else None
    find = route.make_finder()
    changed = 0
    while True:
        position = _begin(route)
        product_ids = route.next_ids(position, _AT_ONCE)
        if not product_ids:
            _finish(route)
            return changed
        changed += _write(route.kind, product_ids, find(product_ids), position)
        db.close_reader()
        if end is not None and time.monotonic() >= end:
            return changed
        time.sleep(_PEACE_SECONDS)


def _is_resting(route: Route) -> bool:
    """The last walk ended a moment ago, or of the same catalogue."""
    row = db.session().get(RelatedWalk, route.kind)
    if row is None or row.finished_at is None:
        return False
    is_same = route.follows_catalogue and row.stamp == read_stamp()
    return is_same or row.finished_at + route.rest > now()


def _begin(route: Route) -> int:
    """Return where the walk stands; a new one notes of which catalogue it is."""
    row = db.session().get(RelatedWalk, route.kind)
    if row is not None and row.finished_at is None:
        return row.product_id
    with db.unit_of_work() as session:
        stamp = read_stamp()
        session.merge(RelatedWalk(kind=route.kind, product_id=0, stamp=stamp, finished_at=None))
    return 0


def _finish(route: Route) -> None:
    with db.unit_of_work() as session:
        row = session.get(RelatedWalk, route.kind)
        if row is not None:
            row.product_id, row.finished_at = 0, now()


def _write(kind: Kinship, product_ids: list[int], found: dict[int, list[int]], position: int) -> int:
    """Replace what differs. A batch that another worker has written meanwhile is left alone."""
    with db.unit_of_work() as session:
        row = session.get(RelatedWalk, kind, with_for_update=True)
        if row is None or row.product_id != position or row.finished_at is not None:
            return 0
        row.product_id = product_ids[-1]
        before = _present(kind, product_ids)
        there = _still_there(found)
        changed = {
            product_id: wanted
            for product_id in product_ids
            if (wanted := [one for one in found.get(product_id, []) if {one, product_id} <= there])
            != before.get(product_id, [])
        }
        if not changed:
            return 0
        session.execute(
            delete(ProductRelated).where(
                ProductRelated.kind == kind, ProductRelated.product_id.in_(list(changed))
            )
        )
        rows = [
            {"product_id": product_id, "kind": kind, "rank": rank, "other_id": other_id}
            for product_id, others in changed.items()
            for rank, other_id in enumerate(others)
        ]
        if rows:
            session.execute(insert(ProductRelated), rows)
        raise_stamp()
        return len(changed)


def _present(kind: Kinship, product_ids: list[int]) -> dict[int, list[int]]:
    statement = (
        select(ProductRelated.product_id, ProductRelated.other_id)
        .where(ProductRelated.product_id.in_(product_ids), ProductRelated.kind == kind)
        .order_by(ProductRelated.product_id, ProductRelated.rank)
    )
    before: dict[int, list[int]] = {}
    for product_id, other_id in db.session().execute(statement):
        before.setdefault(product_id, []).append(other_id)
    return before


def _still_there(found: dict[int, list[int]]) -> set[int]:
    """A draft may have been deleted since it was found."""
    ids = {*found, *(other_id for others in found.values() for other_id in others)}
    return set(db.session().scalars(select(Product.id).where(Product.id.in_(ids))))
