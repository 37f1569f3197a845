"""Which choices a picture shows: values of options, or the names of variants where those have no options.

A picture that names none is of all of them. Picking a variant brings its pictures to the front; none is ever hidden.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from storefront.catalog.choosing import option_names
from storefront.catalog.models import Picture, Variant
from storefront.catalog.page import Offer, ProductPage
from storefront.catalog.pictures import PictureView
from storefront.core import db

# Options and their values; variants that only have names are the values of one option without a name.
Axes = dict[str, list[str]]
Shows = Mapping[str, Sequence[str]]
Choice = tuple[str, str]


def choices_of(options: Mapping[str, str] | None, title: str) -> dict[str, str]:
    """Return what picking this variant chooses."""
    return dict(options) if options else {"": title}


def axes_of_pictures(named: Sequence[str] | None, variants: Iterable[Offer | Variant]) -> Axes:
    """Return what pictures of a product can show, in the order of its variants; nothing where there is no choice."""
    choices = [choices_of(variant.options, variant.title) for variant in variants]
    if len(choices) < 2:
        return {}
    names = [name for name in option_names(named, choices) if any(choice.get(name) for choice in choices)]
    return {
        name: list(dict.fromkeys(choice[name] for choice in choices if choice.get(name))) for name in names
    }


def pictures_for(page: ProductPage, chosen: Offer | None) -> list[PictureView]:
    """Return the pictures of a product: the variant's own, those that show it, those of all, and the others."""
    if chosen is None:
        return page.pictures
    axes = axes_of_pictures(page.option_names, page.variants)
    choices = choices_of(chosen.options, chosen.title)
    ranks = [
        0 if id_ == chosen.picture_id else _rank(shows, axes, choices)
        for id_, shows in zip(page.picture_ids, page.picture_shows, strict=True)
    ]
    return [page.pictures[place] for place in sorted(range(len(ranks)), key=ranks.__getitem__)]


def follow_renames(
    product_id: int, before: Mapping[int, dict[str, str]], variants: Iterable[Variant]
) -> None:
    """Let pictures show what they showed after options or values got other names. Within the current unit.

    ``before`` is what picking each variant, by its id, chose until now.
    """
    after = {variant.id: choices_of(variant.options, variant.title) for variant in variants if variant.id}
    renamed = _renamed(before, after)
    if not renamed:
        return
    statement = select(Picture).where(Picture.product_id == product_id, Picture.shows.is_not(None))
    for picture in db.session().scalars(statement):
        shows: dict[str, list[str]] = {}
        for name, values in (picture.shows or {}).items():
            for value in values:
                new_name, new_value = renamed.get((name, value), (name, value))
                shows[new_name] = list(dict.fromkeys([*shows.get(new_name, []), new_value]))
        picture.shows = shows


def _rank(shows: Shows | None, axes: Axes, choices: Mapping[str, str]) -> int:
    """Values that no variant has any more don't count."""
    known = {
        name: [value for value in values if value in axes.get(name, ())]
        for name, values in (shows or {}).items()
    }
    wanted = {name: values for name, values in known.items() if values}
    if not wanted:
        return 2
    return 1 if all(choices.get(name) in values for name, values in wanted.items()) else 3


def _renamed(
    before: Mapping[int, dict[str, str]], after: Mapping[int, dict[str, str]]
) -> dict[Choice, Choice]:
    """A choice got another name when the variants that had it have another in its place, and none has it still."""
    left = {choice for choices in after.values() for choice in choices.items()}
    renamed = {}
    for id_, choices in before.items():
        now_chosen = after.get(id_, {})
        names = _renamed_options(choices, now_chosen)
        for old in choices.items():
            name = names.get(old[0], old[0])
            if old not in left and name in now_chosen:
                renamed[old] = (name, now_chosen[name])
    return renamed


def _renamed_options(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """One that went and one that came are the same; databases keep no order that could tell more apart."""
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    return {gone[0]: new[0]} if len(gone) == len(new) == 1 else {}
