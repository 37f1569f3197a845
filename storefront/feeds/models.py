"""The table of secret addresses."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id


class FeedKey(Base):
    """The secret of one feed: the podcast of one entitlement, or the books of one account. Only its hash is kept.

    A new secret takes the place of the old one; a feed that was closed has no row.
    """

    __tablename__ = "feed_key"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (entitlement_id IS NULL)", name="of_one"),)

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), unique=True
    )
    entitlement_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"), unique=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]
