"""Reading what the page of one product shows: three statements, built once."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from storefront.catalog.models import Category, Picture, Product, Variant
from storefront.catalog.pictures import PictureView, cover_view
from storefront.catalog.pricing import PriceNow, next_change, price_at
from storefront.catalog.states import ProductKind, ProductState
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.money import Money

Words = dict[str, dict[str, str]]


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
    picture_shows: list[dict[str, list[str]] | None] = field(default_factory=list)

    @property
    def price_changes_at(self) -> datetime | None:
        """When the clock will next change a price."""
        return next_change(self.variants, now())

    @property
    def path(self) -> str:
        """The page of the product, without language prefix."""
        return f"/products/{self.slug}"

    @property
    def is_published(self) -> bool:
        """Whether customers may see and buy it now."""
        is_out = self.published_at is not None and self.published_at <= now()
        return is_out and self.state is ProductState.PUBLISHED


def find_page(language: str, *, slug: str) -> ProductPage | None:
    """Return the product with that address, with category, offers and pictures (3 queries)."""
    return _read(_BY_SLUG, language, slug=slug)


def find_preview(language: str, *, token: str) -> ProductPage | None:
    """Return the product whose secret preview address this is (3 queries)."""
    return _read(_BY_TOKEN, language, token=token)


def _read(statement: Any, language: str, **wanted: str) -> ProductPage | None:
    session = db.session()
    row = session.execute(statement, wanted).first()
    if row is None:
        return None
    *own, shelf_slug, shelf_name, shelf_words = row
    page = ProductPage(*own)
    page.category = ShelfName(shelf_slug, shelf_name, shelf_words) if shelf_slug is not None else None
    page.variants = [Offer._make(offer) for offer in session.execute(_OFFERS, {"product": page.id})]
    pictures = session.execute(_PICTURES, {"product": page.id}).all()
    page.pictures = [cover_view(picture._asdict(), language) for picture in pictures]
    page.picture_ids = [picture.id for picture in pictures]
    page.picture_shows = [picture.shows for picture in pictures]
    return page


_product, _shelf = Product.__table__.c, Category.__table__.c
_variant, _picture = Variant.__table__.c, Picture.__table__.c
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
_BY_SLUG = _PAGE.where(_product.slug == bindparam("slug"))
_BY_TOKEN = _PAGE.where(_product.preview_token == bindparam("token"))
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
