"""What the last look at the invariants found; checkouts that may be brought to an end by a mail; what was declared."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.checkout.states import RecoveryOutcome
from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id


class BrokenInvariant(Base):
    """A statement that must always hold and did not at the last look; the admin page shows it in red."""

    __tablename__ = "broken_invariant"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    sentence: Mapped[str] = mapped_column(Text)
    examples: Mapped[dict[str, Any]]
    found_at: Mapped[datetime] = mapped_column(default=now)


class CheckoutRecovery(Base):
    """That the buyer of an order may be reminded once, should it be left unpaid; and what became of that.

    ``is_consent``: the buyer has ticked the box, rather than not objected. ``public_id`` is in the mail's link, which
    holds for some days from ``decided_at``. ``checkout_key`` is that of the cart into which the things were put back,
    and ``recovered_order_id`` the order that came of it.
    """

    __tablename__ = "checkout_recovery"
    __table_args__ = (
        Index(
            "ix_checkout_recovery_undecided",
            "noted_at",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index("ix_checkout_recovery_mailbox_sha256", "mailbox_sha256", "decided_at"),
        Index("ix_checkout_recovery_outcome", "outcome", "decided_at"),
    )

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="CASCADE"), primary_key=True
    )
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    mailbox_sha256: Mapped[str] = mapped_column(String(64))
    is_consent: Mapped[bool]
    noted_at: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None]
    outcome: Mapped[RecoveryOutcome | None] = choice(RecoveryOutcome, "outcome", nullable=True)
    opened_at: Mapped[datetime | None]
    checkout_key: Mapped[str | None] = mapped_column(String(22))
    recovered_order_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="SET NULL"), index=True
    )


class RecoveryOptOut(Base):
    """A mailbox that wants no such mails, by the SHA-256 of its address: the refusal outlives the address."""

    __tablename__ = "recovery_opt_out"

    mailbox_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Withdrawal(Base):
    """A consumer has withdrawn from the contract of an order, in two steps and once; what follows is for the owner.

    Source: Article 11a of Directive 2011/83/EU, as Directive (EU) 2023/2673 has put it in.
    """

    __tablename__ = "withdrawal"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"), unique=True
    )
    name: Mapped[str] = mapped_column(String(120))
    what: Mapped[str] = mapped_column(String(500), default="")
    language: Mapped[str] = mapped_column(String(8))
    declared_at: Mapped[datetime] = mapped_column(default=now)
