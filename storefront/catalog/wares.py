"""What a cart and an order need of a variant and its product.

Rows of explicit columns: the entities with all their texts and facts would cost three times as much.
"""

from typing import Any, NamedTuple

from sqlalchemy import Row, Text, cast

from storefront.catalog.models import Product, Variant
from storefront.catalog.pictures import PictureView, cover_view_of
from storefront.catalog.states import ProductState
from storefront.core.clock import datetime
from storefront.web.language import current_language

Words = dict[str, dict[str, str]]


class VariantRow(NamedTuple):
    """A variant as it stands in the database now."""

    id: int
    sku: str
    title: str
    translations: Words
    price_amount: int
    compare_at_amount: int | None
    currency: str
    sale_amount: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    sale_before_amount: int | None
    pays_what_they_want: bool
    stock: int | None
    weight_grams: int | None
    archived_at: datetime | None


class ProductRow(NamedTuple):
    """The product that it is a variant of."""

    id: int
    slug: str
    title: str
    translations: Words
    state: ProductState
    published_at: datetime | None
    requires_shipping: bool
    tax_class: str
    other_prices: dict[str, Any] | None
    cover: str | None

    @property
    def path(self) -> str:
        """The page of the product, without language prefix."""
        return f"/products/{self.slug}"

    @property
    def picture(self) -> PictureView | None:
        """The cover in the page's language."""
        return cover_view_of(self.cover, current_language()) if self.cover not in (None, "null") else None


_product = Product.__table__.c
_VARIANT = tuple(Variant.__table__.c[name] for name in VariantRow._fields)
# The cover as text, which is read once for many pages.
_PRODUCT = (*(_product[name] for name in ProductRow._fields[:-1]), cast(_product.cover, Text))
WARE = (*_VARIANT, *_PRODUCT)


def ware_of(row: Row[*tuple[Any, ...]], first: int) -> tuple[VariantRow, ProductRow]:
    """Return what the columns ``WARE`` say, which begin at place ``first`` of the row."""
    middle = first + len(_VARIANT)
    return VariantRow._make(row[first:middle]), ProductRow._make(row[middle : middle + len(_PRODUCT)])
