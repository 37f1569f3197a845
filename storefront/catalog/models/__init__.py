"""Tables of the catalogue."""

from storefront.catalog.models.content import Chapter, Content, Lesson, Sample
from storefront.catalog.models.product import (
    CatalogStamp,
    Category,
    OldCategorySlug,
    OldSlug,
    Picture,
    PriceHistory,
    Product,
    StockMovement,
    StockRequest,
    Variant,
    VariantPrice,
)
from storefront.catalog.models.tag import OldTagSlug, ProductTag, Tag

__all__ = [
    "CatalogStamp",
    "Category",
    "Chapter",
    "Content",
    "Lesson",
    "OldCategorySlug",
    "OldSlug",
    "OldTagSlug",
    "Picture",
    "PriceHistory",
    "Product",
    "ProductTag",
    "Sample",
    "StockMovement",
    "StockRequest",
    "Tag",
    "Variant",
    "VariantPrice",
]
