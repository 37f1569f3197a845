"""What a variant costs at a moment: pure functions of its row and the clock. A sale needs no job to begin or end.

A sale runs from its start, included, until its end, excluded. What is crossed out while it runs is the lowest price of
the 30 days before it began, as the history has it (Directive 98/6/EC, Article 6a), and nothing where there is no such
price or it was not higher. Without a sale it is the price before that the owner has set.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from storefront.core.clock import datetime, timedelta
from storefront.core.money import Money

# How far back the lowest price before a sale is looked for.
LOOKS_BACK = timedelta(days=30)


class Priced(Protocol):
    """What of a variant decides on its price; rows and offers alike."""

    @property
    def price_amount(self) -> int: ...
    @property
    def compare_at_amount(self) -> int | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def sale_amount(self) -> int | None: ...
    @property
    def sale_starts_at(self) -> datetime | None: ...
    @property
    def sale_ends_at(self) -> datetime | None: ...
    @property
    def sale_before_amount(self) -> int | None: ...
    @property
    def pays_what_they_want(self) -> bool: ...


class PriceElsewhere(NamedTuple):
    """What a variant costs in another currency than the shop's: the price that the owner has set there, and no more.

    A sale, and a price to cross out, exist in the shop's currency only (docs/decisions/prices.md).
    """

    price_amount: int
    currency: str
    pays_what_they_want: bool
    compare_at_amount: int | None = None
    sale_amount: int | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    sale_before_amount: int | None = None


class PriceNow(NamedTuple):
    """The price of one at some moment. ``before_amount`` is what to cross out, None when there is nothing to."""

    amount: int
    currency: str
    before_amount: int | None
    is_sale: bool

    @property
    def price(self) -> Money:
        """What one costs, or the least where one pays what one wants."""
        return Money(self.amount, self.currency)

    @property
    def before(self) -> Money | None:
        """What one cost before."""
        return None if self.before_amount is None else Money(self.before_amount, self.currency)


class PricePoint(NamedTuple):
    """A row of the history: what was set, and when."""

    set_at: datetime
    price_amount: int
    sale_amount: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None


class Step(NamedTuple):
    """What a list shows of a product from a moment on, until the next step."""

    at: datetime
    amount: int
    varies: bool
    before_amount: int | None


def price_at(variant: Priced, moment: datetime) -> PriceNow:
    """Return what the variant costs at that moment."""
    if variant.sale_amount is None or not is_on_sale(variant, moment):
        return PriceNow(variant.price_amount, variant.currency, variant.compare_at_amount, is_sale=False)
    before = variant.sale_before_amount
    is_lower = before is not None and before > variant.sale_amount
    return PriceNow(variant.sale_amount, variant.currency, before if is_lower else None, is_sale=True)


def is_on_sale(variant: Any, moment: datetime) -> bool:
    """Whether the sale of the variant, or of a row of its history, runs at that moment."""
    if variant.sale_amount is None or variant.sale_starts_at is None or moment < variant.sale_starts_at:
        return False
    return variant.sale_ends_at is None or bool(moment < variant.sale_ends_at)


def unit_amount(variant: Priced, chosen_amount: int | None, moment: datetime) -> int:
    """Return what one costs the buyer, who may have chosen to pay more where that is offered."""
    least = price_at(variant, moment).amount
    return max(least, chosen_amount) if variant.pays_what_they_want and chosen_amount is not None else least


def changes_after(variant: Any, moment: datetime) -> list[datetime]:
    """Return when the clock will change the price of the variant, if it will."""
    if variant.sale_amount is None:
        return []
    return [at for at in (variant.sale_starts_at, variant.sale_ends_at) if at is not None and at > moment]


def next_change(variants: Iterable[Any], moment: datetime) -> datetime | None:
    """Return when the clock will next change one of the prices."""
    return min((at for variant in variants for at in changes_after(variant, moment)), default=None)


def lowest_before(history: Sequence[PricePoint], starts_at: datetime, since: datetime | None) -> int | None:
    """Return the lowest price of the 30 days before a sale began, of which the history (oldest first) knows.

    ``since`` is when the product was first offered: what nobody could pay was no price. None when there was no price.
    """
    if since is None:
        return None
    first = max(starts_at - LOOKS_BACK, since)
    ends = [row.set_at for row in history[1:]] + [starts_at]
    found = [
        amount
        for row, end in zip(history, ends, strict=True)
        for amount in _amounts_between(row, max(row.set_at, first), min(end, starts_at))
    ] if history else []  # fmt: skip
    return min(found, default=None)


def steps_of(variants: Sequence[Any], moment: datetime) -> list[Step]:
    """Return what a list shows of a product with these variants, from ``moment`` on; at least one step."""
    moments = [moment, *sorted({at for variant in variants for at in changes_after(variant, moment)})]
    return [_step(variants, at) for at in moments]


def packed(steps: list[Step]) -> list[dict[str, Any]] | None:
    """Return steps as the database keeps them; None for a price that the clock does not change."""
    if len(steps) == 1 and steps[0].before_amount is None:
        return None
    return [
        {
            "at": step.at.isoformat(),
            "amount": step.amount,
            "varies": step.varies,
            "before": step.before_amount,
        }
        for step in steps
    ]


def step_at(kept: list[dict[str, Any]], moment: datetime) -> dict[str, Any]:
    """Return the step of kept ones that holds at that moment."""
    current = kept[0]
    for step in kept[1:]:
        if datetime.fromisoformat(step["at"]) > moment:
            break
        current = step
    return current


def _amounts_between(row: PricePoint, begin: datetime, end: datetime) -> list[int]:
    """Return what one cost at some time of ``[begin, end)`` while the row was the latest."""
    if begin >= end:
        return []
    inner = sorted({begin, end, *(at for at in changes_after(row, begin) if at < end)})
    return [
        row.sale_amount if row.sale_amount is not None and is_on_sale(row, at) else row.price_amount
        for at, _ in pairwise(inner)
    ]


def _step(variants: Sequence[Any], at: datetime) -> Step:
    prices = [price_at(variant, at) for variant in variants]
    if not prices:
        return Step(at, 0, varies=False, before_amount=None)
    lowest = min(price.amount for price in prices)
    varies = any(price.amount != lowest for price in prices) or any(
        one.pays_what_they_want for one in variants
    )
    is_reduced = not varies and all(
        price.is_sale and price.before_amount == prices[0].before_amount for price in prices
    )
    return Step(at, lowest, varies, prices[0].before_amount if is_reduced else None)
