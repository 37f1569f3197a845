"""CSV files that a spreadsheet opens as they are meant: in UTF-8, with no cell that it would run as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.importing.defusing import defused

# Excel takes a file without it for one in the machine's own encoding.
BOM = "\ufeff"


def csv_file(
    columns: Sequence[str], batches: Iterable[Iterable[Sequence[str]]], *, bom: bool
) -> Iterator[bytes]:
    """Yield the file piece by piece: the names of the columns, then a piece for each batch of rows."""
    yield ((BOM if bom else "") + _lines([columns])).encode()
    for rows in batches:
        yield _lines(rows).encode()


def amount(minor: int | None, currency: str) -> str:
    """Return minor units as a decimal with the currency's own number of places: 1990 EUR is ``19.90``."""
    return "" if minor is None else Money(minor, currency).plain


def moment(at: datetime | None) -> str:
    """Return a moment in UTC to the second, as spreadsheets and programs read it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _cell(text: str) -> str:
    """A negative amount is a number, not a formula."""
    return text if text[:1] == "-" and text[1:].replace(".", "", 1).isdecimal() else defused(text)
