"""The index: the words of each product, made comparable, and all words that occur, by which mistakes are mended.

The full-text structures (an FTS5 table kept by triggers, or generated tsvector columns) belong to the database and
are made by the migrations ``search`` and ``facets``; the models know the plain words only.
"""

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.db import Base

LONGEST_WORD = 40
# Compared byte by byte, so that a stretch of the index is all words with one beginning.
_Word = String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql")


class SearchEntry(Base):
    """The normalised words of one product: lower case, no accents, each Chinese character a word."""

    __tablename__ = "search_entry"

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)


class SearchWord(Base):
    """A word that occurs (or a character, where writing has no spaces), in how many titles and in how many products.

    A word that has gone stays: what is proposed is searched for first.
    """

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(_Word, primary_key=True)
    titles: Mapped[int] = mapped_column(default=0)
    products: Mapped[int] = mapped_column(default=0)


class SearchMisspelling(Base):
    """A word with one of its letters left out, by which a word with a mistake finds it (``search.spelling``)."""

    __tablename__ = "search_misspelling"

    shortened: Mapped[str] = mapped_column(_Word, primary_key=True)
    word: Mapped[str] = mapped_column(_Word, primary_key=True)
