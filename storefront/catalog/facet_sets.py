"""The facets as this process holds them: sets that were asked for lately, brought up to date by what has changed.

One short question per use ("what is newer than the last I have seen?") replaces reading some 7 MB of bits at a million
products. A set that was not asked for yet is read whole, once.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, bindparam, func, select

from storefront.catalog import bits
from storefront.catalog.bits import Bits
from storefront.catalog.facets import (
    CATEGORY,
    DATE,
    DATE_DIGITS,
    OPTION,
    PRICE,
    PRICE_DIGITS,
    SHOWN,
    TAG,
    YES,
)
from storefront.catalog.models import Facet, FacetBlock, Product
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now

# Blocks held in memory, of 1 KB each: a set of a million products has 122 of them.
MOST_BLOCKS = 80_000
# Of each name the values of so many products are known at once; others are looked up when somebody asks for one.
MOST_LISTED = 24
_MOST_NEWS = 5_000


class FacetValue(NamedTuple):
    """A value that products have: its words in other languages, and how many published products have it."""

    id: int
    name: str
    value: str
    products: int
    labels: dict[str, dict[str, str]]


class FacetSets:
    """What was true at one moment, for one page."""

    def __init__(self, memory: "_Memory", listed: dict[str, list[FacetValue]]) -> None:
        """``listed`` are the values of most products by name."""
        self._memory = memory
        self._listed = listed
        self._by_value = {(one.name, one.value): one for values in listed.values() for one in values}
        self._got: dict[int, Bits] = {}

    def listed(self, name: str) -> list[FacetValue]:
        """Return the values of that name that most products have, first those with most."""
        return self._listed.get(name, [])

    def option_names(self) -> list[str]:
        """Return the names of options, first those that most products have."""
        names = [name for name in self._listed if name.startswith(OPTION)]
        return sorted(names, key=lambda name: (-sum(one.products for one in self._listed[name]), name))

    def find(self, name: str, value: str) -> FacetValue | None:
        """Return a value that at least one product has had."""
        known = self._by_value.get((name, value))
        if known is None and (
            name == TAG or name.startswith(OPTION)
        ):  # Of other names all values are listed.
            row = db.session().execute(_ONE, {"name": name, "value": value}).first()
            known = FacetValue._make(row) if row is not None else None
            if known is not None:
                self._by_value[name, value] = known
        return known

    def get(self, *values: FacetValue) -> list[Bits]:
        """Return the sets of these values."""
        missing = [one.id for one in values if one.id not in self._got]
        if missing:
            self._got.update(zip(missing, self._memory.get(missing), strict=True))
        return [self._got[one.id] for one in values]

    def fetch(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Get many sets at once that will be asked for one by one."""
        self.get(*(self._by_value[value] for value in wanted if value in self._by_value))

    def named(self, name: str, value: str) -> Bits:
        """Return the set of a value, empty when nothing has it."""
        found = self.find(name, value)
        return self.get(found)[0] if found is not None else bits.NONE

    def shown(self) -> Bits:
        """Return the products that customers see now: the published ones without those of the future."""
        published = self.named(SHOWN, YES)
        coming = bits.of(db.session().scalars(_COMING, {"now": now()}))
        return bits.without(published, coming) if coming else published

    def price_digits(self) -> list[Bits]:
        """Return the binary digits of the price in the smallest unit."""
        return self._digits(PRICE, PRICE_DIGITS)

    def date_digits(self) -> list[Bits]:
        """Return the binary digits of the second of publication."""
        return self._digits(DATE, DATE_DIGITS)

    def remembered(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made under that name since the last change of any facet, else make it."""
        return self._memory.remembered(name, make)

    def _digits(self, name: str, most: int) -> list[Bits]:
        values = [self._by_value.get((name, str(place))) for place in range(most)]
        found = dict(
            zip(
                [one.id for one in values if one],
                self.get(*(one for one in values if one)),
                strict=True,
            )
        )
        digits = [found[one.id] if one else bits.NONE for one in values]
        while digits and not digits[-1]:
            digits.pop()
        return digits


def current_sets() -> FacetSets:
    """Return the facets as they are now (one query, or a few after a change)."""
    engine = db.engine()
    with _opening:
        memory = _memories.get(engine)
        if memory is None:
            memory = _memories[engine] = _Memory()
    return FacetSets(memory, memory.refresh())


class _Memory:
    """The sets of one database, for all threads; a set is never changed, only replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._sets: OrderedDict[int, Bits] = OrderedDict()
        self._held = 0
        self._listed: dict[str, list[FacetValue]] = {}
        self._made: dict[str, Any] = {}

    def refresh(self) -> dict[str, list[FacetValue]]:
        """Read what has changed; return the values by name."""
        with self._lock:
            version = db.session().scalar(_VERSION) or 0
            if version != self._version:
                self._take_news()
                self._listed = _read_listed()
                self._made = {}
                self._version = version
            return self._listed

    def get(self, ids: list[int]) -> list[Bits]:
        """Return these sets, reading those that are not here."""
        with self._lock:
            missing = [id_ for id_ in ids if id_ not in self._sets]
            if missing:
                self._read(missing)
            for id_ in ids:
                self._sets.move_to_end(id_)
            found = [self._sets[id_] for id_ in ids]
            self._drop_oldest()
            return found

    def remembered(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what is kept until the next change."""
        made = self._made
        if name not in made:
            made[name] = make()
        return made[name]

    def _take_news(self) -> None:
        if not self._sets:
            return
        news = db.session().execute(_NEWS, {"seen": self._version, "most": _MOST_NEWS}).all()
        if len(news) >= _MOST_NEWS:
            self._sets.clear()
            self._held = 0
            return
        changed: dict[int, dict[int, int]] = defaultdict(dict)
        for facet_id, block, packed in news:
            if facet_id in self._sets:
                changed[facet_id][block] = bits.unpack(packed)
        for facet_id, blocks in changed.items():
            before = dict(enumerate(self._sets[facet_id]))
            self._put(facet_id, bits.join(before | blocks))

    def _read(self, ids: Iterable[int]) -> None:
        found: dict[int, dict[int, int]] = {id_: {} for id_ in ids}
        for facet_id, block, packed in db.session().execute(_BLOCKS, {"ids": list(found)}):
            found[facet_id][block] = bits.unpack(packed)
        for facet_id, blocks in found.items():
            self._put(facet_id, bits.join(blocks))

    def _put(self, facet_id: int, found: Bits) -> None:
        self._held += len(found) - len(self._sets.get(facet_id, bits.NONE))
        self._sets[facet_id] = found

    def _drop_oldest(self) -> None:
        while self._held > MOST_BLOCKS and len(self._sets) > 1:
            _, oldest = self._sets.popitem(last=False)
            self._held -= len(oldest)


def _read_listed() -> dict[str, list[FacetValue]]:
    listed: dict[str, list[FacetValue]] = defaultdict(list)
    for row in db.session().execute(_LISTED):
        listed[row.name].append(FacetValue._make(row))
    return dict(listed)


_memories: "WeakKeyDictionary[Engine, _Memory]" = WeakKeyDictionary()
_opening = threading.Lock()

_facet, _block, _product = Facet.__table__.c, FacetBlock.__table__.c, Product.__table__.c
_FACET = (_facet.id, _facet.name, _facet.value, _facet.products, _facet.labels)
_placed = select(
    *_FACET,
    func.row_number()
    .over(partition_by=_facet.name, order_by=(_facet.products.desc(), _facet.value))
    .label("place"),
).subquery()
_LISTED = (
    select(_placed.c.id, _placed.c.name, _placed.c.value, _placed.c.products, _placed.c.labels)
    .where((_placed.c.place <= MOST_LISTED) | _placed.c.name.in_((CATEGORY, PRICE, DATE)))
    .order_by(_placed.c.name, _placed.c.place)
)
_ONE = select(*_FACET).where(_facet.name == bindparam("name"), _facet.value == bindparam("value"))
_VERSION = select(func.max(_block.version))
_NEWS = (
    select(_block.facet_id, _block.block, _block.bits)
    .where(_block.version > bindparam("seen"))
    .limit(bindparam("most"))
)
_BLOCKS = select(_block.facet_id, _block.block, _block.bits).where(
    _block.facet_id.in_(bindparam("ids", expanding=True))
)
_COMING = select(_product.id).where(
    _product.state == ProductState.PUBLISHED, _product.published_at > bindparam("now")
)
