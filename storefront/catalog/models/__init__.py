"""Tables of the catalogue."""

from storefront.catalog.models.collection import Collection, CollectionProduct, OldCollectionSlug
from storefront.catalog.models.content import (
    Caption,
    Chapter,
    Content,
    ContentVersion,
    Lesson,
    LessonFile,
    NewsOptOut,
    Quiz,
    Sample,
)
from storefront.catalog.models.facet import Facet, FacetBlock, ProductFacets
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
from storefront.catalog.models.related import ProductRelated, RelatedWalk
from storefront.catalog.models.tag import OldTagSlug, ProductTag, Tag

__all__ = [
    "Caption",
    "CatalogStamp",
    "Category",
    "Chapter",
    "Collection",
    "CollectionProduct",
    "Content",
    "ContentVersion",
    "Facet",
    "FacetBlock",
    "Lesson",
    "LessonFile",
    "NewsOptOut",
    "OldCategorySlug",
    "OldCollectionSlug",
    "OldSlug",
    "OldTagSlug",
    "Picture",
    "PriceHistory",
    "Product",
    "ProductFacets",
    "ProductRelated",
    "ProductTag",
    "Quiz",
    "RelatedWalk",
    "Sample",
    "StockMovement",
    "StockRequest",
    "Tag",
    "Variant",
    "VariantPrice",
]
