"""Tables of money and of Stripe's events."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import date, datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.payments.states import EntryKind, LineAccess, PaymentMethod, PaymentStatus, RefundStatus

_LIVE = text("status IN ('created', 'open', 'processing')")
_KNOWN = text("client_address IS NOT NULL")


class Payment(Base):
    """One attempt to pay an order: at most one Checkout Session at Stripe, or a transfer that the owner marks.

    ``idempotency_key`` and ``request`` are stored before Stripe is called, so that the same call can be made again by
    anyone after a crash. At most one attempt of an order is alive. ``risk_level`` and what is known of the card come
    from the charge that succeeded; ``client_address`` is where the attempt was begun, forgotten after some months.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("order_id", "attempt"),
        Index("uq_payment_live", "order_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_payment_status", "status", "created_at"),
        Index("ix_payment_client_address", "created_at", sqlite_where=_KNOWN, postgresql_where=_KNOWN),
        CheckConstraint("amount >= 0 AND captured_amount >= 0", name="amounts_not_negative"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    attempt: Mapped[int]
    method: Mapped[PaymentMethod] = choice(
        PaymentMethod, "method", default=PaymentMethod.STRIPE, server_default=text("'stripe'")
    )
    status: Mapped[PaymentStatus] = choice(PaymentStatus, "status", default=PaymentStatus.CREATED)
    amount: Mapped[int] = mapped_column(BigInteger)
    captured_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    idempotency_key: Mapped[str] = mapped_column(String(120), unique=True)
    request: Mapped[dict[str, Any]]
    session_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    session_url: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    payment_intent_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None]
    last_asked_at: Mapped[datetime | None]
    client_address: Mapped[str | None] = mapped_column(String(45))
    risk_level: Mapped[str | None] = mapped_column(String(20))
    card_fingerprint: Mapped[str | None] = mapped_column(String(40))
    card_country: Mapped[str | None] = mapped_column(String(2))
    card_label: Mapped[str | None] = mapped_column(String(60))


class PaymentFailure(Base):
    """A charge that the bank refused on the way; one row for each at Stripe."""

    __tablename__ = "payment_failure"
    __table_args__ = (Index("ix_payment_failure_payment_id", "payment_id"),)

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id", ondelete="CASCADE"))
    charge_id: Mapped[str] = mapped_column(String(120), unique=True)
    code: Mapped[str] = mapped_column(String(60), default="")
    card_fingerprint: Mapped[str | None] = mapped_column(String(40))
    risk_level: Mapped[str | None] = mapped_column(String(20))
    failed_at: Mapped[datetime]


class TransferReceipt(Base):
    """Money that the owner saw on the shop's bank account for one order. ``page_key`` makes a double click one."""

    __tablename__ = "transfer_receipt"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_transfer_receipt_payment_id", "payment_id"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id", ondelete="RESTRICT"))
    amount: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date]
    page_key: Mapped[str] = mapped_column(String(22), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Refund(Base):
    """Money given back, by us or in Stripe's dashboard: one row per refund at Stripe.

    ``public_id`` goes to Stripe as metadata and idempotency key, so that a refund whose answer was lost is recognised.
    ``counted_at`` is when the money left in our books, ``returned_at`` when a failed refund brought it back.
    ``page_key`` came with the page on which the owner asked for it, so that the page sent twice is one refund. Money
    that came by transfer goes back by hand, and the row only says so.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("uq_refund_page_key", "page_key", "payment_id", unique=True),
        Index("ix_refund_payment_id", "payment_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id", ondelete="RESTRICT"))
    stripe_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[RefundStatus] = choice(RefundStatus, "status", default=RefundStatus.REQUESTED)
    reason: Mapped[str] = mapped_column(String(300), default="")
    failure: Mapped[str | None] = mapped_column(Text)
    page_key: Mapped[str | None] = mapped_column(String(22))
    created_at: Mapped[datetime] = mapped_column(default=now)
    counted_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]


class RefundLine(Base):
    """What a refund means for one line: so many pieces of it, and what becomes of the access.

    A refund by amount alone has none.
    """

    __tablename__ = "refund_line"
    __table_args__ = (
        UniqueConstraint("refund_id", "order_line_id"),
        CheckConstraint("quantity >= 0 AND amount >= 0", name="not_negative"),
        Index("ix_refund_line_order_line_id", "order_line_id"),
    )

    id: Mapped[Id]
    refund_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("refund.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    access: Mapped[LineAccess] = choice(LineAccess, "access")


class Dispute(Base):
    """A buyer's bank asks the money back; the words of ``status`` are Stripe's."""

    __tablename__ = "dispute"
    __table_args__ = (Index("ix_dispute_payment_id", "payment_id"),)

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id", ondelete="RESTRICT"))
    stripe_id: Mapped[str] = mapped_column(String(120), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60), default="")
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class IncomingEvent(Base):
    """An event of Stripe, kept before anything acts on it. Its payload says where to look, not what is true."""

    __tablename__ = "incoming_event"
    __table_args__ = (
        Index("ix_incoming_event_received_at", "received_at"),
        Index("ix_incoming_event_object_id", "object_id"),
        Index("ix_incoming_event_payment_intent_id", "payment_intent_id"),
    )

    id: Mapped[Id]
    stripe_id: Mapped[str] = mapped_column(String(120), unique=True)
    type: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(120), default="")
    payment_intent_id: Mapped[str | None] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default=now)
    handled_at: Mapped[datetime | None]


class LedgerEntry(Base):
    """One movement of money, in minor units, more than nothing when it came to us. Lines are added, never changed.

    ``day`` is the date of ``at`` in UTC. ``key`` names the movement, so that it is written down once.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint(
            "(kind IN ('payment', 'refund_back', 'dispute_back') AND amount > 0)"
            " OR (kind IN ('refund', 'dispute') AND amount < 0)",
            name="sign",
        ),
        # All that the sums of days and months read.
        Index("ix_ledger_entry_day", "day", "currency", "kind", "amount"),
        Index("ix_ledger_entry_order_id", "order_id"),
        Index("ix_ledger_entry_payment_id", "payment_id"),
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[EntryKind] = choice(EntryKind, "kind")
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    payment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payment.id", ondelete="RESTRICT"))
    key: Mapped[str] = mapped_column(String(60), unique=True)


class UnbalancedDay(Base):
    """A day whose ledger did not agree with its payments and refunds when the books were last compared.

    ``expected_amount`` is paid less refunded, ``booked_amount`` what the ledger says; ``numbers`` names the orders.
    """

    __tablename__ = "unbalanced_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    expected_amount: Mapped[int] = mapped_column(BigInteger)
    booked_amount: Mapped[int] = mapped_column(BigInteger)
    numbers: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(default=now)
