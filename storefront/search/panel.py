"""The filters as the page shows them: groups of choices with counts, and a chip for each that is made."""

from dataclasses import dataclass, replace

from flask_babel import gettext

from storefront.catalog.facet_sets import FacetSets
from storefront.catalog.facets import CATEGORY, OPTION, RATING, RATINGS, STOCK, TAG, YES
from storefront.catalog.queries import Shelf, Sort, TagView
from storefront.core.money import Money
from storefront.search.filters import Filters, address
from storefront.search.narrowing import (
    MOST_COUNTED,
    PRICE,
    Narrowed,
    Shelves,
    count_shelf,
    count_up,
    count_value,
    price_ranges,
    range_set,
)
from storefront.web.language import current_language
from storefront.web.page_cache import MOST_OPTIONS, OPTION_PREFIX

_MOST_SHELVES = 20
_MOST_TAGS = 12
_MOST_VALUES = 12
# Sizes of clothes have an order of their own; all else comes by the number of products.
_SIZES = {size: place for place, size in enumerate(("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL"))}


@dataclass(slots=True)
class Choice:
    """A box to tick: what it sends, what it says, and how many products it would show."""

    value: str
    label: str
    count: str
    is_chosen: bool


@dataclass(slots=True)
class Group:
    """The choices of one thing; ``is_single``: one excludes the others."""

    field: str
    label: str
    choices: list[Choice]
    is_single: bool = False


@dataclass(slots=True)
class Range:
    """A range of prices, as a link."""

    label: str
    count: str
    url: str
    is_chosen: bool


@dataclass(slots=True)
class Chip:
    """A choice that was made, and the address without it."""

    label: str
    url: str


@dataclass(slots=True)
class Panel:
    """All that the page shows of its filters."""

    filters: Filters
    groups: list[Group]
    ranges: list[Range]
    chips: list[Chip]
    clear_url: str
    least: str
    most: str

    @property
    def chosen(self) -> int:
        """How many choices were made."""
        return len(self.chips)


@dataclass(frozen=True, slots=True)
class Address:
    """How the addresses of this list are written: what stands before the path, words and order."""

    root: str
    words: str
    sort: Sort

    def of(self, filters: Filters, *more: tuple[str, str]) -> str:
        """Return the address of the list with these filters."""
        pairs = [("q", self.words)] if self.words else []
        pairs += filters.pairs()
        if self.sort is not Sort.NEWEST:
            pairs.append(("sort", self.sort.value))
        return address(self.root, [*pairs, *more])


def tag_ids(sets: FacetSets) -> list[int]:
    """Return the tags that the panel may show."""
    return [int(one.value) for one in sets.listed(TAG)[:_MOST_TAGS]]


def make_panel(narrowed: Narrowed, filters: Filters, tags: list[TagView], place: Address) -> Panel:
    """Return the groups that have something to choose from, with counts, and the chips."""
    if not narrowed.is_everything_without(""):
        _fetch(narrowed.sets, narrowed.shelves, tags)
    groups = [
        _shelf_group(narrowed, filters),
        *_option_groups(narrowed, filters),
        _tag_group(narrowed, filters, tags),
        _rating_group(narrowed, filters),
        _stock_group(narrowed, filters),
    ]
    return Panel(
        filters=filters,
        groups=[group for group in groups if group.choices],
        ranges=_ranges(narrowed, filters, place),
        chips=_chips(narrowed, replace(filters, is_open=False), tags, place),
        clear_url=place.of(Filters(filters.currency)),
        least=_plain(filters.least, filters.currency),
        most=_plain(filters.most, filters.currency),
    )


def count_words(number: int) -> str:
    """Return a count as the page shows it: exact up to a thousand."""
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else str(number)


def _fetch(sets: FacetSets, shelves: Shelves, tags: list[TagView]) -> None:
    """Have all sets of the panel at once."""
    names = sets.option_names()[:MOST_OPTIONS]
    wanted = [(name, one.value) for name in names for one in sets.listed(name)[:_MOST_VALUES]]
    wanted += (
        [(TAG, str(one.id)) for one in tags] + [(RATING, str(stars)) for stars in RATINGS] + [(STOCK, YES)]
    )
    for shelf in shelves.inside(None)[:_MOST_SHELVES]:
        wanted += [(CATEGORY, str(id_)) for id_ in shelves.with_all_below(shelf)]
    sets.fetch(wanted)


def _shelf_group(narrowed: Narrowed, filters: Filters) -> Group:
    """The categories of the top, and inside of those that are chosen the next ones."""
    shelves, choices = narrowed.shelves, []
    for one in _offered(shelves, filters):
        is_chosen = one.slug in filters.categories
        count = count_shelf(narrowed, one)
        if count or is_chosen:
            choices.append(Choice(one.slug, one.name, count_words(count), is_chosen))
    return Group("category", gettext("Category"), choices)


def _offered(shelves: Shelves, filters: Filters) -> list[Shelf]:
    """Return the first categories of the top, and what is inside of the open ones; chosen ones are never left out."""
    chosen = [one for one in shelves.all if one.slug in filters.categories]
    open_ids = {id_ for one in chosen for id_ in (one.id, *shelves.above(one))}
    top = shelves.inside(None)
    kept = [one for place, one in enumerate(top) if place < _MOST_SHELVES or one.id in open_ids]
    found: list[Shelf] = []
    while kept:
        one = kept.pop(0)
        if one in found:
            continue
        found.append(one)
        if one.id in open_ids:
            kept = [*shelves.inside(one.id), *kept]
    return found


def _tag_group(narrowed: Narrowed, filters: Filters, tags: list[TagView]) -> Group:
    choices = []
    for one in tags:
        count = count_value(narrowed, TAG, narrowed.sets.find(TAG, str(one.id)))
        if count or one.slug in filters.tags:
            choices.append(Choice(one.slug, one.name, count_words(count), one.slug in filters.tags))
    return Group("tag", gettext("Tag"), choices)


def _option_groups(narrowed: Narrowed, filters: Filters) -> list[Group]:
    sets, language = narrowed.sets, current_language()
    chosen_names = dict.fromkeys(OPTION + name for name, _ in filters.options)
    names = list(dict.fromkeys([*chosen_names, *sets.option_names()]))[: max(MOST_OPTIONS, len(chosen_names))]
    groups = []
    for name in names:
        plain = name.removeprefix(OPTION)
        choices = []
        label = plain
        values = sets.listed(name)[:_MOST_VALUES]
        wanted = [value for other, value in filters.options if other == plain]
        more = [sets.find(name, value) for value in wanted if value not in {one.value for one in values}]
        for one in [*values, *(each for each in more if each is not None)]:
            words = one.labels.get(language, {})
            label = words.get("name", label)
            count = count_value(narrowed, name, one)
            if count or one.value in wanted:
                choices.append(
                    Choice(one.value, words.get("value", one.value), count_words(count), one.value in wanted)
                )
        choices.sort(key=lambda choice: _SIZES.get(choice.value.upper(), -1))
        groups.append(Group(f"{OPTION_PREFIX}{plain}", label, choices))
    return groups


def _rating_group(narrowed: Narrowed, filters: Filters) -> Group:
    choices = []
    for stars in RATINGS:
        count = count_value(narrowed, RATING, narrowed.sets.find(RATING, str(stars)))
        if count or filters.rating == stars:
            choices.append(
                Choice(str(stars), _rating_words(stars), count_words(count), filters.rating == stars)
            )
    return Group("rating", gettext("Rating"), choices, is_single=True)


def _stock_group(narrowed: Narrowed, filters: Filters) -> Group:
    count = count_value(narrowed, STOCK, narrowed.sets.find(STOCK, YES))
    choice = Choice("1", gettext("In stock"), count_words(count), filters.in_stock)
    return Group("stock", gettext("Availability"), [choice] if count or filters.in_stock else [])


def _ranges(narrowed: Narrowed, filters: Filters, place: Address) -> list[Range]:
    base = narrowed.left_without(PRICE)
    found = []
    for least, most in price_ranges(narrowed.sets):
        count = count_up(base, range_set(narrowed.sets, least, most))
        is_chosen = (filters.least, filters.most) == (least, most)
        if count or is_chosen:
            url = place.of(replace(filters, least=least, most=most))
            found.append(
                Range(_range_words(least, most, filters.currency), count_words(count), url, is_chosen)
            )
    return found if len(found) > 1 or filters.least is not None or filters.most is not None else []


def _chips(narrowed: Narrowed, filters: Filters, tags: list[TagView], place: Address) -> list[Chip]:
    sets = narrowed.sets
    shelf_names = {one.slug: one.name for one in narrowed.shelves.all}
    tag_names = {one.slug: one.name for one in tags}
    language = current_language()
    chips = [
        Chip(shelf_names.get(slug, slug), place.of(filters.without_category(slug)))
        for slug in filters.categories
    ]
    chips += [Chip(tag_names.get(slug, slug), place.of(filters.without_tag(slug))) for slug in filters.tags]
    for name, value in filters.options:
        known = sets.find(OPTION + name, value)
        words = known.labels.get(language, {}) if known else {}
        label = f"{words.get('name', name)}: {words.get('value', value)}"
        chips.append(Chip(label, place.of(filters.without_option(name, value))))
    if filters.least is not None or filters.most is not None:
        words_ = _range_words(filters.least, filters.most, filters.currency)
        chips.append(Chip(words_, place.of(replace(filters, least=None, most=None))))
    if filters.rating:
        chips.append(Chip(_rating_words(filters.rating), place.of(replace(filters, rating=None))))
    if filters.in_stock:
        chips.append(Chip(gettext("In stock"), place.of(replace(filters, in_stock=False))))
    return chips


def _range_words(least: int | None, most: int | None, currency: str) -> str:
    language = current_language()
    if least is None:
        return str(gettext("Up to %(price)s", price=Money(most or 0, currency).format(language)))
    if most is None:
        return str(gettext("%(price)s and more", price=Money(least, currency).format(language)))
    ends = {"least": Money(least, currency).format(language), "most": Money(most, currency).format(language)}
    return str(gettext("%(least)s to %(most)s", **ends))


def _rating_words(stars: int) -> str:
    return str(gettext("%(stars)s of 5 and better", stars=stars))


def _plain(amount: int | None, currency: str) -> str:
    return Money(amount, currency).plain if amount is not None else ""
