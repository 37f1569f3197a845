"""What the owner sets up: zones with their places, ways of sending with their steps, places to pick things up."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from babel import Locale
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from storefront.accounts.places import COUNTRIES, cleaned, country_name, rules_of, state_name
from storefront.catalog.service.mistakes import InvalidField
from storefront.core import db
from storefront.core.errors import N_, NotFound
from storefront.journal.service import write as journal
from storefront.shipping.models import (
    ELSEWHERE,
    PickupPlace,
    RateStep,
    ShippingMethod,
    ShippingRules,
    ShippingZone,
    ZonePlace,
)
from storefront.shipping.rates import Step, plain_code
from storefront.shipping.service import rules
from storefront.shipping.states import RateBasis

TOPIC = "shipping"
MOST_STEPS = 20
# Source: https://european-union.europa.eu/principles-countries-history/eu-countries_en (27, ISO codes)
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_PART = re.compile(r"(?P<country>[^*]+?)(?:-(?P<state>[^*]{1,60})| +(?P<code>[A-Za-z0-9 -]{1,19}?)\*)?")
_ELSEWHERE_WORDS = frozenset({"*", "elsewhere", "everywhere else", "其他", "其他地区", "所有其他国家和地区"})

NamedPlace = tuple[str, str, str]
"""Country, state and beginning of the postcode, the last two perhaps empty."""


@dataclass(frozen=True, slots=True)
class MethodInput:
    """A way of sending as the owner wants it."""

    title: str
    currency: str
    basis: RateBasis
    steps: tuple[Step, ...]
    free_from_amount: int | None = None
    days: tuple[int, int] | None = None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PickupInput:
    """A place to pick things up as the owner wants it."""

    title: str
    place: str
    opening: str
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


def list_zones() -> list[ShippingZone]:
    """Return all zones with places and methods, in order (4 queries)."""
    statement = select(ShippingZone).order_by(ShippingZone.position, ShippingZone.id)
    loaded = (
        selectinload(ShippingZone.places),
        selectinload(ShippingZone.methods).selectinload(ShippingMethod.steps),
    )
    return list(db.session().scalars(statement.options(*loaded)))


def list_pickup_places() -> list[PickupPlace]:
    """Return the places where things can be picked up, in order."""
    return list(db.session().scalars(select(PickupPlace).order_by(PickupPlace.position, PickupPlace.id)))


def get_zone(public_id: str) -> ShippingZone:
    """Return a zone with its places and methods.

    Raises:
        NotFound: there is none.
    """
    found = db.get_or_404(ShippingZone, ShippingZone.public_id == public_id)
    loaded = (
        selectinload(ShippingZone.places),
        selectinload(ShippingZone.methods).selectinload(ShippingMethod.steps),
    )
    statement = select(ShippingZone).where(ShippingZone.id == found.id).options(*loaded)
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()


def get_method(zone: ShippingZone, public_id: str) -> ShippingMethod:
    """Return a method of a loaded zone.

    Raises:
        NotFound: the zone has no such method.
    """
    known = next((method for method in zone.methods if method.public_id == public_id), None)
    if known is None:
        raise NotFound
    return known


def get_pickup_place(public_id: str) -> PickupPlace:
    """Return a place where things can be picked up.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(PickupPlace, PickupPlace.public_id == public_id)


def save_zone(zone: ShippingZone | None, name: str, places: Iterable[NamedPlace]) -> ShippingZone:
    """Make or change a zone; what it no longer names is in no zone.

    Raises:
        InvalidField: a place is in another zone already.
    """
    wanted = list(dict.fromkeys(places))
    if zone is None:
        zone = ShippingZone(name=name, position=_next(ShippingZone.position), places=[], methods=[])
        db.session().add(zone)
    zone.name = name
    zone.places = []
    try:
        db.session().flush()
        zone.places = [
            ZonePlace(country=country, state=state, postal_prefix=code) for country, state, code in wanted
        ]
        db.session().flush()
    except IntegrityError as error:
        raise InvalidField("places", N_("One of these places is in another zone already.")) from error
    journal(TOPIC, "shipping.zone_saved", name=name, places=len(wanted))
    return zone


def remove_zone(zone: ShippingZone) -> None:
    """Delete a zone with its methods; orders keep what they were promised."""
    journal(TOPIC, "shipping.zone_removed", name=zone.name)
    db.session().delete(zone)
    db.session().flush()


def save_method(zone: ShippingZone, method: ShippingMethod | None, wanted: MethodInput) -> ShippingMethod:
    """Make or change a way of sending to a zone.

    Raises:
        InvalidField: its steps do not go upwards.
    """
    steps = in_order(wanted.steps)
    if method is None:
        method = ShippingMethod(zone_id=zone.id, position=_next(ShippingMethod.position), steps=[])
        db.session().add(method)
    method.title, method.translations = wanted.title, wanted.translations
    method.currency, method.basis = wanted.currency, wanted.basis
    method.free_from_amount = wanted.free_from_amount
    method.days_min, method.days_max = wanted.days or (None, None)
    method.steps = []
    db.session().flush()
    method.steps = [
        RateStep(position=place, up_to=step.up_to, amount=step.amount) for place, step in enumerate(steps)
    ]
    db.session().flush()
    journal(TOPIC, "shipping.method_saved", name=f"{zone.name}, {wanted.title}")
    return method


def remove_method(zone: ShippingZone, method: ShippingMethod) -> None:
    """Delete a way of sending."""
    journal(TOPIC, "shipping.method_removed", name=f"{zone.name}, {method.title}")
    db.session().delete(method)
    db.session().flush()


def save_pickup_place(place: PickupPlace | None, wanted: PickupInput) -> PickupPlace:
    """Make or change a place where things can be picked up."""
    if place is None:
        place = PickupPlace(position=_next(PickupPlace.position))
        db.session().add(place)
    place.title, place.place, place.opening = wanted.title, wanted.place, wanted.opening
    place.translations = wanted.translations
    db.session().flush()
    journal(TOPIC, "shipping.pickup_saved", name=wanted.title)
    return place


def remove_pickup_place(place: PickupPlace) -> None:
    """Delete a place where things could be picked up."""
    journal(TOPIC, "shipping.pickup_removed", name=place.title)
    db.session().delete(place)
    db.session().flush()


def save_rules(wanted: dict[str, Any], translations: dict[str, dict[str, str]]) -> ShippingRules:
    """Change what the owner has decided about parcels; ``wanted`` holds columns of ``ShippingRules``."""
    found = rules()
    changed = {name: value for name, value in wanted.items() if getattr(found, name) != value}
    for name, value in changed.items():
        setattr(found, name, value)
    found.translations = translations
    db.session().flush()
    journal(TOPIC, "shipping.rules_saved", changed={k: v for k, v in changed.items() if isinstance(v, int)})
    return found


def redenominate(before: str, after: str) -> None:
    """Let prices in the shop's old currency be prices in its new one, with the same numbers, as all prices do."""
    statement = update(ShippingMethod).where(ShippingMethod.currency == before)
    db.session().execute(statement.values(currency=after))


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps from the smallest to the one without limit, if there is one.

    Raises:
        InvalidField: there is none, there are too many, or two reach equally far.
    """
    found = sorted(steps, key=lambda step: (step.up_to is None, step.up_to or 0))
    if not found:
        raise InvalidField("steps", N_("Please enter at least one price."))
    if len(found) > MOST_STEPS:
        raise InvalidField("steps", N_("Please use at most 20 steps."))
    if len({step.up_to for step in found}) < len(found):
        raise InvalidField("steps", N_("Two steps reach equally far. Please change one of them."))
    return found


def read_places(text: str) -> list[NamedPlace]:
    """Return the places that a text names, separated by commas or lines.

    Countries by code or by name in English or Chinese, ``EU`` for its members, ``US-HI`` for a state, ``ES 35*`` for
    postcodes that begin so, ``*`` for everywhere else.

    Raises:
        InvalidField: something is no such place.
    """
    words = [word.strip() for word in re.split(r"[,;\n\uff0c\u3001\uff1b]+", text) if word.strip()]
    places = [place for word in words for place in _places_of(word)]
    if not places:
        raise InvalidField("places", N_("Please name at least one country."))
    return list(dict.fromkeys(places))


def place_word(place: ZonePlace) -> str:
    """Return a place as it is typed."""
    if place.state:
        return f"{place.country}-{place.state}"
    return f"{place.country} {place.postal_prefix}*" if place.postal_prefix else place.country


def place_name(place: ZonePlace, elsewhere: str) -> str:
    """Return a place as people of the page's language name it; ``elsewhere`` is how everywhere else is called."""
    if place.country == ELSEWHERE:
        return elsewhere
    part = (
        state_name(place.country, place.state)
        if place.state
        else place.postal_prefix and f"{place.postal_prefix}…"
    )
    return f"{country_name(place.country)} ({part})" if part else country_name(place.country)


def _places_of(word: str) -> list[NamedPlace]:
    if word.casefold() in _ELSEWHERE_WORDS:
        return [(ELSEWHERE, "", "")]
    if word.upper() == "EU":
        return [(country, "", "") for country in _EU.split()]
    whole = _code_of(word)
    if whole:
        return [(whole, "", "")]
    parts = _PART.fullmatch(word)
    country = _code_of(parts["country"]) if parts else None
    if parts is None or country is None:
        raise InvalidField("places", N_("There is no country or region called %(word)s."), word=word[:60])
    state = _state_of(country, parts["state"], word) if parts["state"] else ""
    return [(country, state, plain_code(parts["code"] or ""))]


def _state_of(country: str, text: str, word: str) -> str:
    code = cleaned({"country": country, "state": text}).get("state", "")
    if code not in dict(rules_of(country).states):
        raise InvalidField("places", N_("There is no country or region called %(word)s."), word=word[:60])
    return code


def _code_of(text: str) -> str | None:
    code = text.strip().upper()
    return code if code in COUNTRIES else _names().get(text.strip().casefold())


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    languages = (Locale.parse("en").territories, Locale.parse("zh_Hans_CN").territories)
    return {str(names[code]).casefold(): code for names in languages for code in COUNTRIES if code in names}


def _next(position: Any) -> int:
    return int(db.session().scalar(select(func.coalesce(func.max(position), 0))) or 0) + 1
