"""Tables of what buyers have."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id


class KeyState(StrEnum):
    """Where a licence key is. Only a free one is given out, so that a burnt key never is again."""

    FREE = "free"  # in the pool of its content
    ACTIVE = "active"
    SUSPENDED = "suspended"  # a bank disputes the payment
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
    """One key, given to a buyer or waiting in the pool of its content.

    The position makes a second grant of the same key impossible: there is one key for each unit that was bought. One
    that was replaced has none any more, and stays burnt. ``burnt_reason`` is a word of ``licensing.giving``.
    """

    __tablename__ = "licence_key"
    __table_args__ = (
        UniqueConstraint("entitlement_id", "content_id", "position"),
        CheckConstraint("(state = 'free') = (entitlement_id IS NULL)", name="free_belongs_to_nobody"),
        Index("ix_licence_key_content_id", "content_id", "state", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    entitlement_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="RESTRICT")
    )
    content_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("content.id", ondelete="RESTRICT"))
    position: Mapped[int | None]
    key: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[KeyState] = choice(KeyState, "state", default=KeyState.ACTIVE)
    from_pool: Mapped[bool] = mapped_column(default=False)
    issued_at: Mapped[datetime | None] = mapped_column(default=now)
    burnt_at: Mapped[datetime | None]
    burnt_reason: Mapped[str | None] = mapped_column(String(40))
