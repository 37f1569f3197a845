"""Products, their variants, pictures and categories."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from storefront.catalog.states import ProductKind, ProductState, StockReason
from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.core.money import Money

# Something or nothing: an empty column is NULL, not the JSON word for it.
_JsonList = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Category(Base):
    """A shelf. Shelves form a tree.

    ``position`` counts through the whole tree: a shelf, all below it, the next beside it. ``picture`` is what
    ``product.cover`` is to a product.
    """

    __tablename__ = "category"
    __table_args__ = (CheckConstraint("parent_id <> id", name="not_own_parent"),)

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("category.id", ondelete="RESTRICT"), index=True
    )
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    picture: Mapped[dict[str, Any] | None] = mapped_column(_JsonList)
    position: Mapped[int] = mapped_column(default=0)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)


class Product(Base):
    """What is sold under one title; each product has at least one variant.

    ``price_amount``, ``price_varies``, ``price_steps``, ``price_next_at``, ``other_prices``, ``is_available``,
    ``cover`` and ``facts`` repeat what variants, pictures and contents say, so that a list reads one row a product;
    only ``catalog.cards`` writes them. ``price_amount`` orders lists and follows the clock by a job; what a list
    shows is chosen among ``price_steps`` when it is read (none: the clock does not change the price).
    ``other_prices`` says the same by currency, ``{"USD": {"amount", "varies"}}``, for each in which every variant on
    offer has a price. ``option_names`` are the up to three things in which variants differ, ``specifications`` the
    rows of a table, each ``{"name", "value", "translations"}``. ``version`` rises with each save by the owner, so
    that two tabs can't overwrite each other unseen. ``review_count`` and ``rating_sum`` count the visible reviews,
    changed in the same transaction as these. ``tax_class`` is a word of ``taxes.states``. How long buyers may use it:
    ``access_days`` from when it opens to them, or until ``access_until``, or for ever; ``opens_at`` is a release that
    is still to come (pre-orders).
    """

    __tablename__ = "product"
    __table_args__ = (
        Index("ix_product_newest", "state", "published_at", "id"),
        Index("ix_product_category_newest", "category_id", "state", "published_at", "id"),
        Index("ix_product_price", "state", "price_amount", "id"),
        Index("ix_product_category_price", "category_id", "state", "price_amount", "id"),
        # All that the index of the sitemap reads, so that it never opens a row.
        Index("ix_product_found", "id", "state", "published_at", "updated_at"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_has_time"),
        CheckConstraint("price_amount >= 0", name="price_not_negative"),
        Index(
            "ix_product_price_next_at",
            "price_next_at",
            sqlite_where=text("price_next_at IS NOT NULL"),
            postgresql_where=text("price_next_at IS NOT NULL"),
        ),
        CheckConstraint("access_days IS NULL OR access_days > 0", name="access_days_positive"),
        CheckConstraint("access_days IS NULL OR access_until IS NULL", name="one_window"),
        Index(
            "ix_product_opens_at",
            "opens_at",
            sqlite_where=text("opens_at IS NOT NULL"),
            postgresql_where=text("opens_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[ProductKind] = choice(ProductKind, "kind")
    state: Mapped[ProductState] = choice(ProductState, "state", default=ProductState.DRAFT)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(300), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    category_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("category.id", ondelete="SET NULL")
    )
    requires_shipping: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str] = mapped_column(String(3))
    price_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    price_varies: Mapped[bool] = mapped_column(default=False)
    is_available: Mapped[bool] = mapped_column(default=True)
    cover: Mapped[dict[str, Any] | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tax_class: Mapped[str] = mapped_column(String(10), default="standard", server_default="standard")
    preview_token: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    version: Mapped[int] = mapped_column(default=1)
    review_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    rating_sum: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    option_names: Mapped[list[str] | None] = mapped_column(_JsonList)
    specifications: Mapped[list[dict[str, Any]] | None] = mapped_column(_JsonList)
    price_steps: Mapped[list[dict[str, Any]] | None] = mapped_column(_JsonList)
    price_next_at: Mapped[datetime | None]
    other_prices: Mapped[dict[str, Any] | None] = mapped_column(_JsonList)
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    access_days: Mapped[int | None]
    access_until: Mapped[datetime | None]
    opens_at: Mapped[datetime | None]

    variants: Mapped[list["Variant"]] = relationship(
        back_populates="product",
        order_by="(Variant.position, Variant.id)",
        lazy="raise",
        cascade="all, delete-orphan",
    )
    pictures: Mapped[list["Picture"]] = relationship(
        order_by="(Picture.position, Picture.id)",
        lazy="raise",
        cascade="all, delete-orphan",
    )
    category: Mapped[Category | None] = relationship(lazy="raise")

    @property
    def path(self) -> str:
        """The page of the product, without language prefix."""
        return f"/products/{self.slug}"


class OldSlug(Base):
    """An address that a product once had; it redirects for ever."""

    __tablename__ = "old_slug"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), index=True
    )


class OldCategorySlug(Base):
    """An address that a category once had; it redirects for ever."""

    __tablename__ = "old_category_slug"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    category_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("category.id", ondelete="CASCADE"), index=True
    )


class Variant(Base):
    """What can be put into a cart (SKU).

    ``stock`` counts the units that can still be sold; NULL means that there are always more. Stock books: what was
    received is still on hand, reserved for an open checkout, or sold; the database checks the sum, and ``received``
    is the sum of the variant's movements.

    What it costs is decided when it is read (``catalog.pricing``): ``sale_amount`` from ``sale_starts_at`` until
    ``sale_ends_at``, else ``price_amount``. ``sale_before_amount`` is the lowest price of the 30 days before the sale
    began, as the history has it. With ``pays_what_they_want`` the price is the least that one pays. ``low_stock`` is
    where the owner wants to be told, ``low_stock_told_at`` when that was done and stock has not risen since.
    ``access_days`` or ``access_until`` say how long its buyers may use it, in place of what the product says.
    """

    __tablename__ = "variant"
    __table_args__ = (
        CheckConstraint("price_amount >= 0", name="price_not_negative"),
        CheckConstraint(
            "compare_at_amount IS NULL OR compare_at_amount > price_amount", name="compare_at_higher"
        ),
        CheckConstraint("stock IS NULL OR stock >= 0", name="stock_not_negative"),
        CheckConstraint("reserved >= 0 AND sold >= 0", name="counters_not_negative"),
        CheckConstraint("stock IS NULL OR stock + reserved + sold = received", name="stock_books"),
        CheckConstraint(
            "sale_amount IS NULL OR (sale_amount >= 0 AND sale_amount < price_amount)", name="sale_lower"
        ),
        CheckConstraint("(sale_amount IS NULL) = (sale_starts_at IS NULL)", name="sale_has_start"),
        CheckConstraint("sale_ends_at IS NULL OR sale_ends_at > sale_starts_at", name="sale_ends_later"),
        CheckConstraint(
            "suggested_amount IS NULL OR suggested_amount >= price_amount", name="suggested_enough"
        ),
        CheckConstraint("cost_amount IS NULL OR cost_amount >= 0", name="cost_not_negative"),
        CheckConstraint("low_stock IS NULL OR low_stock >= 0", name="low_stock_not_negative"),
        CheckConstraint("access_days IS NULL OR access_days > 0", name="access_days_positive"),
        CheckConstraint("access_days IS NULL OR access_until IS NULL", name="one_window"),
        Index("ix_variant_product_id", "product_id", "position"),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    sku: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(120), default="")
    options: Mapped[dict[str, str]] = mapped_column(default=dict)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    price_amount: Mapped[int] = mapped_column(BigInteger)
    compare_at_amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    stock: Mapped[int | None]
    reserved: Mapped[int] = mapped_column(default=0)
    sold: Mapped[int] = mapped_column(default=0)
    received: Mapped[int] = mapped_column(default=0)
    weight_grams: Mapped[int | None]
    barcode: Mapped[str] = mapped_column(String(64), default="")
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]
    sale_amount: Mapped[int | None] = mapped_column(BigInteger)
    sale_starts_at: Mapped[datetime | None]
    sale_ends_at: Mapped[datetime | None]
    sale_before_amount: Mapped[int | None] = mapped_column(BigInteger)
    pays_what_they_want: Mapped[bool] = mapped_column(default=False, server_default=false())
    suggested_amount: Mapped[int | None] = mapped_column(BigInteger)
    cost_amount: Mapped[int | None] = mapped_column(BigInteger)
    low_stock: Mapped[int | None]
    low_stock_told_at: Mapped[datetime | None]
    picture_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("picture.id", ondelete="SET NULL"), index=True
    )
    access_days: Mapped[int | None]
    access_until: Mapped[datetime | None]

    product: Mapped[Product] = relationship(back_populates="variants", lazy="raise")
    movements: WriteOnlyMapped["StockMovement"] = relationship(
        cascade="all, delete-orphan", passive_deletes=True
    )
    other_prices: Mapped[list["VariantPrice"]] = relationship(
        order_by="VariantPrice.currency", lazy="raise", cascade="all, delete-orphan"
    )

    @property
    def price(self) -> Money:
        """The regular price of one, which is not what it costs while a sale runs (``catalog.pricing``)."""
        return Money(self.price_amount, self.currency)


class VariantPrice(Base):
    """What one costs in another currency than the shop's, as the owner has set it (never converted)."""

    __tablename__ = "variant_price"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    variant_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True
    )
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class PriceHistory(Base):
    """What a variant cost from ``set_at`` on, until the next row; written whenever price or sale was set."""

    __tablename__ = "price_history"
    __table_args__ = (
        Index("ix_price_history_variant_id", "variant_id", "set_at", "id"),
        CheckConstraint("price_amount >= 0", name="price_not_negative"),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variant.id", ondelete="CASCADE"))
    set_at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    price_amount: Mapped[int] = mapped_column(BigInteger)
    sale_amount: Mapped[int | None] = mapped_column(BigInteger)
    sale_starts_at: Mapped[datetime | None]
    sale_ends_at: Mapped[datetime | None]


class StockMovement(Base):
    """Units that came or went other than by a sale, and why; what a variant has received is the sum of its rows."""

    __tablename__ = "stock_movement"
    __table_args__ = (Index("ix_stock_movement_variant_id", "variant_id", "id"),)

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variant.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    reason: Mapped[StockReason] = choice(StockReason, "reason")
    note: Mapped[str] = mapped_column(String(300), default="")
    actor: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(default=now)


class StockRequest(Base):
    """Somebody wants to know when a sold-out variant can be had again: asked, confirmed by mail, told once."""

    __tablename__ = "stock_request"
    __table_args__ = (
        UniqueConstraint("variant_id", "email"),
        CheckConstraint("told_at IS NULL OR confirmed_at IS NOT NULL", name="only_confirmed_are_told"),
        Index(
            "ix_stock_request_waiting",
            "variant_id",
            sqlite_where=text("confirmed_at IS NOT NULL AND told_at IS NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL AND told_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variant.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]


class Picture(Base):
    """A picture of a product, kept as WebP in several widths: ``{key}-{width}.webp`` for each of ``widths``.

    An upload leaves one width; a job makes the others (then ``has_sizes``), and AVIF beside each (then ``has_avif``).
    ``shows`` names the choices that it is a picture of, ``{"Colour": ["Red"]}``; none: of all (``catalog.showing``).
    """

    __tablename__ = "picture"
    __table_args__ = (
        Index("ix_picture_product_id", "product_id", "position"),
        Index(
            "ix_picture_unfinished",
            "has_sizes",
            "id",
            sqlite_where=text("has_avif = 0"),
            postgresql_where=text("NOT has_avif"),
        ),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    widths: Mapped[dict[str, Any]]
    has_sizes: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_avif: Mapped[bool] = mapped_column(default=False, server_default=false())
    alt: Mapped[str] = mapped_column(String(300), default="")
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    shows: Mapped[dict[str, list[str]] | None] = mapped_column(_JsonList)
    position: Mapped[int] = mapped_column(default=0)


class CatalogStamp(Base):
    """One number that every change of the catalogue raises in its own transaction; cached pages carry it."""

    __tablename__ = "catalog_stamp"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
