"""Words by which products are found across the shelves."""

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.db import Base, Id

LONGEST_TAG = 80


class Tag(Base):
    """A word that the owner gives to products.

    ``key`` is the name without differences of case and width, by which what was typed finds it again.
    """

    __tablename__ = "tag"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    key: Mapped[str] = mapped_column(String(240), unique=True)
    name: Mapped[str] = mapped_column(String(LONGEST_TAG))
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)


class ProductTag(Base):
    """A product has a tag."""

    __tablename__ = "product_tag"
    __table_args__ = (Index("ix_product_tag_tag_id", "tag_id", "product_id"),)

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True
    )


class OldTagSlug(Base):
    """An address that a tag once had; it redirects for ever."""

    __tablename__ = "old_tag_slug"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    tag_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tag.id", ondelete="CASCADE"), index=True)
