"""States and kinds of what is sold."""

from enum import StrEnum


class ProductState(StrEnum):
    """Who may see a product: nobody but the owner, everybody, or only those who bought it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


MOVES: dict[ProductState, frozenset[ProductState]] = {
    ProductState.DRAFT: frozenset({ProductState.PUBLISHED, ProductState.ARCHIVED}),
    ProductState.PUBLISHED: frozenset({ProductState.DRAFT, ProductState.ARCHIVED}),
    ProductState.ARCHIVED: frozenset({ProductState.DRAFT, ProductState.PUBLISHED}),
}


class ProductKind(StrEnum):
    """What a product mainly is, as the customer is told."""

    COURSE = "course"
    DOWNLOAD = "download"
    LICENCE = "licence"
    PHYSICAL = "physical"


class ContentKind(StrEnum):
    """What a buyer gets."""

    FILE = "file"
    COURSE = "course"
    LICENCE = "licence"
    TEXT = "text"
    LINK = "link"


class Stamp(StrEnum):
    """Where a file says who bought it: nowhere, once at its beginning, or on every page."""

    NONE = "none"
    FIRST = "first"
    EVERY = "every"


class StockReason(StrEnum):
    """Why units came or went other than by a sale."""

    RECEIVED = "received"
    COUNTED = "counted"
    DAMAGED = "damaged"
    OTHER = "other"


class Kinship(StrEnum):
    """Why a product stands beside another: alike by category and tags, or bought in the same orders."""

    ALIKE = "alike"
    BOUGHT = "bought"
