"""The plain values in which a sale's tax is told to the price calculation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

STANDARD = "standard"
# Rates are kept in hundredths of a percent: 1900 is 19 %.
WHOLE = 10_000


class Rate(NamedTuple):
    """A rate of tax, in hundredths of a percent, with the name that it has in its country."""

    hundredths: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class TaxRules:
    """How a sale is taxed: rates by tax class, and whether prices include the tax.

    ``is_reversed``: the buyer is a business that pays the tax itself, so prices are freed of it. ``country`` is where
    the tax is due.
    """

    country: str
    rates: Mapping[str, Rate]
    is_included: bool
    is_reversed: bool = False

    def rate_of(self, tax_class: str) -> Rate:
        """Return the rate of a class; a class without one has the standard rate of the country, if there is any."""
        return self.rates.get(tax_class) or self.rates.get(STANDARD) or Rate(0)
