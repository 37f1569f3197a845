"""Reading the catalogue for pages: explicit columns, statements built once, keyset pages."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import selectinload

from storefront.catalog.cards import Card
from storefront.catalog.models import (
    Category,
    Content,
    OldCategorySlug,
    OldSlug,
    OldTagSlug,
    Picture,
    Product,
    ProductTag,
    Tag,
    Variant,
)
from storefront.catalog.pictures import PictureView, cover_view_of
from storefront.catalog.pricing import step_at
from storefront.catalog.states import ProductState
from storefront.catalog.wares import ProductRow
from storefront.core import db
from storefront.core.clock import datetime, from_timestamp, now, timedelta
from storefront.core.money import Money
from storefront.shop.choosing import chosen_currency
from storefront.shop.service import currency as shop_currency
from storefront.web.page_cache import once_a_version

PAGE_SIZE = 24
_SOON = timedelta(seconds=1)
# What JSON writes for None is a text too.
_NO_COVER = (None, "null")
# Lists are read by Core: entities would cost twice as much (docs/decisions/speed.md).
_product = Product.__table__.c
_category = Category.__table__.c
_tag = Tag.__table__.c
_given = ProductTag.__table__.c
# More products of one tag than these are not sorted, and numbers of shelves for which there is a statement.
_RARE = 5000
_SHELF_COUNTS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


class Sort(StrEnum):
    """The orders in which a list can be read."""

    NEWEST = "newest"
    CHEAPEST = "price"
    DEAREST = "-price"


class Shelf(NamedTuple):
    """A category as the pages of the catalogue show it, in the language of the page.

    ``description`` and ``picture`` are there for the one that the page is about.
    """

    id: int
    parent_id: int | None
    slug: str
    name: str
    description: str = ""
    picture: PictureView | None = None


class TagView(NamedTuple):
    """A tag as the list of its products shows it, in the language of the page; ``is_common``: very many have it."""

    id: int
    slug: str
    name: str
    is_common: bool


@dataclass(slots=True)
class Page:
    """A piece of a list, and where the next one begins (None at the end)."""

    cards: list[Card]
    next_after: str | None


def list_cards(
    language: str,
    *,
    sort: Sort = Sort.NEWEST,
    category_ids: tuple[int, ...] = (),
    tag: TagView | None = None,
    after: str | None = None,
    size: int = PAGE_SIZE,
    root: str = "",
) -> Page:
    """Return one page of published products. Costs one query at any depth and any number of products.

    ``root`` is what stands before each path: the language prefix of the page.
    """
    position = _read_position(after, sort)
    tagged = "" if tag is None else "common" if tag.is_common else "rare" if db.is_sqlite() else "rare array"
    shelves = next(count for count in _SHELF_COUNTS if len(category_ids) <= count)
    statement = _list_statement(language, sort, shelves, tagged, position is not None)
    values: dict[str, Any] = {"now": now(), "size": size + 1}
    values |= {f"shelf_{place}": None for place in range(shelves)}
    values |= {f"shelf_{place}": category_id for place, category_id in enumerate(category_ids)}
    if tag is not None:
        values["tag"] = tag.id
    if position is not None:
        values["position"], values["position_id"] = position
    rows = db.execute(statement, values).all()
    elsewhere = _other_currency()
    cards = [_card_of(row, language, root, elsewhere) for row in rows[:size]]
    return Page(cards, _position_of(rows[size - 1], sort) if len(rows) > size else None)


def cards_by_ids(language: str, product_ids: list[int], root: str = "") -> list[Card]:
    """Return the published ones of these products, in the given order."""
    if not product_ids:
        return []
    statement, elsewhere = _by_ids_statement(language), _other_currency()
    found = {
        row.id: _card_of(row, language, root, elsewhere)
        for row in db.execute(statement, {"ids": product_ids, "now": now()})
    }
    return [found[product_id] for product_id in product_ids if product_id in found]


def find_new_category_slug(slug: str) -> str | None:
    """Return the present address of a category that once had this one."""
    if not slug:
        return None
    return db.session().scalar(
        select(Category.slug)
        .join(OldCategorySlug, OldCategorySlug.category_id == Category.id)
        .where(OldCategorySlug.slug == slug)
    )


def find_tag(language: str, slug: str) -> TagView | None:
    """Return the tag with that address."""
    row = db.session().execute(_tag_statement(language), {"slug": slug, "most": _RARE}).first()
    return TagView(row.id, row.slug, row.name, row.products > _RARE) if row else None


def list_tags(language: str, tag_ids: list[int], slugs: tuple[str, ...]) -> list[TagView]:
    """Return the tags with these ids, in that order, and then those with these addresses."""
    if not tag_ids and not slugs:
        return []
    rows = db.session().execute(_tags_statement(language), {"ids": tag_ids, "slugs": list(slugs)})
    found = {row.id: TagView(row.id, row.slug, row.name, False) for row in rows}
    first = [found.pop(id_) for id_ in tag_ids if id_ in found]
    return [*first, *sorted(found.values(), key=lambda one: one.slug)]


def find_new_tag_slug(slug: str) -> str | None:
    """Return the present address of a tag that once had this one, itself or by another that was merged with it."""
    if not slug:
        return None
    return db.session().scalar(
        select(Tag.slug).join(OldTagSlug, OldTagSlug.tag_id == Tag.id).where(OldTagSlug.slug == slug)
    )


def find_new_slug(slug: str) -> str | None:
    """Return the present address of a product that once had this one."""
    return db.session().scalar(
        select(Product.slug).join(OldSlug, OldSlug.product_id == Product.id).where(OldSlug.slug == slug)
    )


def is_published(product: Product | ProductRow, at: datetime | None = None) -> bool:
    """Whether customers may see and buy the product at that moment."""
    return (
        product.state is ProductState.PUBLISHED
        and product.published_at is not None
        and product.published_at <= (at or now())
    )


def next_publication() -> datetime | None:
    """Return when the clock will next publish something or change a price, which ends every cached list."""
    moment = now()
    known = _next_by_clock()
    published, priced = known if min((at for at in known if at), default=moment) >= moment else _read_next()
    # A price change that is over was not written down yet: what follows it is not known here, so look again soon.
    soon = max(priced, moment + _SOON) if priced is not None else None
    return min((at for at in (published, soon) if at is not None), default=None)


def _read_next() -> tuple[datetime | None, datetime | None]:
    published, priced = db.execute(_NEXT_BY_CLOCK, {"now": now()}).one()
    return published, priced


_next_by_clock = once_a_version(_read_next)


def list_categories() -> list[Category]:
    """Return all shelves in their order."""
    return list(db.session().scalars(select(Category).order_by(Category.position, Category.id)))


@once_a_version
def list_shelves(language: str, chosen: str = "") -> list[Shelf]:
    """Return the same for a page that only shows them, with the text and picture of the one it is about."""
    return [
        Shelf(id_, parent_id, slug, name, text, _picture_of(picture, language))
        for id_, parent_id, slug, name, text, picture in db.execute(
            _shelves_statement(language), {"chosen": chosen}
        )
    ]


def find_category(slug: str) -> Category | None:
    """Return the shelf with that address."""
    return db.session().scalar(select(Category).where(Category.slug == slug))


def with_descendants(category: Shelf, categories: list[Shelf]) -> tuple[int, ...]:
    """Return the ids of the shelf and of all below it."""
    found = [category.id]
    for parent_id in found:
        found += [child.id for child in categories if child.parent_id == parent_id]
    return tuple(found)


def way_to(category: Shelf, categories: list[Shelf]) -> list[Shelf]:
    """Return the shelves that one goes through from the top to this one, without itself."""
    by_id = {one.id: one for one in categories}
    way: list[Shelf] = []
    parent = by_id.get(category.parent_id or 0)
    while parent is not None and parent not in way:
        way.insert(0, parent)
        parent = by_id.get(parent.parent_id or 0)
    return way


def get_variants(variant_ids: list[int]) -> dict[int, Variant]:
    """Return variants with their products, by id (2 queries at most)."""
    statement = select(Variant).where(Variant.id.in_(variant_ids)).options(selectinload(Variant.product))
    return {variant.id: variant for variant in db.session().scalars(statement)}


def contents_of(product_ids: list[int]) -> list[Content]:
    """Return what comes with these products, with files, in order."""
    statement = (
        select(Content)
        .where(Content.product_id.in_(product_ids))
        .order_by(Content.product_id, Content.position, Content.id)
        .options(selectinload(Content.file))
    )
    return list(db.session().scalars(statement))


def pictures_of(product_id: int) -> list[Picture]:
    """Return the pictures of a product in order."""
    return list(
        db.session().scalars(
            select(Picture).where(Picture.product_id == product_id).order_by(Picture.position, Picture.id)
        )
    )


def card_columns(language: str, columns: Any = _product) -> tuple[Any, ...]:
    """Return what ``cards_of`` needs of the product table, or of another name for it."""
    return (
        columns.id,
        columns.slug,
        translated("title", language, columns),
        translated("summary", language, columns),
        columns.kind,
        columns.currency,
        columns.price_amount,
        columns.price_varies,
        columns.is_available,
        # As text, which is read once for many pages.
        cast(columns.cover, Text),
        columns.published_at,
        columns.review_count,
        columns.rating_sum,
        columns.price_steps,
        # Read only by who has chosen another currency.
        cast(columns.other_prices, Text),
    )


def cards_of(rows: Iterable[Sequence[Any]], language: str, root: str = "") -> list[Card]:
    """Turn rows of ``card_columns`` into what the templates print."""
    elsewhere = _other_currency()
    return [_card_of(row, language, root, elsewhere) for row in rows]


def published(at: Any, columns: Any = _product) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which customers may see a product at that moment."""
    return (columns.state == ProductState.PUBLISHED, columns.published_at <= at)


def _other_currency() -> str | None:
    """Return the currency that the visitor has chosen, None when it is the shop's own."""
    chosen = chosen_currency()
    return None if chosen == shop_currency() else chosen


def _card_of(row: Any, language: str, root: str, elsewhere: str | None = None) -> Card:
    """Turn a row of the list statement into what the templates print, in the other currency if it has a price there."""
    id_, slug, title, summary, kind, currency, amount, varies, is_available, cover, published_at, *rest = row
    review_count, rating_sum, steps, other_prices = rest
    before = None
    if steps is not None:
        step = step_at(steps, now())
        amount, varies = step["amount"], step["varies"]
        before = Money(step["before"], currency) if step["before"] is not None else None
    if elsewhere and other_prices and (other := json.loads(other_prices).get(elsewhere)):
        amount, varies, currency, before = other["amount"], other["varies"], elsewhere, None
    picture = cover_view_of(cover, language) if cover not in _NO_COVER else None
    price = Money(amount, currency)
    return Card(
        id_,
        f"{root}/products/{slug}",
        title,
        summary,
        kind,
        price,
        varies,
        is_available,
        picture,
        published_at,
        review_count,
        rating_sum,
        before,
    )


def _picture_of(cover: str | None, language: str) -> PictureView | None:
    return None if cover is None or cover in _NO_COVER else cover_view_of(cover, language)


@lru_cache(maxsize=8)
def _by_ids_statement(language: str) -> Select[Any]:
    wanted = _product.id.in_(bindparam("ids", expanding=True))
    return select(*card_columns(language)).where(wanted, *published(bindparam("now")))


@lru_cache(maxsize=128)
def _list_statement(language: str, sort: Sort, shelves: int, tagged: str, continued: bool) -> Select[Any]:
    """Several shelves are read each by its own index as far as the page needs, and the pieces are put together: no
    number of products on them has to be sorted.

    SQLite knows nothing of how many rows a condition leaves, so it is shown only those that it should use an index
    for: those in whose order the list is read (of two bounds it takes the first), or for a rare tag the tag alone.
    """
    key: Any = _product.published_at if sort is Sort.NEWEST else _product.price_amount
    is_public, is_out = published(bindparam("now"))
    is_rare = tagged.startswith("rare")
    if is_rare or continued or sort is not Sort.NEWEST:
        is_out = func.coalesce(_product.published_at, _product.created_at) <= bindparam("now")
    if is_rare:
        is_public = func.coalesce(_product.state, "") == ProductState.PUBLISHED.value
        key = func.coalesce(key, _product.created_at if sort is Sort.NEWEST else 0)
    descending = sort in (Sort.NEWEST, Sort.DEAREST)
    order = (key.desc(), _product.id.desc()) if descending else (key, _product.id)
    conditions = [is_public, is_out, *_tagged(tagged)]
    if continued:
        conditions.append(_beyond(key, descending))
    statement = select(*card_columns(language))
    if shelves > 1:
        pieces = [
            select(_product.id)
            .where(_product.category_id == bindparam(f"shelf_{place}"), *conditions)
            .order_by(*order)
            .limit(bindparam("size"))
            .subquery()
            for place in range(shelves)
        ]
        found = union_all(*(select(piece.c.id) for piece in pieces)).subquery()
        statement = statement.join(found, found.c.id == _product.id)
    else:
        on_shelf = [_product.category_id == bindparam("shelf_0")] if shelves else []
        statement = statement.where(*on_shelf, *conditions)
    return statement.order_by(*order).limit(bindparam("size"))


def _tagged(how: str) -> tuple[ColumnElement[bool], ...]:
    """A tag that few have is looked up and its products sorted; a common one is met soon on the way in order.

    PostgreSQL would rather read the whole table than look up some thousand products; an array leaves it no choice.
    """
    few = select(_given.product_id).where(_given.tag_id == bindparam("tag"))
    if how == "rare":
        return (_product.id.in_(few),)
    if how == "rare array":
        return (_product.id == func.any(func.array(few.scalar_subquery())),)
    if how == "common":
        has_it = (_given.product_id == _product.id, _given.tag_id == bindparam("tag"))
        return (exists().where(*has_it).correlate(Product.__table__),)
    return ()


def _beyond(key: Any, descending: bool) -> ColumnElement[bool]:
    """Continue after a row: the first condition lets the index jump there, the second breaks ties."""
    position: BindParameter[Any] = bindparam("position")
    position_id: BindParameter[int] = bindparam("position_id")
    if descending:
        return and_(key <= position, or_(key < position, _product.id < position_id))
    return and_(key >= position, or_(key > position, _product.id > position_id))


def translated(field: str, language: str, columns: Any = _product) -> Any:
    """Return a text in the language, or in the owner's own where it is not translated."""
    own = columns[field]
    if language == "en":
        return own
    return func.coalesce(columns.translations[language][field].as_string(), own).label(field)


@lru_cache(maxsize=8)
def _shelves_statement(language: str) -> Select[Any]:
    """Texts are long and pictures many, so that only those of one shelf are read."""
    is_chosen = _category.slug == bindparam("chosen")
    return select(
        _category.id,
        _category.parent_id,
        _category.slug,
        translated("name", language, _category),
        case((is_chosen, translated("description", language, _category)), else_=""),
        case((is_chosen, cast(_category.picture, Text))).label("picture"),
    ).order_by(_category.position, _category.id)


@lru_cache(maxsize=8)
def _tags_statement(language: str) -> Select[Any]:
    wanted = _tag.id.in_(bindparam("ids", expanding=True)) | _tag.slug.in_(bindparam("slugs", expanding=True))
    return select(_tag.id, _tag.slug, translated("name", language, _tag).label("name")).where(wanted)


@lru_cache(maxsize=8)
def _tag_statement(language: str) -> Select[Any]:
    wanted = select(_tag.id).where(_tag.slug == bindparam("slug")).scalar_subquery()
    some = select(_given.tag_id).where(_given.tag_id == wanted).limit(bindparam("most") + 1).subquery()
    return select(
        _tag.id,
        _tag.slug,
        translated("name", language, _tag),
        select(func.count()).select_from(some).scalar_subquery().label("products"),
    ).where(_tag.slug == bindparam("slug"))


def _position_of(row: Row[Any], sort: Sort) -> str:
    key = int(row.published_at.timestamp() * 1_000_000) if sort is Sort.NEWEST else row.price_amount
    return f"{key}-{row.id}"


def _read_position(after: str | None, sort: Sort) -> tuple[Any, int] | None:
    """Read where to go on; what is no position begins at the start."""
    key, _, row_id = (after or "").partition("-")
    if (
        not (key.isascii() and key.isdigit() and row_id.isascii() and row_id.isdigit())
        or len(key) > 18
        or len(row_id) > 18
    ):
        return None
    if sort is not Sort.NEWEST:
        return int(key), int(row_id)
    seconds, micro = divmod(int(key), 1_000_000)
    return (
        (from_timestamp(seconds) + timedelta(microseconds=micro), int(row_id))
        if seconds < 253_402_300_000
        else None
    )


_NEXT_BY_CLOCK = select(
    select(func.min(_product.published_at))
    .where(_product.state == ProductState.PUBLISHED, _product.published_at > bindparam("now"))
    .scalar_subquery(),
    select(func.min(_product.price_next_at)).where(_product.price_next_at.is_not(None)).scalar_subquery(),
)
