"""Choosing a variant by up to three options: what can be picked from where one stands, and what can't."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storefront.catalog.models import Product, Variant
from storefront.core import db

if TYPE_CHECKING:
    from storefront.catalog.page import Offer, ProductPage

MOST_AXES = 3
# How forms name what was picked of each option.
OPTION_FIELDS = tuple(f"option-{number}" for number in range(1, MOST_AXES + 1))


class Reach(StrEnum):
    """What becomes of picking a value while the other options stay as they are."""

    FREE = "free"
    SOLD_OUT = "sold_out"
    ELSEWHERE = "elsewhere"  # not in this combination, so that another option changes with it


@dataclass(frozen=True, slots=True)
class Pick:
    """A value of an option; ``offer`` is the variant that picking it leads to."""

    value: str
    label: str
    offer: "Offer"
    reach: Reach
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """An option and its values in the order of the variants. ``field`` is its name in forms."""

    name: str
    label: str
    field: str
    picks: list[Pick]


def axes_of(page: "ProductPage", chosen: "Offer | None", language: str) -> list[Axis]:
    """Return the options of a product with several; none where one option or none tells its variants apart."""
    names = option_names(page.option_names, [offer.options for offer in page.variants])
    if len(names) < 2 or chosen is None:
        return []
    words = (page.translations or {}).get(language, {})
    return [
        Axis(
            name,
            _label(words, number, name),
            OPTION_FIELDS[number],
            _picks(page.variants, names, number, chosen, words),
        )
        for number, name in enumerate(names)
    ]


def option_names(named: Sequence[str] | None, options: Sequence[Mapping[str, str]]) -> list[str]:
    """Return in what variants differ, as the owner has ordered it, else in the order of the first variant."""
    if named:
        return list(named)[:MOST_AXES]
    found: dict[str, None] = {}
    for each in options:
        found.update(dict.fromkeys(each))
    return list(found)[:MOST_AXES]


def find_with_options(variant_id: int, wanted: Mapping[str, str]) -> int | None:
    """Return the sibling of a variant that has these options (by field name); None when there is no such one."""
    session = db.session()
    product_id = select(Variant.product_id).where(Variant.id == variant_id).scalar_subquery()
    siblings = session.execute(
        select(Variant.id, Variant.options, Product.option_names)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.product_id == product_id, Variant.archived_at.is_(None))
        .order_by(Variant.position, Variant.id)
    ).all()
    return (
        match_options([(row.id, row.options) for row in siblings], siblings[0].option_names, wanted)
        if siblings
        else None
    )


def match_options(
    variants: Sequence[tuple[int, Mapping[str, str]]], named: Sequence[str] | None, wanted: Mapping[str, str]
) -> int | None:
    """Return the id of the first variant whose options are the wanted ones, by field name."""
    names = option_names(named, [options for _, options in variants])
    values = {
        name: wanted[field] for name, field in zip(names, OPTION_FIELDS, strict=False) if field in wanted
    }
    matching = (
        id_ for id_, options in variants if all(options.get(name) == value for name, value in values.items())
    )
    return next(matching, None) if values else None


def combinations(axes: Sequence[tuple[str, Sequence[str]]]) -> list[dict[str, str]]:
    """Return all combinations of the values of some options, the last option changing fastest."""
    found: list[dict[str, str]] = [{}]
    for name, values in axes:
        found = [{**each, name: value} for each in found for value in dict.fromkeys(values)]
    return found if axes else []


def _picks(
    offers: "Sequence[Offer]", names: Sequence[str], number: int, chosen: "Offer", words: Mapping[str, str]
) -> list[Pick]:
    name = names[number]
    values = dict.fromkeys(offer.options[name] for offer in offers if name in offer.options)
    return [_pick(offers, names, name, value, chosen, words) for value in values]


def _pick(
    offers: "Sequence[Offer]",
    names: Sequence[str],
    name: str,
    value: str,
    chosen: "Offer",
    words: Mapping[str, str],
) -> Pick:
    wanted: dict[str, Any] = {**{each: chosen.options.get(each) for each in names}, name: value}
    exact = next(
        (offer for offer in offers if all(offer.options.get(each) == wanted[each] for each in names)), None
    )
    label = words.get(f"value:{value}", value)
    is_chosen = chosen.options.get(name) == value
    if exact is not None:
        return Pick(value, label, exact, Reach.SOLD_OUT if exact.stock == 0 else Reach.FREE, is_chosen)
    return Pick(value, label, _nearest(offers, names, name, value, chosen), Reach.ELSEWHERE, is_chosen)


def _nearest(
    offers: "Sequence[Offer]", names: Sequence[str], name: str, value: str, chosen: "Offer"
) -> "Offer":
    """Return the variant with the value that keeps most of the other options, one that can be had if possible."""

    def likeness(offer: "Offer") -> tuple[int, bool]:
        kept = sum(offer.options.get(each) == chosen.options.get(each) for each in names)
        return kept, offer.stock != 0

    return max((offer for offer in offers if offer.options.get(name) == value), key=likeness)


def _label(words: Mapping[str, str], number: int, name: str) -> str:
    return words.get("option" if number == 0 else f"option{number + 1}") or name
