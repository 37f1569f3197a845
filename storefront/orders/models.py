"""Tables of orders."""

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_order_number, new_public_id
from storefront.core.money import Money
from storefront.orders.states import (
    CodeUseState,
    FulfilmentState,
    OrderState,
    PaymentState,
    ReservationState,
)

_Steps = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Order(Base):
    """A promise to one buyer. Amounts are minor units of ``currency`` and never change after placing.

    ``checkout_key`` came with the page that was sent, and ``fingerprint`` says what was asked for, so that the same
    page sent twice is one order. ``attention`` holds the reason why the owner must look,
    as ``core.sentences`` keeps it. ``delivery`` is how its physical things are sent or picked up, as it was offered
    (``shipping.service.Quote.facts``), and ``shipping_address`` where they go. ``is_comp``: the owner gave it away, so
    that it is no sale. ``held_at``: it is paid and waits for the owner to look at it before anything is handed over.

    ``tax_amount`` was added to the prices, ``included_tax_amount`` is in them. Only Stripe Tax adds to an order after
    it was placed: what it counted is known when the money has come. ``taxes`` says how the tax came about, ``billing``
    what the buyer said of themselves, ``code`` which discount code it holds, ``terms`` which texts were agreed to and
    when.
    """

    __tablename__ = "shop_order"
    __table_args__ = (
        CheckConstraint(
            "total_amount = subtotal_amount - discount_amount + tax_amount + shipping_amount",
            name="total_adds_up",
        ),
        CheckConstraint(
            "subtotal_amount >= 0 AND discount_amount >= 0 AND tax_amount >= 0 AND shipping_amount >= 0"
            " AND total_amount >= 0",
            name="amounts_not_negative",
        ),
        Index("ix_shop_order_placed_at", "placed_at", "id"),
        # All that the sums of the overview read.
        Index("ix_shop_order_paid_at", "paid_at", "currency", "total_amount"),
        Index("ix_shop_order_state", "state", "placed_at"),
        Index("ix_shop_order_payment_state", "payment_state", "placed_at"),
        Index("ix_shop_order_account_id", "account_id", "placed_at"),
        Index("ix_shop_order_email", "email"),
        Index(
            "ix_shop_order_attention",
            "attention_at",
            sqlite_where=text("attention IS NOT NULL"),
            postgresql_where=text("attention IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    number: Mapped[str] = mapped_column(String(12), unique=True, default=new_order_number)
    checkout_key: Mapped[str] = mapped_column(String(22), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="SET NULL"))
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int] = mapped_column(BigInteger)
    discount_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    shipping_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    total_amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[OrderState] = choice(OrderState, "state", default=OrderState.PENDING)
    payment_state: Mapped[PaymentState] = choice(PaymentState, "payment_state", default=PaymentState.UNPAID)
    fulfilment_state: Mapped[FulfilmentState] = choice(
        FulfilmentState, "fulfilment_state", default=FulfilmentState.UNFULFILLED
    )
    attention: Mapped[str | None] = mapped_column(Text)
    attention_at: Mapped[datetime | None]
    is_comp: Mapped[bool] = mapped_column(default=False, server_default=false())
    held_at: Mapped[datetime | None]
    shipping_address: Mapped[dict[str, Any] | None]
    delivery: Mapped[dict[str, Any] | None]
    included_tax_amount: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    code: Mapped[str | None] = mapped_column(String(40))
    taxes: Mapped[dict[str, Any] | None]
    billing: Mapped[dict[str, Any] | None]
    terms: Mapped[dict[str, Any] | None]
    placed_at: Mapped[datetime] = mapped_column(default=now)
    paid_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    lines: Mapped[list["OrderLine"]] = relationship(
        order_by="OrderLine.id", lazy="raise", back_populates="order"
    )

    @property
    def total(self) -> Money:
        """What the buyer pays."""
        return Money(self.total_amount, self.currency)

    @property
    def is_picked_up(self) -> bool:
        """Whether the buyer comes for the physical things."""
        return bool(self.delivery and self.delivery.get("is_pickup"))

    @property
    def is_tax_added(self) -> bool:
        """Whether tax comes on top of the prices of its lines."""
        return self.taxes is not None and not self.taxes["is_included"]

    @property
    def topic(self) -> str:
        """How journal, jobs and messages name this order."""
        return f"order:{self.id}"

    @property
    def path(self) -> str:
        """The page of the order, without language prefix; whoever knows it may open it."""
        return f"/orders/{self.public_id}"


class OrderLine(Base):
    """One thing in an order, with title, SKU and price as they were.

    ``total_amount`` is before ``discount_amount`` was taken off. ``tax_amount`` is what is in it or was added to it, at
    ``tax_rate`` hundredths of a percent; ``why`` are the steps of its price (``pricing.values.Reason``).
    """

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("unit_amount >= 0 AND total_amount = unit_amount * quantity", name="total_adds_up"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="CASCADE"), index=True
    )
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="RESTRICT"), index=True
    )
    variant_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("variant.id", ondelete="RESTRICT"), index=True
    )
    title: Mapped[str] = mapped_column(String(200))
    variant_title: Mapped[str] = mapped_column(String(120))
    sku: Mapped[str] = mapped_column(String(64))
    requires_shipping: Mapped[bool]
    unit_amount: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    total_amount: Mapped[int] = mapped_column(BigInteger)
    discount_amount: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    tax_amount: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    tax_rate: Mapped[int | None]
    tax_class: Mapped[str] = mapped_column(String(10), default="standard", server_default="standard")
    why: Mapped[list[list[Any]] | None] = mapped_column(_Steps)

    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise")

    def asked_amount(self, *, is_tax_added: bool) -> int:
        """Return what the buyer pays for the line: less what was taken off, and with tax that is added."""
        return self.total_amount - self.discount_amount + (self.tax_amount if is_tax_added else 0)


class CodeUse(Base):
    """An order holds a discount code: while it is being paid, and for good once it is; else it is released.

    ``customer`` is the one spelling of the buyer's address (``promotions.spelling``).
    """

    __tablename__ = "code_use"
    __table_args__ = (Index("ix_code_use_customer", "code_id", "customer"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="CASCADE"), unique=True
    )
    code_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("discount_code.id", ondelete="RESTRICT"))
    customer: Mapped[str] = mapped_column(String(254))
    state: Mapped[CodeUseState] = choice(CodeUseState, "state", default=CodeUseState.HELD)
    amount: Mapped[int] = mapped_column(BigInteger)


class StockReservation(Base):
    """Units taken out of stock for an order. ``returned`` of those that were sold are back on the shelf."""

    __tablename__ = "stock_reservation"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("returned >= 0 AND returned <= quantity", name="returned_of_sold"),
        Index("ix_stock_reservation_variant_id", "variant_id", "state"),
        Index(
            "ix_stock_reservation_held",
            "expires_at",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: Mapped[Id]
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="CASCADE"), unique=True
    )
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variant.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
    state: Mapped[ReservationState] = choice(ReservationState, "state", default=ReservationState.HELD)
    expires_at: Mapped[datetime]
    returned: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class OrderNote(Base):
    """What the owner wants to remember about an order; the buyer never sees it."""

    __tablename__ = "order_note"
    __table_args__ = (Index("ix_order_note_order_id", "order_id", "id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
