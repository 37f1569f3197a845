"""What lists are narrowed by: for each value, which products have it, as bits."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.db import Base, Id, Json


class Facet(Base):
    """A value that products can have, such as a tag, a size, or one binary digit of a price (``catalog.facets``).

    ``products`` counts the published products that have it. ``labels`` are its words in other languages, as the
    owner has translated them: ``{"zh": {"name": ..., "value": ...}}``.
    """

    __tablename__ = "facet"
    __table_args__ = (UniqueConstraint("name", "value"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(String(120))
    products: Mapped[int] = mapped_column(default=0)
    labels: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)


class FacetBlock(Base):
    """Which products of a stretch of ids have a value, as ``catalog.bits`` packs them.

    ``version`` is the catalogue's stamp of the last change, by which a process finds out what it has to read again.
    """

    __tablename__ = "facet_block"

    facet_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("facet.id", ondelete="CASCADE"), primary_key=True
    )
    block: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, index=True)
    bits: Mapped[bytes] = mapped_column(LargeBinary)


class ProductFacets(Base):
    """The values that are written down for a product, so that a change is made where something changes.

    It has no foreign key: the row of a deleted product says which bits are still to be cleared.
    """

    __tablename__ = "product_facets"

    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    facet_ids: Mapped[list[int]] = mapped_column(Json)
