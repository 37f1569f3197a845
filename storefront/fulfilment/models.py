"""Tables of what buyers have."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id


class KeyState(StrEnum):
    """Whether a licence key counts. A burnt key is never given out again."""

    ACTIVE = "active"
    BURNT = "burnt"


class Entitlement(Base):
    """A buyer may have the content of a product, from, until; revoked when and why.

    Exactly one for each digital line of a paid order. ``public_id`` is the address of what was bought.
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        Index("ix_entitlement_account_id", "account_id", "granted_at"),
        Index("ix_entitlement_order_id", "order_id"),
        Index("ix_entitlement_product_id", "product_id"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_after_start"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"), unique=True
    )
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="RESTRICT"))
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variant.id", ondelete="RESTRICT"))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="SET NULL"))
    email: Mapped[str] = mapped_column(String(254))
    quantity: Mapped[int] = mapped_column(default=1)
    granted_at: Mapped[datetime] = mapped_column(default=now)
    starts_at: Mapped[datetime] = mapped_column(default=now)
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(String(80))
    archived_at: Mapped[datetime | None]


class LicenceKey(Base):
    """One key that a buyer got. The position makes a second grant of the same key impossible."""

    __tablename__ = "licence_key"
    __table_args__ = (UniqueConstraint("entitlement_id", "content_id", "position"),)

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="RESTRICT"))
    content_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("content.id", ondelete="RESTRICT"), index=True
    )
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(80), unique=True)
    state: Mapped[KeyState] = choice(KeyState, "state", default=KeyState.ACTIVE)
    issued_at: Mapped[datetime] = mapped_column(default=now)
