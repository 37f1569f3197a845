"""The plain values that the price calculation takes and returns. All amounts are minor units of one currency."""

from dataclasses import dataclass
from typing import NamedTuple

from storefront.core.money import Money
from storefront.taxes.rules import STANDARD, Rate, TaxRules


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one variant. ``unit_amount`` is what one costs this buyer now, ``regular_amount`` without a sale.

    Where buyers pay what they want, ``is_chosen`` says that they have chosen the amount.
    """

    variant_id: int
    product_id: int
    quantity: int
    unit_amount: int
    regular_amount: int
    is_chosen: bool = False
    tax_class: str = STANDARD

    @property
    def amount(self) -> int:
        """What the line costs before anything is taken off."""
        return self.unit_amount * self.quantity


@dataclass(frozen=True, slots=True)
class Shipping:
    """How the parcels go, and what that costs."""

    name: str
    amount: int
    tax_class: str = STANDARD


class Reason(NamedTuple):
    """A step on the way to a price: ``price``, ``chosen``, ``sale``, ``offer``, ``minimum``, ``reversed`` or ``tax``.

    ``amount`` is what it adds (or takes off, below 0); a tax that is included adds nothing and is told all the same.
    """

    kind: str
    amount: int
    name: str = ""
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class LineQuote:
    """What a line costs in the end, and why."""

    line: Line
    discount_amount: int
    tax_amount: int
    rate: Rate | None
    why: tuple[Reason, ...]

    @property
    def amount(self) -> int:
        """What is asked for it, apart from tax that is added."""
        return self.line.amount - self.discount_amount


@dataclass(frozen=True, slots=True)
class ShippingQuote:
    """What the parcels cost in the end, and why."""

    name: str
    amount: int
    tax_amount: int
    rate: Rate | None
    why: tuple[Reason, ...]


class TaxSum(NamedTuple):
    """All that is taxed at one rate: what it costs without the tax, and the tax."""

    rate: Rate
    net_amount: int
    tax_amount: int


class OfferUse(NamedTuple):
    """What an offer took off in all."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What everything costs. ``discount_amount`` is what was taken off the lines, for whatever reason.

    ``added_tax_amount`` comes on top of the prices, ``included_tax_amount`` is in them; one of the two is 0.
    """

    currency: str
    lines: tuple[LineQuote, ...]
    shipping: ShippingQuote | None
    offers: tuple[OfferUse, ...]
    taxes: tuple[TaxSum, ...]
    rules: TaxRules | None
    subtotal_amount: int
    discount_amount: int
    shipping_amount: int
    added_tax_amount: int
    included_tax_amount: int

    def summed(self, *kinds: str) -> list[Reason]:
        """Return the steps of these kinds, of all lines and the parcels together, in the order of the kinds."""
        found: dict[tuple[int, str, str, int | None], int] = {}
        whys = [one.why for one in self.lines] + ([self.shipping.why] if self.shipping else [])
        for step in (step for why in whys for step in why if step.kind in kinds):
            key = (kinds.index(step.kind), step.kind, step.name, step.rate)
            found[key] = found.get(key, 0) + step.amount
        return [Reason(key[1], found[key], key[2], key[3]) for key in sorted(found, key=_place)]

    @property
    def tax_rows(self) -> list[tuple[int, str, int, int]]:
        """The taxes as an order keeps them: hundredths of a percent, name, amount without tax, tax."""
        return [(one.rate.hundredths, one.rate.name, one.net_amount, one.tax_amount) for one in self.taxes]

    @property
    def total_amount(self) -> int:
        """What is to be paid."""
        return self.subtotal_amount - self.discount_amount + self.shipping_amount + self.added_tax_amount

    @property
    def total(self) -> Money:
        """The same as money."""
        return Money(self.total_amount, self.currency)


def _place(key: tuple[int, str, str, int | None]) -> int:
    return key[0]
