"""What else may please: found out by the worker, so that no page has to."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storefront.catalog.states import Kinship
from storefront.core.clock import datetime
from storefront.core.db import Base, choice


class ProductRelated(Base):
    """The product has the other one beside it, the best first; at most one for each rank."""

    __tablename__ = "product_related"
    __table_args__ = (CheckConstraint("product_id <> other_id", name="not_itself"),)

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[Kinship] = choice(Kinship, "kind", primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    other_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), index=True
    )


class RelatedWalk(Base):
    """How far the worker has come with looking at all products, and of which catalogue the last whole walk was."""

    __tablename__ = "related_walk"

    kind: Mapped[Kinship] = choice(Kinship, "kind", primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, default=0)
    stamp: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None]
