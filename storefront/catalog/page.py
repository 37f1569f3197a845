"""Reading what the page of one product shows: three statements, built once."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, bindparam, join, select, type_coerce

from storefront.catalog.cards import Card
from storefront.catalog.models import (
    Category,
    Picture,
    Product,
    ProductRelated,
    ProductTag,
    Tag,
    Variant,
    VariantPrice,
)
from storefront.catalog.pictures import PictureView, cover_view
from storefront.catalog.pricing import PriceElsewhere, PriceNow, next_change, price_at
from storefront.catalog.queries import card_columns, cards_of, translated
from storefront.catalog.states import Kinship, ProductKind, ProductState
from storefront.core import db
from storefront.core.clock import UTC, datetime, now, timedelta
from storefront.core.json_rows import JsonRows
from storefront.core.money import Money
from storefront.shop.choosing import chosen_currency
from storefront.shop.service import currency as shop_currency

Words = dict[str, dict[str, str]]
_SOON = timedelta(seconds=1)
# Of each kind, on the page of a product.
_BESIDE = 4


class Offer(NamedTuple):
    """A variant that is on offer."""

    id: int
    title: str
    translations: Words
    options: dict[str, str]
    price_amount: int
    compare_at_amount: int | None
    currency: str
    stock: int | None
    sku: str
    barcode: str
    sale_amount: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    sale_before_amount: int | None
    pays_what_they_want: bool
    suggested_amount: int | None
    picture_id: int | None

    @property
    def now(self) -> PriceNow:
        """What one costs at this moment."""
        return price_at(self, now())

    @property
    def price(self) -> Money:
        """What one costs at this moment, or the least where one pays what one wants."""
        return self.now.price

    @property
    def suggested(self) -> Money:
        """What is proposed to who pays what they want."""
        return Money(max(self.suggested_amount or 0, self.now.amount), self.currency)


class ShelfName(NamedTuple):
    """The category that a product is in."""

    slug: str
    name: str
    translations: Words


class TagName(NamedTuple):
    """A tag that a product has, in the language of the page."""

    slug: str
    name: str


@dataclass(slots=True)
class ProductPage:
    """What the page of a product shows, whatever the state of the product."""

    id: int
    slug: str
    kind: ProductKind
    state: ProductState
    title: str
    summary: str
    description: str
    translations: Words
    requires_shipping: bool
    price_varies: bool
    facts: dict[str, Any]
    published_at: datetime | None
    review_count: int
    rating_sum: int
    option_names: list[str] | None
    specifications: list[dict[str, Any]] | None
    category: ShelfName | None = None
    variants: list[Offer] = field(default_factory=list)
    pictures: list[PictureView] = field(default_factory=list)
    picture_ids: list[int] = field(default_factory=list)
    tags: list[TagName] = field(default_factory=list)
    bought_together: list[Card] = field(default_factory=list)
    alike: list[Card] = field(default_factory=list)
    beside_changes_at: datetime | None = None
    picture_shows: list[dict[str, list[str]] | None] = field(default_factory=list)

    @property
    def price_changes_at(self) -> datetime | None:
        """When the clock will next change a price that the page shows."""
        moments = (next_change(self.variants, now()), self.beside_changes_at)
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def path(self) -> str:
        """The page of the product, without language prefix."""
        return f"/products/{self.slug}"

    @property
    def is_published(self) -> bool:
        """Whether customers may see and buy it now."""
        is_out = self.published_at is not None and self.published_at <= now()
        return is_out and self.state is ProductState.PUBLISHED


def find_page(language: str, *, slug: str, root: str = "") -> ProductPage | None:
    """Return the product with that address, with category, tags, offers, pictures, and what stands beside it.

    Costs 3 queries. ``root`` is what stands before paths: the language prefix of the page.
    """
    return _read(_product.slug, language, slug, root)


def find_preview(language: str, *, token: str) -> ProductPage | None:
    """Return the product whose secret preview address this is (3 queries)."""
    return _read(_product.preview_token, language, token, "")


def _read(column: ColumnElement[str], language: str, wanted: str, root: str) -> ProductPage | None:
    row = db.execute(_page_statement(column, language), {"wanted": wanted, "now": now()}).first()
    if row is None:
        return None
    *own, shelf_slug, shelf_name, shelf_words, tags, beside = row
    page = ProductPage(*own)
    page.tags = [TagName(slug, name) for _key, slug, name in sorted(tags)]
    _put_beside(page, beside, language, root)
    page.category = ShelfName(shelf_slug, shelf_name, shelf_words) if shelf_slug is not None else None
    page.variants = _offers(page.id)
    pictures = db.execute(_PICTURES, {"product": page.id}).all()
    page.pictures = [cover_view(picture._asdict(), language) for picture in pictures]
    page.picture_ids = [picture.id for picture in pictures]
    page.picture_shows = [picture.shows for picture in pictures]
    return page


def _offers(product_id: int) -> list[Offer]:
    """Return the offers in the currency that the visitor has chosen, if each of them has a price in it."""
    wanted = chosen_currency()
    if wanted == shop_currency():
        return [Offer._make(offer) for offer in db.execute(_OFFERS, {"product": product_id})]
    rows = db.execute(_OFFERS_ELSEWHERE, {"product": product_id, "currency": wanted}).all()
    offers = [Offer._make(own) for *own, _ in rows]
    if any(row.elsewhere is None for row in rows):
        return offers
    return [
        offer._replace(
            **PriceElsewhere(row.elsewhere, wanted, offer.pays_what_they_want)._asdict(),
            suggested_amount=None,
        )
        for offer, row in zip(offers, rows, strict=True)
    ]


def _put_beside(page: ProductPage, rows: list[list[Any]], language: str, root: str) -> None:
    """What is bought together comes first; nothing stands there twice."""
    rows.sort(key=lambda row: (row[0], row[1]))
    cards = [
        (row[0], card) for row, card in zip(rows, cards_of(map(_as_row, rows), language, root), strict=True)
    ]
    page.bought_together = [card for kind, card in cards if kind == Kinship.BOUGHT][:_BESIDE]
    shown = {card.id for card in page.bought_together}
    page.alike = [card for kind, card in cards if kind == Kinship.ALIKE and card.id not in shown][:_BESIDE]
    # A change that is over but was not written down yet: what follows it is not known here, so look again soon.
    moments = [max(_moment(row[2]), now() + _SOON) for row in rows if row[2] is not None]
    page.beside_changes_at = min(moments, default=None)


def _as_row(row: list[Any]) -> list[Any]:
    """Return the columns of a card as a list would have read them; when it was published is not shown."""
    card = row[3:]
    card[_KIND] = ProductKind(card[_KIND])
    card[_PUBLISHED] = None
    card[_STEPS] = json.loads(card[_STEPS]) if isinstance(card[_STEPS], str) else card[_STEPS]
    return card


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_product, _shelf = Product.__table__.c, Category.__table__.c
_variant, _picture = Variant.__table__.c, Picture.__table__.c
_tag, _given = Tag.__table__.c, ProductTag.__table__.c
_other, _related = Product.__table__.alias("other"), ProductRelated.__table__
# Places among the columns of a card.
_KIND, _PUBLISHED, _STEPS = 4, 10, 13
_PAGE = select(
    _product.id,
    _product.slug,
    _product.kind,
    _product.state,
    _product.title,
    _product.summary,
    _product.description,
    _product.translations,
    _product.requires_shipping,
    _product.price_varies,
    _product.facts,
    _product.published_at,
    _product.review_count,
    _product.rating_sum,
    _product.option_names,
    _product.specifications,
    _shelf.slug.label("shelf_slug"),
    _shelf.name.label("shelf_name"),
    _shelf.translations.label("shelf_words"),
).outerjoin(Category.__table__, _shelf.id == _product.category_id)


@lru_cache(maxsize=8)
def _page_statement(column: ColumnElement[str], language: str) -> Select[Any]:
    tags = (
        select(JsonRows(_tag.key, _tag.slug, translated("name", language, _tag)))
        .select_from(join(ProductTag.__table__, Tag.__table__, _tag.id == _given.tag_id))
        .where(_given.product_id == _product.id)
        .correlate(Product.__table__)
    )
    beside = (
        select(
            JsonRows(
                _related.c.kind, _related.c.rank, _other.c.price_next_at, *card_columns(language, _other.c)
            )
        )
        .select_from(join(_related, _other, _other.c.id == _related.c.other_id))
        .where(
            _related.c.product_id == _product.id,
            # Joined by its id: "|| ''" leaves SQLite no index by which to walk through all that is published.
            type_coerce(_other.c.state, String).concat("") == ProductState.PUBLISHED.value,
            _other.c.published_at <= bindparam("now"),
        )
        .correlate(Product.__table__)
    )
    return _PAGE.add_columns(tags.scalar_subquery(), beside.scalar_subquery()).where(
        column == bindparam("wanted")
    )


_OFFERS = (
    select(
        _variant.id,
        _variant.title,
        _variant.translations,
        _variant.options,
        _variant.price_amount,
        _variant.compare_at_amount,
        _variant.currency,
        _variant.stock,
        _variant.sku,
        _variant.barcode,
        _variant.sale_amount,
        _variant.sale_starts_at,
        _variant.sale_ends_at,
        _variant.sale_before_amount,
        _variant.pays_what_they_want,
        _variant.suggested_amount,
        _variant.picture_id,
    )
    .where(_variant.product_id == bindparam("product"), _variant.archived_at.is_(None))
    .order_by(_variant.position, _variant.id)
)
_OFFERS_ELSEWHERE = _OFFERS.add_columns(VariantPrice.__table__.c.amount.label("elsewhere")).outerjoin(
    VariantPrice.__table__,
    (VariantPrice.__table__.c.variant_id == _variant.id)
    & (VariantPrice.__table__.c.currency == bindparam("currency")),
)
_PICTURES = (
    select(
        _picture.id,
        _picture.key,
        _picture.width,
        _picture.height,
        _picture.widths,
        _picture.has_avif,
        _picture.shows,
        _picture.alt,
        _picture.translations,
    )
    .where(_picture.product_id == bindparam("product"))
    .order_by(_picture.position, _picture.id)
)
