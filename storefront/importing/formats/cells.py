"""Reading the cells of one row: texts, amounts, numbers, yes and no, moments. What does not fit becomes a note."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from storefront.catalog.models.tag import LONGEST_TAG
from storefront.catalog.service.tags import MOST_TAGS, key_of
from storefront.core.clock import UTC, datetime
from storefront.core.errors import N_
from storefront.core.money import (
    InvalidAmount,
    Money,
    UnpayableAmount,
    exponent_of,
    known_currencies,
    parse_price,
    payable,
    payable_step,
)
from storefront.importing.records import ProductRecord, TagRecord

LONGEST_TEXT = 50_000
LONGEST_TITLE = 200
LONGEST_SUMMARY = 300
LONGEST_SKU = 64
LONGEST_VARIANT = 120
LONGEST_URL = 1000
# Stripe takes amounts of up to eight digits.
HIGHEST_AMOUNT = 99_999_999
HIGHEST_STOCK = 1_000_000
HIGHEST_WEIGHT = 10_000_000

_PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_WHOLE = re.compile(r"(-?[0-9]{1,12})(\.0*)?")
_YES = frozenset({"yes", "true", "1", "y", "是"})
_NO = frozenset({"no", "false", "0", "n", "否", ""})


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of the file: cells by the names of their columns, in small letters."""

    line: int
    cells: Mapping[str, str]


class Cells:
    """The cells of one row, read for one product, to which all that is wrong with them is said."""

    def __init__(self, row: SourceRow, record: ProductRecord) -> None:
        self._row = row
        self._record = record
        self.line = row.line

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self._row.cells

    def columns(self) -> Iterable[str]:
        """Return the names of all columns of the file."""
        return self._row.cells

    def raw(self, column: str) -> str:
        """Return the cell as it stands; empty when there is no such column."""
        return self._row.cells.get(column, "")

    def word(self, column: str) -> str:
        """Return the cell without spaces around it."""
        return self.raw(column).strip()

    def text(self, column: str, most: int, *, exact: bool = False) -> str:
        """Return a text of at most so many letters."""
        text = self.raw(column) if exact else self.word(column)
        if len(text) > most:
            self.refuse(column, N_("Please use at most %(max)d characters."), max=most)
            return ""
        return text

    def amount(self, column: str, currency: str) -> int | None:
        """Return the minor units of ``19.90`` or ``19,90``; None for an empty cell and for what is no amount."""
        text = self.word(column)
        if not text:
            return None
        try:
            amount = _minor_units(text, currency)
        except UnpayableAmount:
            self._refuse_unpayable(column, currency)
            return None
        except InvalidAmount:
            self.refuse(
                column, N_("“%(text)s” is no amount in %(currency)s."), text=text[:40], currency=currency
            )
            return None
        if amount > HIGHEST_AMOUNT:
            self.refuse(column, N_("This amount is too high."))
            return None
        return amount

    def prices(self, column: str) -> dict[str, int]:
        """Return prices in other currencies such as ``CNY 150.00; USD 21.00``, in minor units by currency."""
        found = {}
        for part in filter(None, (each.strip() for each in self.raw(column).split(";"))):
            currency, _, text = part.partition(" ")
            try:
                if currency not in known_currencies() or currency in found:
                    raise InvalidAmount(part)
                found[currency] = _minor_units(text.strip(), currency)
            except UnpayableAmount:
                self._refuse_unpayable(column, currency)
            except InvalidAmount:
                self.refuse(column, N_("“%(text)s” is no price such as USD 21.00."), text=part[:40])
        return found

    def whole(self, column: str, highest: int) -> int | None:
        """Return a whole number, which may be negative; None for an empty cell and for what is none."""
        text = self.word(column)
        if not text:
            return None
        match = _WHOLE.fullmatch(text)
        if match is None or int(match[1]) > highest:
            self.refuse(
                column,
                N_("“%(text)s” is no whole number up to %(highest)s."),
                text=text[:40],
                highest=highest,
            )
            return None
        return int(match[1])

    def scaled(self, column: str, factor: Decimal, highest: int) -> int | None:
        """Return a number times ``factor``, rounded, such as the grams of a weight in kilograms."""
        text = self.word(column).replace(",", ".")
        if not text:
            return None
        try:
            value = Decimal(text) * factor if _PLAIN_NUMBER.fullmatch(text) else Decimal("NaN")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value > highest:
            self.refuse(column, N_("“%(text)s” is no number that fits here."), text=text[:40])
            return None
        return int(value.to_integral_value())

    def yes(self, column: str) -> bool:
        """Return whether the cell says yes; empty is no."""
        word = self.word(column).casefold()
        if word not in _YES | _NO:
            self.refuse(column, N_("“%(text)s” is neither yes nor no."), text=word[:40])
        return word in _YES

    def moment(self, column: str) -> datetime | None:
        """Return a moment such as ``2026-11-20T08:00:00+00:00``; without zone it is UTC."""
        text = self.word(column)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(column, N_("“%(text)s” is no time such as 2026-11-20T08:00:00Z."), text=text[:40])
            return None

    def refuse(self, column: str, sentence: str, **values: object) -> None:
        """Say what is wrong with a cell of this row."""
        self._record.refuse(self.line, column, sentence, **values)

    def _refuse_unpayable(self, column: str, currency: str) -> None:
        step = Money(payable_step(currency), currency).plain
        self.refuse(column, N_("By card one pays in steps of %(step)s."), step=f"{currency} {step}")

    def warn(self, column: str, sentence: str, **values: object) -> None:
        """Say what the owner should know of a cell of this row."""
        self._record.warn(self.line, column, sentence, **values)


def known_tags(
    cells: Cells, column: str, named: Iterable[tuple[str, dict[str, dict[str, str]]]]
) -> list[TagRecord]:
    """Return the tags of a cell, each once; those that are too long or too many are left out, and that is said."""
    found: dict[str, TagRecord] = {}
    for name, translations in named:
        if len(name) > LONGEST_TAG:
            cells.warn(column, N_("A tag of more than %(most)s characters is left out."), most=LONGEST_TAG)
        elif name:
            found.setdefault(key_of(name), TagRecord(name, translations))
    if len(found) > MOST_TAGS:
        cells.warn(
            column, N_("A product can have up to %(most)s tags; the others are left out."), most=MOST_TAGS
        )
    return list(found.values())[:MOST_TAGS]


def _minor_units(text: str, currency: str) -> int:
    """Programs write a point and any number of decimals; people, and spreadsheets in Europe, write a comma."""
    if not _PLAIN_NUMBER.fullmatch(text):
        if len(text) > 30:
            raise InvalidAmount(text)
        return parse_price(text, currency)
    minor = Decimal(text).scaleb(exponent_of(currency))
    if minor != minor.to_integral_value():
        raise InvalidAmount(text)
    return payable(int(minor), currency)


def is_web_address(url: str) -> bool:
    """Whether a picture could be fetched from there; whether it may be is decided when it is."""
    return (
        len(url) <= LONGEST_URL
        and url.lower().startswith(("http://", "https://"))
        and not re.search(r"\s", url)
    )
