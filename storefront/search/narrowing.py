"""Narrowing a list: which products are left, in which order, and how many each further choice would leave."""

from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise

from storefront.catalog import bits
from storefront.catalog.bits import Bits
from storefront.catalog.facet_sets import FacetSets, FacetValue
from storefront.catalog.facets import CATEGORY, OPTION, RATING, SHOWN, STOCK, TAG, YES
from storefront.catalog.queries import Shelf, Sort, TagView
from storefront.search.filters import Filters

# From here on it is "1,000 and more": nobody compares 4,211 with 4,307.
MOST_COUNTED = 1000
PRICE = "price"
_MOST_RANGES = 5
_NICE = (1, 2, 3, 5)


@dataclass(slots=True)
class Narrowed:
    """The products that are left, and what the choices of each thing are counted among.

    The choices of one thing are counted as if nothing of it were chosen: they widen the list.
    """

    sets: FacetSets
    shelves: "Shelves"
    all: Bits
    chosen: dict[str, Bits] = field(default_factory=dict)
    _made: dict[str, Bits] = field(default_factory=dict)

    @property
    def left(self) -> Bits:
        """What meets all that was chosen."""
        return self.left_without("")

    def left_without(self, name: str) -> Bits:
        """What meets all that was chosen, but for this one thing."""
        key = name if name in self.chosen else ""
        if key not in self._made:
            others = (each for other, each in self.chosen.items() if other != key)
            self._made[key] = reduce(bits.both, others, self.all)
        return self._made[key]

    def is_everything_without(self, name: str) -> bool:
        """Whether nothing but this one thing was chosen, so that counts are those of the whole shop."""
        return self.all is self.sets.named(SHOWN, YES) and not self.chosen.keys() - {name}


class Shelves:
    """The categories with what is below each."""

    def __init__(self, shelves: list[Shelf]) -> None:
        """``shelves`` come in their order."""
        self.all = shelves
        self.by_id = {one.id: one for one in shelves}
        self._inside: dict[int | None, list[Shelf]] = {}
        for one in shelves:
            self._inside.setdefault(one.parent_id, []).append(one)

    def inside(self, id_: int | None) -> list[Shelf]:
        """Return what stands directly below a category, or on the top."""
        return self._inside.get(id_, [])

    def with_all_below(self, shelf: Shelf) -> list[int]:
        """Return the ids of a category and of all below it."""
        found = [shelf.id]
        for id_ in found:
            found += [one.id for one in self.inside(id_)]
        return found

    def above(self, shelf: Shelf) -> list[int]:
        """Return the ids of what a category is in, the nearest first."""
        way: list[int] = []
        parent = shelf.parent_id
        while parent is not None and parent in self.by_id and parent not in way:
            way.append(parent)
            parent = self.by_id[parent].parent_id
        return way


def narrow(
    sets: FacetSets, filters: Filters, shelves: Shelves, tags: list[TagView], within: list[int] | None
) -> Narrowed:
    """Return what is left of all products, or of those ``within`` a search. What is not known is met by nothing."""
    shown = sets.shown()
    narrowed = Narrowed(sets, shelves, shown if within is None else bits.both(shown, bits.of(within)))
    chosen = narrowed.chosen
    if filters.categories:
        wanted = [one for one in shelves.all if one.slug in filters.categories]
        chosen[CATEGORY] = _union([_shelf_set(sets, shelves, one) for one in wanted])
    if filters.tags:
        wanted_tags = [one for one in tags if one.slug in filters.tags]
        chosen[TAG] = _union([sets.named(TAG, str(one.id)) for one in wanted_tags])
    for name in dict.fromkeys(name for name, _ in filters.options):
        values = [value for other, value in filters.options if other == name]
        chosen[OPTION + name] = _union([sets.named(OPTION + name, value) for value in values])
    if filters.least is not None or filters.most is not None:
        chosen[PRICE] = price_set(sets, narrowed.all, filters.least, filters.most)
    if filters.in_stock:
        chosen[STOCK] = sets.named(STOCK, YES)
    if filters.rating:
        chosen[RATING] = sets.named(RATING, str(filters.rating))
    return narrowed


def count_up(some: Bits, value: Bits) -> int:
    """Return how many are in both; ``MOST_COUNTED`` + 1 stands for any more."""
    return min(bits.count_both(some, value, MOST_COUNTED), MOST_COUNTED + 1)


def count_value(narrowed: Narrowed, name: str, value: FacetValue | None) -> int:
    """Return how many products have the value, of those that are counted for this thing."""
    if value is None:
        return 0
    if narrowed.is_everything_without(name):
        return min(value.products, MOST_COUNTED + 1)
    return count_up(narrowed.left_without(name), narrowed.sets.get(value)[0])


def count_shelf(narrowed: Narrowed, shelf: Shelf) -> int:
    """Return how many products a category has with all below it: a product is in one of them."""
    if narrowed.is_everything_without(CATEGORY):
        values = (narrowed.sets.find(CATEGORY, str(id_)) for id_ in narrowed.shelves.with_all_below(shelf))
        return min(sum(value.products for value in values if value), MOST_COUNTED + 1)
    return count_up(narrowed.left_without(CATEGORY), _shelf_set(narrowed.sets, narrowed.shelves, shelf))


def price_set(sets: FacetSets, all_: Bits, least: int | None, most: int | None) -> Bits:
    """Return those of ``all_`` that have a price from ``least`` to ``most``."""
    digits = sets.price_digits()
    below_end = all_ if most is None else bits.below(all_, digits, most + 1)
    return below_end if least is None else bits.without(below_end, bits.below(all_, digits, least))


def range_set(sets: FacetSets, least: int | None, most: int | None) -> Bits:
    """Return the published products in one of the ranges, which are remembered until something changes."""
    found: Bits = sets.remembered(
        f"prices:{least}:{most}", lambda: price_set(sets, sets.named(SHOWN, YES), least, most)
    )
    return found


def price_ranges(sets: FacetSets) -> list[tuple[int | None, int | None]]:
    """Return ranges of round prices with about equally many products, from the cheapest to the dearest."""
    bounds: list[int] = sets.remembered("prices", lambda: _bounds(sets))
    if not bounds:
        return []
    return [
        (None, bounds[0]),
        *pairwise(bounds),
        (bounds[-1], None),
    ]


def page_of(
    narrowed: Narrowed, sort: Sort, after: tuple[int, int] | None, size: int
) -> tuple[list[int], str | None]:
    """Return the ids of a page, and where the next one begins. It costs the same at any depth."""
    left = narrowed.left
    digits = narrowed.sets.date_digits() if sort is Sort.NEWEST else narrowed.sets.price_digits()
    highest = sort is not Sort.CHEAPEST
    if after is not None:
        left = _beyond(left, digits, *after, highest=highest)
    places = [
        (_number(digits, member), member) for member in bits.foremost(left, digits, size + 1, highest=highest)
    ]
    places.sort(reverse=highest)
    last = places[size - 1] if len(places) > size else None
    return [member for _, member in places[:size]], f"{last[0]}-{last[1]}" if last else None


def _shelf_set(sets: FacetSets, shelves: Shelves, shelf: Shelf) -> Bits:
    """Return what is in a category and in all below it, remembered until something changes."""
    ids = shelves.with_all_below(shelf)
    found: Bits = sets.remembered(
        f"shelves:{ids}", lambda: _union([sets.named(CATEGORY, str(id_)) for id_ in ids])
    )
    return found


def _union(some: list[Bits]) -> Bits:
    return reduce(bits.either, some, bits.NONE)


def _number(digits: list[Bits], member: int) -> int:
    return sum(1 << place for place, digit in enumerate(digits) if bits.has(digit, member))


def _beyond(left: Bits, digits: list[Bits], number: int, member: int, *, highest: bool) -> Bits:
    """Return what comes after a place: further numbers, and of equal ones the members after it."""
    smaller = bits.below(left, digits, number)
    up_to = bits.below(left, digits, number + 1)
    equal = bits.without(up_to, smaller)
    if highest:
        return bits.either(smaller, bits.both(equal, bits.first(member)))
    return bits.either(bits.without(left, up_to), bits.without(equal, bits.first(member + 1)))


def _bounds(sets: FacetSets) -> list[int]:
    numbers = bits.quantiles(sets.shown(), sets.price_digits(), _MOST_RANGES)
    return sorted({_rounded(number) for number in numbers if number > 0})


def _rounded(number: int) -> int:
    """Return the nearest of 1, 2, 3, 5, 10, 20 ... in the smallest unit."""
    power = int("1" + "0" * (len(str(number)) - 1))
    return min((factor * power for factor in (*_NICE, 10)), key=lambda nice: abs(nice - number))
