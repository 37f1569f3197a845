"""Counting the pieces of physical lines: each step is one guarded statement, and the database checks the sums."""

from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.orders.models import Order, OrderLine
from storefront.parcels.models import LineCount

_table = cast(Table, LineCount.__table__)


def count_lines(order: Order) -> dict[int, LineCount]:
    """Return the counts of the order's physical lines by line; those that nobody has touched are 0."""
    physical = [line for line in order.lines if line.requires_shipping]
    statement = select(LineCount).where(LineCount.order_line_id.in_([line.id for line in physical]))
    found = {
        each.order_line_id: each
        for each in db.session().scalars(statement.execution_options(populate_existing=True))
    }
    return {line.id: found.get(line.id) or _untouched(line) for line in physical}


def add(line: OrderLine, **pieces: int) -> bool:
    """Count so many more (or fewer) pieces of a line, such as ``sent=2``; False when there are not so many."""
    _begin(line)
    column = _table.c
    after = {name: column[name] + number for name, number in pieces.items()}
    values: dict[str, Any] = {
        name: after.get(name, column[name]) for name in ("sent", "kept_back", "asked_back", "came_back")
    }
    fits = (
        (values["sent"] >= 0)
        & (values["kept_back"] >= 0)
        & (values["sent"] + values["kept_back"] <= column.ordered)
        & (values["came_back"] >= 0)
        & (values["came_back"] <= values["asked_back"])
        & (values["asked_back"] <= values["sent"])
    )
    return bool(
        db.execute(update(_table).where(column.order_line_id == line.id, fits).values(**after)).rowcount
    )


def to_send(count: LineCount) -> int:
    """Return how many pieces are still to be sent."""
    return count.ordered - count.sent - count.kept_back


def _untouched(line: OrderLine) -> LineCount:
    return LineCount(
        order_line_id=line.id, ordered=line.quantity, sent=0, kept_back=0, asked_back=0, came_back=0
    )


def _begin(line: OrderLine) -> None:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"sent": 0, "kept_back": 0, "asked_back": 0, "came_back": 0}
    db.execute(
        insert(_table)
        .values(order_line_id=line.id, ordered=line.quantity, **row)
        .on_conflict_do_nothing(index_elements=["order_line_id"])
    )
