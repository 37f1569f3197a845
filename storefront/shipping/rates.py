"""What sending something costs, as pure functions: which zone a place is in, and which step of a rate fits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from storefront.core.money import Money
from storefront.shipping.models import ELSEWHERE
from storefront.shipping.states import RateBasis


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a parcel goes, as far as its price depends on it."""

    country: str
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """So many of one physical thing, what one weighs, and what all of them cost the buyer."""

    quantity: int
    weight_grams: int
    total: Money


class Place(NamedTuple):
    """A place of a zone; ``*`` as its country is everywhere that is named nowhere."""

    zone_id: int
    country: str
    state: str = ""
    postal_prefix: str = ""


class Step(NamedTuple):
    """What it costs up to and with so much; None: without limit."""

    up_to: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one method, in one currency. The steps go upwards."""

    currency: str
    basis: RateBasis
    steps: Sequence[Step]
    free_from_amount: int | None = None


def zone_of(destination: Destination, places: Iterable[Place]) -> int | None:
    """Return the zone that a destination is in, by the place that fits it most closely, or None.

    The longest beginning of a postcode counts more than a state, a state more than a country, a country more than
    everywhere else.
    """
    fitting = [place for place in places if _fits(destination, place)]
    best = max(fitting, key=_closeness, default=None)
    return best.zone_id if best else None


def price_of(rate: Rate, lines: Iterable[ParcelLine]) -> Money | None:
    """Return what sending these lines costs by that rate, or None when it does not take them.

    It does not when they are heavier or dearer than its last step, or cost something in another currency.
    """
    parcel = list(lines)
    if any(line.total.currency != rate.currency for line in parcel):
        return None
    value = sum(line.total.amount for line in parcel)
    weight = sum(line.weight_grams * line.quantity for line in parcel)
    amount = amount_for(rate.steps, weight if rate.basis is RateBasis.WEIGHT else value)
    if amount is None:
        return None
    is_free = rate.free_from_amount is not None and value >= rate.free_from_amount
    return Money(0 if is_free else amount, rate.currency)


def amount_for(steps: Sequence[Step], measure: int) -> int | None:
    """Return the amount of the first step that reaches so far, or None beyond the last."""
    return next((step.amount for step in steps if step.up_to is None or measure <= step.up_to), None)


def missing_to_free(rate: Rate, lines: Iterable[ParcelLine]) -> Money | None:
    """Return for how much more one has to buy until sending is free; None where it never is, or is already."""
    value = sum(line.total.amount for line in lines)
    if rate.free_from_amount is None or value >= rate.free_from_amount:
        return None
    return Money(rate.free_from_amount - value, rate.currency)


def plain_code(code: str) -> str:
    """Return a postcode by which beginnings are compared: without spaces and hyphens, in capitals."""
    return "".join(letter for letter in code if letter.isalnum()).upper()


def _fits(destination: Destination, place: Place) -> bool:
    if place.country == ELSEWHERE:
        return True
    if place.country != destination.country:
        return False
    if place.postal_prefix:
        return plain_code(destination.postal_code).startswith(plain_code(place.postal_prefix))
    return not place.state or place.state == destination.state


def _closeness(place: Place) -> tuple[bool, int, bool]:
    return place.country != ELSEWHERE, len(plain_code(place.postal_prefix)), bool(place.state)
