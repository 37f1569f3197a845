"""Writing down what lists are narrowed by: for each value, the set of the published products that have it.

Whoever changes a product in a way that a filter could see calls ``mark``; at the end of the unit all marked products
are looked at once, and only the bits that have changed are written, in the same transaction. The catalogue's stamp is
taken first, so that writers follow one another and versions are seen in their order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update

from storefront.catalog.bits import BLOCK, pack, unpack
from storefront.catalog.choosing import option_names
from storefront.catalog.models import Facet, FacetBlock, Product, ProductFacets, ProductTag, Variant
from storefront.catalog.stamp import raise_stamp, read_stamp
from storefront.catalog.states import ProductState
from storefront.core import db

SHOWN, CATEGORY, TAG, STOCK, RATING = "shown", "category", "tag", "stock", "rating"
# Numbers, one set for each binary digit: the price in the smallest unit, the second of the publication.
PRICE, DATE = "price", "date"
OPTION = "option:"
YES = "1"
RATINGS = (4, 3, 2, 1)
PRICE_DIGITS, DATE_DIGITS = 36, 32
_BATCH = 400

Value = tuple[str, str]
Labels = dict[str, dict[str, str]]


def mark(product_id: int) -> None:
    """Have the facets of a product written down at the end of the current unit."""
    db.before_commit(_write_marked, product_id)


def unmarked_products(limit: int) -> list[int]:
    """Return products whose facets were never written down."""
    known = select(ProductFacets.product_id).where(ProductFacets.product_id == Product.id).exists()
    return list(db.session().scalars(select(Product.id).where(~known).order_by(Product.id).limit(limit)))


def write_whole(sets: dict[Value, Iterable[tuple[int, bytes]]], counts: dict[Value, int]) -> dict[Value, int]:
    """Write whole sets at once, as blocks, into empty tables; return the ids that the values got.

    For whoever makes a large catalogue at once; the rows of ``product_facets`` are theirs to write.
    """
    session = db.session()
    raise_stamp()
    version = read_stamp()
    ids = _known(sets)
    _add_missing({value: {} for value in sets}, ids)
    session.execute(
        _COUNT, [{"facet": ids[value], "difference": number} for value, number in counts.items() if number]
    )
    rows = (
        {"facet_id": ids[value], "block": number, "version": version, "bits": packed}
        for value, blocks in sets.items()
        for number, packed in blocks
    )
    while some := list(islice(rows, 5000)):
        session.execute(insert(FacetBlock), some)
    return ids


def values_of(row: Any, options: list[dict[str, str]], tag_ids: list[int]) -> Iterator[Value]:
    """Yield the values of one published product: ``row`` has its columns, ``options`` are those of its variants."""
    yield SHOWN, YES
    if row.category_id is not None:
        yield CATEGORY, str(row.category_id)
    for tag_id in tag_ids:
        yield TAG, str(tag_id)
    for each in options:
        for name, value in each.items():
            yield OPTION + name[:60], value[:120]
    if row.is_available:
        yield STOCK, YES
    for stars in RATINGS:
        if row.review_count and row.rating_sum >= stars * row.review_count:
            yield RATING, str(stars)
    yield from _digits(PRICE, row.price_amount, PRICE_DIGITS)
    yield from _digits(DATE, int(row.published_at.timestamp()), DATE_DIGITS)


def _digits(name: str, number: int, most: int) -> Iterator[Value]:
    number = max(0, min(number, (1 << most) - 1))
    return ((name, str(place)) for place in range(most) if number >> place & 1)


def _write_marked(product_ids: set[int]) -> None:
    session = db.session()
    session.flush()
    raise_stamp()
    version = read_stamp()
    wanted = sorted(product_ids)
    for begin in range(0, len(wanted), _BATCH):
        _write(wanted[begin : begin + _BATCH], version)


def _write(product_ids: list[int], version: int) -> None:
    described = _described(product_ids)
    labels = {
        value: words for values in described.values() for value, words in values.items()
    }  # of the last one
    ids = _known(labels)
    _add_missing(labels, ids)
    before = dict(
        db.session().execute(_BEFORE, {"ids": product_ids}).all(),
    )
    added: dict[tuple[int, int], int] = defaultdict(int)
    removed: dict[tuple[int, int], int] = defaultdict(int)
    changed = {}
    for product_id in product_ids:
        old = set(before.get(product_id, ()))
        new = {ids[value] for value in described.get(product_id, ())}
        number, place = divmod(product_id, BLOCK)
        for facet_id in new - old:
            added[facet_id, number] |= 1 << place
        for facet_id in old - new:
            removed[facet_id, number] |= 1 << place
        if new != old or product_id not in before:
            changed[product_id] = sorted(new)
    _change_blocks(added, removed, version)
    _note_products(changed, before)


def _described(product_ids: list[int]) -> dict[int, dict[Value, Labels]]:
    """Return the values of the published ones of these products, and what the owner calls them in other languages."""
    session = db.session()
    rows = session.execute(_PRODUCTS, {"ids": product_ids}).all()
    options: dict[int, list[dict[str, str]]] = defaultdict(list)
    for product_id, each in session.execute(_OPTIONS, {"ids": product_ids}):
        options[product_id].append(each or {})
    tags: dict[int, list[int]] = defaultdict(list)
    for product_id, tag_id in session.execute(_TAGS, {"ids": product_ids}):
        tags[product_id].append(tag_id)
    found: dict[int, dict[Value, Labels]] = {}
    for row in rows:
        words = _labels(row, options[row.id]) if row.translations else {}
        values = values_of(row, options[row.id], tags[row.id])
        found[row.id] = {value: words.get(value, {}) for value in values}
    return found


def _labels(row: Any, options: list[dict[str, str]]) -> dict[Value, Labels]:
    """Return how the product's translations call its options: ``{"zh": {"name", "value"}}`` by value."""
    found: dict[Value, Labels] = defaultdict(dict)
    names = option_names(row.option_names, options)
    for language, words in row.translations.items():
        for each in options:
            for name, value in each.items():
                own = words.get(_label_key(names.index(name))) if name in names else None
                label = {"name": own, "value": words.get(f"value:{value}")}
                known = {key: text for key, text in label.items() if text}
                if known:
                    found[OPTION + name[:60], value[:120]][language] = known
    return found


def _label_key(number: int) -> str:
    return "option" if number == 0 else f"option{number + 1}"


def _known(values: Iterable[Value]) -> dict[Value, int]:
    """Return the ids of the values that are there."""
    wanted = set(values)
    names, words = sorted({name for name, _ in wanted}), sorted({value for _, value in wanted})
    rows = db.session().execute(_FACETS, {"names": names, "words": words})
    return {(name, value): id_ for id_, name, value in rows if (name, value) in wanted}


def _add_missing(labels: dict[Value, Labels], ids: dict[Value, int]) -> None:
    """Make rows for new values, and write down what they are called now."""
    session = db.session()
    missing = [value for value in labels if value not in ids]
    if missing:
        rows = [
            {"name": name, "value": value, "products": 0, "labels": labels[name, value]}
            for name, value in sorted(missing)
        ]
        session.execute(insert(Facet), rows)
        ids.update(_known(missing))
    named = [
        {"facet": ids[value], "labels": words}
        for value, words in labels.items()
        if words and value not in missing
    ]
    if named:
        session.execute(_NAME, named)


def _change_blocks(
    added: dict[tuple[int, int], int], removed: dict[tuple[int, int], int], version: int
) -> None:
    places = sorted({*added, *removed})
    if not places:
        return
    session = db.session()
    wanted = {
        "facets": sorted({facet for facet, _ in places}),
        "blocks": sorted({block for _, block in places}),
    }
    known = {(facet, block): unpack(packed) for facet, block, packed in session.execute(_BLOCKS, wanted)}
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    counts: dict[int, int] = defaultdict(int)
    for facet, block in places:
        before = known.get((facet, block), 0)
        after = (before | added[facet, block]) & ~removed[facet, block]
        counts[facet] += after.bit_count() - before.bit_count()
        rows = old if (facet, block) in known else new
        rows.append({"facet": facet, "number": block, "now": version, "packed": pack(after)})
    if new:
        session.execute(_NEW_BLOCK, new)
    if old:
        session.execute(_CHANGED_BLOCK, old)
    session.execute(
        _COUNT, [{"facet": facet, "difference": number} for facet, number in sorted(counts.items())]
    )


def _note_products(changed: dict[int, list[int]], before: dict[int, list[int]]) -> None:
    rows = [{"product": product_id, "ids": ids} for product_id, ids in changed.items()]
    new = [row for row in rows if row["product"] not in before]
    old = [row for row in rows if row["product"] in before]
    if new:
        db.session().execute(_NEW_PRODUCT, new)
    if old:
        db.session().execute(_CHANGED_PRODUCT, old)


_facets, _blocks, _notes = (cast(Table, model.__table__) for model in (Facet, FacetBlock, ProductFacets))
_product, _facet, _block, _noted = Product.__table__.c, _facets.c, _blocks.c, _notes.c
_PRODUCTS = select(
    _product.id,
    _product.category_id,
    _product.price_amount,
    _product.is_available,
    _product.published_at,
    _product.review_count,
    _product.rating_sum,
    _product.option_names,
    _product.translations,
).where(_product.id.in_(bindparam("ids", expanding=True)), _product.state == ProductState.PUBLISHED)
_OPTIONS = select(Variant.product_id, Variant.options).where(
    Variant.product_id.in_(bindparam("ids", expanding=True)), Variant.archived_at.is_(None)
)
_TAGS = select(ProductTag.product_id, ProductTag.tag_id).where(
    ProductTag.product_id.in_(bindparam("ids", expanding=True))
)
_FACETS = select(_facet.id, _facet.name, _facet.value).where(
    _facet.name.in_(bindparam("names", expanding=True)), _facet.value.in_(bindparam("words", expanding=True))
)
_BEFORE = select(_noted.product_id, _noted.facet_ids).where(
    _noted.product_id.in_(bindparam("ids", expanding=True))
)
_BLOCKS = select(_block.facet_id, _block.block, _block.bits).where(
    _block.facet_id.in_(bindparam("facets", expanding=True)),
    _block.block.in_(bindparam("blocks", expanding=True)),
)
_NAME = update(_facets).where(_facet.id == bindparam("facet")).values(labels=bindparam("labels"))
_COUNT = (
    update(_facets)
    .where(_facet.id == bindparam("facet"))
    .values(products=_facet.products + bindparam("difference"))
)
_NEW_BLOCK = insert(_blocks).values(
    facet_id=bindparam("facet"), block=bindparam("number"), version=bindparam("now"), bits=bindparam("packed")
)
_CHANGED_BLOCK = (
    update(_blocks)
    .where(_block.facet_id == bindparam("facet"), _block.block == bindparam("number"))
    .values(version=bindparam("now"), bits=bindparam("packed"))
)
_NEW_PRODUCT = insert(_notes).values(product_id=bindparam("product"), facet_ids=bindparam("ids"))
_CHANGED_PRODUCT = (
    update(_notes).where(_noted.product_id == bindparam("product")).values(facet_ids=bindparam("ids"))
)
