"""What the last look at the invariants found; checkouts that a mail may bring to an end; what was declared; who may not
buy, and which paid orders wait for the owner's look."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
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


class BlockKind(StrEnum):
    """By what somebody is known who may not buy."""

    EMAIL = "email"
    DOMAIN = "domain"
    NETWORK = "network"


class BlockedBuyer(Base):
    """Somebody who may not begin a checkout: an address, all of a mail domain, or a network (``203.0.113.0/24``)."""

    __tablename__ = "blocked_buyer"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[Id]
    kind: Mapped[BlockKind] = choice(BlockKind, "kind")
    value: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(300), default="")
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ReviewRules(Base):
    """Which paid orders wait until the owner has looked at them; there is at most one row, and none holds nothing.

    ``from_amount`` is in minor units of the shop's currency; ``countries`` are ISO codes, of the card or the address;
    ``failures`` is how many refused payments came before the good one; ``risk_level`` Stripe's word from which on.
    """

    __tablename__ = "review_rules"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("from_amount IS NULL OR from_amount > 0", name="amount_positive"),
        CheckConstraint("failures IS NULL OR failures > 0", name="failures_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    from_amount: Mapped[int | None] = mapped_column(BigInteger)
    countries: Mapped[str] = mapped_column(String(800), default="")
    failures: Mapped[int | None]
    risk_level: Mapped[str] = mapped_column(String(20), default="")
