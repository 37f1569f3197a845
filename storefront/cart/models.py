"""Tables of the cart."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id
from storefront.core.ids import new_public_id


class Cart(Base):
    """One visitor's cart, found by the random id in a signed cookie.

    ``checkout_key`` goes into the checkout form and makes the order unique; it is renewed when an order was paid.
    ``ship_...`` is where a parcel would go, as far as its price depends on it, and by which method (its public id).
    ``code`` is the one spelling of a discount code, and ``billing`` what the buyer said of themselves for tax and
    invoice (``taxes.billing``).
    """

    __tablename__ = "cart"
    __table_args__ = (Index("ix_cart_updated_at", "updated_at"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="SET NULL"), unique=True
    )
    checkout_key: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    ship_country: Mapped[str | None] = mapped_column(String(2))
    ship_state: Mapped[str | None] = mapped_column(String(100))
    ship_postal_code: Mapped[str | None] = mapped_column(String(20))
    ship_method: Mapped[str | None] = mapped_column(String(22))
    code: Mapped[str | None] = mapped_column(String(40))
    billing: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class CartLine(Base):
    """So many of one variant.

    ``chosen_amount`` is what the buyer wants to pay for one, where that is free, in ``chosen_currency`` (none: the
    shop's).
    """

    __tablename__ = "cart_line"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity_range"),
        CheckConstraint("chosen_amount IS NULL OR chosen_amount >= 0", name="chosen_not_negative"),
    )

    id: Mapped[Id]
    cart_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cart.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("variant.id", ondelete="CASCADE"), index=True
    )
    quantity: Mapped[int]
    chosen_amount: Mapped[int | None] = mapped_column(BigInteger)
    chosen_currency: Mapped[str | None] = mapped_column(String(3))
    added_at: Mapped[datetime] = mapped_column(default=now)
