"""The index: the words of each product, made comparable.

The full-text structures (an FTS5 table kept by triggers, or a generated tsvector column) belong to the database and
are made by the migration ``search``; the models know the plain words only.
"""

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.db import Base


class SearchEntry(Base):
    """The normalised words of one product: lower case, no accents, each Chinese character a word."""

    __tablename__ = "search_entry"

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
