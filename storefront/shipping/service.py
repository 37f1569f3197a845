"""What a buyer is offered for a parcel, and why nothing can be offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.errors import N_
from storefront.core.money import Money
from storefront.shipping import rates
from storefront.shipping.models import (
    ELSEWHERE,
    PickupPlace,
    ShippingMethod,
    ShippingRules,
    ShippingZone,
    ZonePlace,
)
from storefront.shipping.rates import Destination, ParcelLine, Place, Rate, Step
from storefront.web.language import in_language

NO_ZONE = N_("We do not ship to %(country)s.")
NO_RATE = N_("We have no way of sending this to %(country)s. Please write to us.")


@dataclass(frozen=True, slots=True)
class Quote:
    """One way to get a parcel, and its price now. ``free_after`` is what is missing until it is free."""

    method_id: str
    title: str
    zone: str
    amount: Money
    days: tuple[int, int] | None = None
    free_after: Money | None = None
    is_pickup: bool = False
    place: str = ""
    opening: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What an order keeps of it, in the language in which it was offered."""
        return {
            "method_id": self.method_id,
            "title": self.title,
            "zone": self.zone,
            "days": list(self.days) if self.days else None,
            "is_pickup": self.is_pickup,
            "place": self.place,
            "opening": self.opening,
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a buyer may choose from, and what is chosen.

    ``problem`` is a message id that says why nothing is sent to the destination. ``asks_state`` and ``asks_code`` say
    that the price depends on that part of the address, too.
    """

    destination: Destination | None
    quotes: tuple[Quote, ...]
    chosen: Quote | None
    problem: str | None = None
    asks_state: bool = False
    asks_code: bool = False

    @property
    def needs_address(self) -> bool:
        """Whether something will be sent, rather than picked up."""
        return self.chosen is None or not self.chosen.is_pickup


def quote(destination: Destination | None, lines: Sequence[ParcelLine]) -> list[Quote]:
    """Return all ways to get these physical lines there, in the owner's order, then where they can be picked up.

    Amounts are in the currency of the lines. Without lines nothing is sent, and there is nothing to quote.
    """
    return list(offer(destination, lines, lines[0].total.currency).quotes) if lines else []


def offer(
    destination: Destination | None, lines: Sequence[ParcelLine], currency: str, chosen_id: str | None = None
) -> Offer:
    """Return what is offered (at most 4 queries), with the method of that id chosen, if it is offered, else the first.

    Picking up is chosen by nobody but the buyer, unless there is no other way in the whole shop.
    """
    places = _places_of(destination.country) if destination else []
    zone_id = rates.zone_of(destination, places) if destination else None
    sent = _sent(zone_id, lines) if zone_id else []
    picked_up = [_picked_up(place, currency) for place in _pickup_places()]
    quotes = (*sent, *picked_up)
    chosen = next((each for each in quotes if each.method_id == chosen_id), None)
    if chosen is None:
        chosen = sent[0] if sent else picked_up[0] if picked_up and not has_zones() else None
    own = [place for place in places if place.country != ELSEWHERE]
    return Offer(
        destination=destination,
        quotes=quotes,
        chosen=chosen,
        problem=_problem(destination, zone_id, sent),
        asks_state=any(place.state for place in own),
        asks_code=any(place.postal_prefix for place in own),
    )


def usual_country() -> str | None:
    """Return where the shop sends most naturally, to begin with: the first country of its first zone."""
    return db.execute(_FIRST_COUNTRY, {"elsewhere": ELSEWHERE}).scalar()


def has_zones() -> bool:
    """Whether the owner has said anywhere that parcels are sent to."""
    return db.session().scalar(select(ShippingZone.id).limit(1)) is not None


def is_set_up() -> bool:
    """Whether physical things can be had at all, by post or by coming for them."""
    return has_zones() or db.session().scalar(select(PickupPlace.id).limit(1)) is not None


def is_pickup(method_id: str) -> bool:
    """Whether that is a place to pick things up, so that nobody's address is needed."""
    return db.session().scalar(select(PickupPlace.id).where(PickupPlace.public_id == method_id)) is not None


def rules() -> ShippingRules:
    """Return what the owner has decided, or the defaults; to be changed only when it came from a unit."""
    found = db.session().get(ShippingRules, 1)
    if found is None:
        found = ShippingRules(
            id=1, sender="", delivered_after_days=14, return_days=14, return_instructions="", translations={}
        )
        if db.in_unit():
            db.session().add(found)
            db.session().flush()
    return found


def _problem(destination: Destination | None, zone_id: int | None, sent: list[Quote]) -> str | None:
    if destination is None or sent:
        return None
    return NO_RATE if zone_id else NO_ZONE


def _places_of(country: str) -> list[Place]:
    return [Place(*row) for row in db.execute(_PLACES, {"country": country, "elsewhere": ELSEWHERE})]


def _sent(zone_id: int, lines: Sequence[ParcelLine]) -> list[Quote]:
    zone = db.session().scalars(_ZONE, {"zone": zone_id}).one()
    return [found for method in zone.methods if (found := _quote(zone, method, lines)) is not None]


def _quote(zone: ShippingZone, method: ShippingMethod, lines: Sequence[ParcelLine]) -> Quote | None:
    rate = rate_of(method)
    amount = rates.price_of(rate, lines)
    if amount is None:
        return None
    return Quote(
        method_id=method.public_id,
        title=in_language(method, "title"),
        zone=zone.name,
        amount=amount,
        days=None
        if method.days_min is None or method.days_max is None
        else (method.days_min, method.days_max),
        free_after=rates.missing_to_free(rate, lines) if amount else None,
    )


def rate_of(method: ShippingMethod) -> Rate:
    """Return the pure rate of a method whose steps are loaded."""
    steps = tuple(Step(step.up_to, step.amount) for step in method.steps)
    return Rate(method.currency, method.basis, steps, method.free_from_amount)


def _pickup_places() -> list[PickupPlace]:
    return list(db.session().scalars(_PICKUP_PLACES))


def _picked_up(place: PickupPlace, currency: str) -> Quote:
    return Quote(
        method_id=place.public_id,
        title=in_language(place, "title"),
        zone="",
        amount=Money(0, currency),
        is_pickup=True,
        place=in_language(place, "place"),
        opening=in_language(place, "opening"),
    )


_PLACES = select(ZonePlace.zone_id, ZonePlace.country, ZonePlace.state, ZonePlace.postal_prefix).where(
    ZonePlace.country.in_((bindparam("country"), bindparam("elsewhere")))
)
_ZONE: Any = (
    select(ShippingZone)
    .where(ShippingZone.id == bindparam("zone"))
    .options(selectinload(ShippingZone.methods).selectinload(ShippingMethod.steps))
)
_PICKUP_PLACES = select(PickupPlace).order_by(PickupPlace.position, PickupPlace.id)
_FIRST_COUNTRY = (
    select(ZonePlace.country)
    .join(ShippingZone, ShippingZone.id == ZonePlace.zone_id)
    .where(ZonePlace.country != bindparam("elsewhere"))
    .order_by(ShippingZone.position, ShippingZone.id, func.length(ZonePlace.state), ZonePlace.id)
    .limit(1)
)
