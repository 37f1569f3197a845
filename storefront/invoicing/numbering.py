"""Numbers without gaps: the counter's row is locked by the same transaction that writes the document.

Whoever takes a number holds the series until the commit; a rollback gives the number back before anybody else sees it.
Numbers are taken last in a unit, so that the row is held for a moment only.
"""

from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import now
from storefront.invoicing.models import InvoiceSeries

_TABLE = cast(Table, InvoiceSeries.__table__)
_INSERT: dict[str, Any] = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(index_elements=["prefix", "year"]),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(index_elements=["prefix", "year"]),
}
_TAKE = (
    update(_TABLE)
    .where(_TABLE.c.prefix == bindparam("of_prefix"), _TABLE.c.year == bindparam("of_year"))
    .values(last_number=_TABLE.c.last_number + 1)
    .returning(_TABLE.c.id, _TABLE.c.last_number)
)


class Number(NamedTuple):
    """A number that was taken: of which series, which one, and how it is written."""

    series_id: int
    sequence: int
    text: str


def take_number(prefix: str, *, has_year: bool) -> Number:
    """Return the next number of a series in the current unit, such as ``INV-2026-0001``; the series begins at 1."""
    year = now().year if has_year else 0
    dialect = db.engine().dialect.name
    db.execute(_INSERT[dialect], {"prefix": prefix, "year": year, "last_number": 0})
    series_id, sequence = db.execute(_TAKE, {"of_prefix": prefix, "of_year": year}).one()
    return Number(
        series_id, sequence, f"{prefix}{year}-{sequence:04d}" if year else f"{prefix}{sequence:05d}"
    )
