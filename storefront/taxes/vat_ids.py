"""VAT ids by their form: letters, length and check digits, as each country has set them."""

import re

from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat

_LONGEST = 20


def normalise(text: str, country: str) -> str | None:
    """Return the VAT id as it is written in books, with its country in front, or None when it can't be one.

    ``country`` is added when the id begins with none. Greece is written EL, as VAT ids do.
    """
    plain = re.sub(r"[\s.\-/]", "", text).upper()[:_LONGEST]
    mark = "EL" if country == "GR" else country
    for number in (plain, mark + plain):
        if number[:2] == mark and _is_valid(number):
            return number
    return None


def country_of(vat_id: str) -> str:
    """Return the ISO code of the country that gave out a VAT id."""
    return "GR" if vat_id.startswith("EL") else vat_id[:2]


def _is_valid(number: str) -> bool:
    if number.startswith("GB"):
        return bool(gb_vat.is_valid(number[2:]))
    return bool(eu_vat.is_valid(number))
