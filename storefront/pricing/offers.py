"""Offers: small rules that take something off. Each looks at what is left and says what it takes.

A new kind of offer is a class with these four: a ``name`` that people read, a ``rank`` (lower ones first), whether it
``stacks`` with others, and ``cut``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from storefront.pricing.splitting import portion, split
from storefront.pricing.values import Line
from storefront.taxes.rules import WHOLE


class Left(NamedTuple):
    """What is still to be paid when an offer's turn comes: for each line, and for the parcels."""

    lines: Sequence[Line]
    amounts: Sequence[int]
    shipping_amount: int
    step: int


class Cut(NamedTuple):
    """What an offer takes off: of each line, and of the parcels."""

    amounts: Sequence[int]
    shipping_amount: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.amounts) + self.shipping_amount


class Offer(Protocol):
    """A rule that may take something off."""

    @property
    def name(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def stacks(self) -> bool: ...

    def cut(self, left: Left) -> Cut:
        """Return what it takes off what is left; never more than that."""


@dataclass(frozen=True, slots=True)
class PercentOff:
    """So many hundredths of a percent off what the offer covers (``products`` None: everything)."""

    name: str
    hundredths: int
    products: frozenset[int] | None = None
    rank: int = 100
    stacks: bool = False

    def cut(self, left: Left) -> Cut:
        """Round once for all lines together, then share it out."""
        covered = _covered(left, self.products)
        return Cut(split(portion(sum(covered), self.hundredths, WHOLE, left.step), covered, left.step))


@dataclass(frozen=True, slots=True)
class AmountOff:
    """A fixed amount off what the offer covers, once for all of it, and never below nothing."""

    name: str
    amount: int
    products: frozenset[int] | None = None
    rank: int = 200
    stacks: bool = False

    def cut(self, left: Left) -> Cut:
        """Share it out by what the lines cost."""
        covered = _covered(left, self.products)
        return Cut(split(min(self.amount // left.step * left.step, sum(covered)), covered, left.step))


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """The parcels cost nothing, when something that the offer covers is in them."""

    name: str
    products: frozenset[int] | None = None
    rank: int = 300
    stacks: bool = False

    def cut(self, left: Left) -> Cut:
        """Take off all that the parcels cost."""
        is_meant = self.products is None or any(line.product_id in self.products for line in left.lines)
        return Cut([0] * len(left.lines), left.shipping_amount if is_meant else 0)


@dataclass(slots=True)
class _Taking:
    """The offers of one group, one after the other, each at what those before have left."""

    lines: Sequence[Line]
    shipping_amount: int
    step: int
    cuts: list[tuple[Offer, Cut]] = field(default_factory=list)

    def take(self, offer: Offer) -> None:
        amounts = [
            line.amount - sum(cut.amounts[place] for _, cut in self.cuts)
            for place, line in enumerate(self.lines)
        ]
        shipping = self.shipping_amount - sum(cut.shipping_amount for _, cut in self.cuts)
        cut = offer.cut(Left(self.lines, amounts, shipping, self.step))
        if cut.total:
            self.cuts.append((offer, cut))

    @property
    def total(self) -> int:
        return sum(cut.total for _, cut in self.cuts)


def best_cuts(
    offers: Sequence[Offer], lines: Sequence[Line], shipping_amount: int, step: int
) -> list[tuple[Offer, Cut]]:
    """Return what the offers take off, in their order: all that stack together, or a single one that does not,
    whichever is better for the buyer. The lower rank wins a draw."""
    if not offers:
        return []
    ordered = sorted(offers, key=lambda offer: (offer.rank, offer.name))
    groups = [[offer for offer in ordered if offer.stacks], *([one] for one in ordered if not one.stacks)]
    best: _Taking | None = None
    for group in groups:
        taking = _Taking(lines, shipping_amount, step)
        for offer in group:
            taking.take(offer)
        if best is None or taking.total > best.total:
            best = taking
    return best.cuts if best else []


def _covered(left: Left, products: frozenset[int] | None) -> list[int]:
    """Return what is left of the lines that are covered, and nothing of the others."""
    if products is None:
        return list(left.amounts)
    pairs = zip(left.lines, left.amounts, strict=True)
    return [amount if line.product_id in products else 0 for line, amount in pairs]
