"""Tables of the wishlist."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id
from storefront.core.ids import new_public_id


class Wishlist(Base):
    """One person's list, found by the random id in a signed cookie or by the account, with which it is erased.

    ``share_id`` is the address under which others may read it, none until it is asked for.
    """

    __tablename__ = "wishlist"
    __table_args__ = (Index("ix_wishlist_updated_at", "updated_at"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), unique=True
    )
    share_id: Mapped[str | None] = mapped_column(String(22), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class WishlistEntry(Base):
    """One product on a list, with what it was when it was put there.

    ``title`` says what it was when the product is gone. ``amount`` is the price that was shown then. A removed entry
    stays for a while (``removed_at``), so that it can come back as it was.
    """

    __tablename__ = "wishlist_entry"
    __table_args__ = (
        UniqueConstraint("wishlist_id", "product_id"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    id: Mapped[Id]
    wishlist_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("wishlist.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="SET NULL"), index=True
    )
    variant_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("variant.id", ondelete="SET NULL"), index=True
    )
    title: Mapped[str] = mapped_column(String(200))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    was_available: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(default=now)
    removed_at: Mapped[datetime | None]
