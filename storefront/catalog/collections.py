"""Reading collections for pages: explicit columns, statements built once."""

from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, and_, bindparam, case, cast, func, literal, null, or_, select, union_all

from storefront.catalog.cards import Card
from storefront.catalog.models import Collection, CollectionProduct, OldCollectionSlug, Product
from storefront.catalog.pictures import PictureView, cover_view_of
from storefront.catalog.queries import PAGE_SIZE, Page, card_columns, cards_of, published, translated
from storefront.core import db
from storefront.core.clock import now

_ON_HOME = 4
_collection, _placed = Collection.__table__, CollectionProduct.__table__
_product = Product.__table__.c


class CollectionView(NamedTuple):
    """A collection as its page shows it, in the language of the page."""

    id: int
    slug: str
    title: str
    description: str
    picture: PictureView | None


class Featured(NamedTuple):
    """A collection on the home page, with the first of its products."""

    slug: str
    title: str
    cards: list[Card]


def find_collection(language: str, slug: str) -> CollectionView | None:
    """Return the collection with that address, if customers may see it."""
    row = db.session().execute(_one_statement(language), {"slug": slug}).first()
    if row is None:
        return None
    picture = cover_view_of(row.picture, language) if row.picture not in (None, "null") else None
    return CollectionView(row.id, row.slug, row.title, row.description, picture)


def find_new_collection_slug(slug: str) -> str | None:
    """Return the present address of a collection that once had this one."""
    return db.session().scalar(
        select(Collection.slug)
        .join(OldCollectionSlug, OldCollectionSlug.collection_id == Collection.id)
        .where(OldCollectionSlug.slug == slug, Collection.published_at.is_not(None))
    )


def list_in_collection(
    language: str, collection_id: int, *, after: str | None = None, size: int = PAGE_SIZE, root: str = ""
) -> Page:
    """Return one page of the published products of a collection, in the owner's order (one query)."""
    position, position_id = _read_position(after)
    values = {
        "collection": collection_id,
        "position": position,
        "position_id": position_id,
        "now": now(),
        "size": size + 1,
    }
    rows = [tuple(row) for row in db.session().execute(_list_statement(language), values)]
    cards = cards_of((row[1:] for row in rows[:size]), language, root)
    return Page(cards, f"{rows[size - 1][0]}-{cards[-1].id}" if len(rows) > size else None)


def read_home(language: str, newest: int, root: str = "") -> tuple[list[Card], list[Featured]]:
    """Return the newest products and the collections that the owner has put on the home page (one query).

    A collection of which nothing can be seen is left out.
    """
    values = {"now": now(), "newest": newest}
    rows = [tuple(row) for row in db.session().execute(_home_statement(language), values)]
    cards = cards_of((row[4:] for row in rows), language, root)
    shelves: list[Featured] = []
    first: list[Card] = []
    found = zip(rows, cards, strict=True)
    for (position, slug, title), group in groupby(found, key=lambda pair: pair[0][:3]):
        shown = [card for _, card in group]
        if position is None:
            first = shown
        else:
            shelves.append(Featured(slug, title, shown))
    return first, shelves


def _read_position(after: str | None) -> tuple[int, int]:
    """Read where to go on; what is no position begins at the start."""
    position, _, product_id = (after or "").partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (position, product_id)):
        return -1, 0
    return int(position), int(product_id)


@lru_cache(maxsize=8)
def _one_statement(language: str) -> Select[Any]:
    columns = _collection.c
    return select(
        columns.id,
        columns.slug,
        translated("title", language, columns),
        translated("description", language, columns),
        cast(columns.picture, Text).label("picture"),
    ).where(columns.slug == bindparam("slug"), columns.published_at.is_not(None))


@lru_cache(maxsize=8)
def _list_statement(language: str) -> Select[Any]:
    placed = _placed.c
    further = or_(
        placed.position > bindparam("position"),
        and_(placed.position == bindparam("position"), placed.product_id > bindparam("position_id")),
    )
    return (
        select(placed.position, *card_columns(language))
        .join(_placed, placed.product_id == _product.id)
        .where(placed.collection_id == bindparam("collection"), further, *published(bindparam("now")))
        .order_by(placed.position, placed.product_id)
        .limit(bindparam("size"))
    )


@lru_cache(maxsize=8)
def _home_statement(language: str) -> Select[Any]:
    """The newest and the first of each collection by their ids, and then the rest of all these together."""
    order = (_product.published_at.desc(), _product.id.desc())
    newest = (
        select(_product.id, func.row_number().over(order_by=order).label("place"))
        .where(*published(bindparam("now")))
        .order_by(*order)
        .limit(bindparam("newest"))
        .subquery()
    )
    place = func.row_number().over(
        partition_by=_placed.c.collection_id, order_by=(_placed.c.position, _placed.c.product_id)
    )
    collected = (
        select(_placed.c.product_id.label("id"), _placed.c.collection_id, place.label("place"))
        .join(_collection, _collection.c.id == _placed.c.collection_id)
        .join(Product.__table__, _product.id == _placed.c.product_id)
        .where(
            _collection.c.home_position.is_not(None),
            _collection.c.published_at.is_not(None),
            *published(bindparam("now")),
        )
        .subquery()
    )
    shown = union_all(
        select(
            newest.c.id, cast(null(), _placed.c.collection_id.type).label("collection_id"), newest.c.place
        ),
        select(collected.c.id, collected.c.collection_id, collected.c.place).where(
            collected.c.place <= _ON_HOME
        ),
    ).subquery()
    first = case((_collection.c.home_position.is_(None), literal(0)), else_=literal(1))
    return (
        select(
            _collection.c.home_position,
            _collection.c.slug,
            translated("title", language, _collection.c),
            shown.c.place,
            *card_columns(language),
        )
        .select_from(shown)
        .join(Product.__table__, _product.id == shown.c.id)
        .outerjoin(_collection, _collection.c.id == shown.c.collection_id)
        .order_by(first, _collection.c.home_position, _collection.c.id, shown.c.place)
    )
