"""Kinds of files: each says what its columns mean, which rows belong together, and what product they make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from storefront.core.clock import datetime
from storefront.importing.formats.cells import SourceRow
from storefront.importing.records import ProductRecord
from storefront.importing.states import Source


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file does not say: the currency of the shop, and what time it is."""

    currency: str
    moment: datetime


class Format(Protocol):
    """A kind of file."""

    source: Source
    also_called: Mapping[str, str]
    """Columns that have another name today, and the one that notes use."""

    def meaning_of(self, column: str) -> str:
        """Return the word for what a column is used for; empty when it is not."""

    def recognises(self, columns: list[str]) -> bool:
        """Whether a file with these columns may be of this kind."""

    def unpack(self, cell: str) -> str:
        """Return a cell as it was before it was made safe for spreadsheets."""

    def names_of(self, row: SourceRow) -> list[str]:
        """Return how this row calls its product, the best name first; rows that share one belong together."""

    def sku_of(self, row: SourceRow) -> str:
        """Return the SKU of the variant in this row, if it has one."""

    def read(self, rows: list[SourceRow], around: Surroundings) -> ProductRecord:
        """Return the product that these rows make, with notes on all that is wrong."""


def plain_heading(cell: str) -> str:
    """Return a column's name as it is compared: small letters, single spaces."""
    return re.sub(r"\s+", " ", cell).strip().casefold()
