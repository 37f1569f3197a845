"""Products that the owner has put together by hand."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id

_Cover = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Collection(Base):
    """Products in an order of the owner's own, with words and a picture.

    Customers see it while ``published_at`` is set; ``home_position`` is its place on the home page, none when it is
    not there. ``picture`` is what ``product.cover`` is to a product.
    """

    __tablename__ = "collection"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    picture: Mapped[dict[str, Any] | None] = mapped_column(_Cover)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    published_at: Mapped[datetime | None]
    home_position: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CollectionProduct(Base):
    """A product stands at this place of a collection."""

    __tablename__ = "collection_product"
    __table_args__ = (Index("ix_collection_product_position", "collection_id", "position", "product_id"),)

    collection_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]


class OldCollectionSlug(Base):
    """An address that a collection once had; it redirects for ever."""

    __tablename__ = "old_collection_slug"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    collection_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("collection.id", ondelete="CASCADE"), index=True
    )
