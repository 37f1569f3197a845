"""Tables of what buyers have."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.fulfilment.states import Deed, Standing


class KeyState(StrEnum):
    """Where a licence key is. Only a free one is given out, so that a burnt key never is again."""

    FREE = "free"  # in the pool of its content
    ACTIVE = "active"
    SUSPENDED = "suspended"  # a bank disputes the payment
    BURNT = "burnt"


class Entitlement(Base):
    """A buyer may have the content of a product, from, until; revoked when and why.

    Exactly one for each line of a paid order, and one for each seat that the buyer of several gave to somebody else:
    a seat has a ``parent`` and a ``seat_position`` below its quantity, until it is taken back. ``public_id`` is the
    address of what was bought. ``place_given_at`` says that the buyer has given even the own place away (position 0).

    ``revoked_at`` repeats that there is a reason in ``EntitlementClosing``. ``awaits_release`` is set until a
    pre-order has opened and its buyer was told, ``end_told_for`` is the end of which the buyer was told.
    ``asked_at`` is set while somebody has to confirm by mail that it is them (``fulfilment.sharing``),
    ``confirmed_at`` when they last did. ``language`` is that of a seat; a buyer's is the order's.
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        Index("ix_entitlement_account_id", "account_id", "granted_at"),
        Index("ix_entitlement_order_id", "order_id"),
        Index("ix_entitlement_product_id", "product_id"),
        Index("ix_entitlement_email", "email"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_after_start"),
        Index(
            "ix_entitlement_bought",
            "order_line_id",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
        Index(
            "ix_entitlement_seat",
            "parent_id",
            "seat_position",
            unique=True,
            sqlite_where=text("parent_id IS NOT NULL AND taken_back_at IS NULL"),
            postgresql_where=text("parent_id IS NOT NULL AND taken_back_at IS NULL"),
        ),
        Index(
            "ix_entitlement_seat_of",
            "parent_id",
            "email",
            unique=True,
            sqlite_where=text("parent_id IS NOT NULL AND taken_back_at IS NULL"),
            postgresql_where=text("parent_id IS NOT NULL AND taken_back_at IS NULL"),
        ),
        Index(
            "ix_entitlement_ends_at",
            "ends_at",
            sqlite_where=text("ends_at IS NOT NULL"),
            postgresql_where=text("ends_at IS NOT NULL"),
        ),
        Index(
            "ix_entitlement_awaiting",
            "product_id",
            "starts_at",
            sqlite_where=text("awaits_release = 1"),
            postgresql_where=text("awaits_release"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"), index=True
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
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="RESTRICT")
    )
    seat_position: Mapped[int | None]
    taken_back_at: Mapped[datetime | None]
    place_given_at: Mapped[datetime | None]
    language: Mapped[str | None] = mapped_column(String(8))
    awaits_release: Mapped[bool] = mapped_column(default=False, server_default=false())
    end_told_for: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]

    @property
    def standing(self) -> Standing:
        """How it stands at this moment."""
        moment = now()
        if self.revoked_at is not None:
            return Standing.REVOKED
        if self.starts_at > moment:
            return Standing.UPCOMING
        if self.ends_at is not None and self.ends_at <= moment:
            return Standing.EXPIRED
        return Standing.HANDED_ON if self.place_given_at is not None else Standing.OPEN


class EntitlementClosing(Base):
    """One reason why an entitlement is closed; it is open again when the last reason has gone."""

    __tablename__ = "entitlement_closing"
    __table_args__ = (UniqueConstraint("entitlement_id", "reason"),)

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime] = mapped_column(default=now)


class AccessNote(Base):
    """What somebody did with what they have, when, and roughly where: a country, or a shortened network."""

    __tablename__ = "access_note"
    __table_args__ = (
        Index("ix_access_note_entitlement_id", "entitlement_id", "at"),
        Index("ix_access_note_at", "at"),
    )

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=now)
    deed: Mapped[Deed] = choice(Deed, "deed")
    title: Mapped[str] = mapped_column(String(200), default="")
    place: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(60), default="")


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
