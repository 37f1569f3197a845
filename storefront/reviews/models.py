"""Tables of reviews."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id
from storefront.core.ids import new_public_id


class Review(Base):
    """What one buyer says of one product: exactly one for each mailbox, and for each account.

    ``author_name`` is what the buyer wants to be called, empty for nobody in particular; the address is never shown.
    Visible reviews (``hidden_at`` is NULL) are counted in ``product.review_count`` and ``product.rating_sum``.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("product_id", "email"),
        Index(
            "uq_review_product_id_account_id",
            "product_id",
            "account_id",
            unique=True,
            sqlite_where=text("account_id IS NOT NULL"),
            postgresql_where=text("account_id IS NOT NULL"),
        ),
        CheckConstraint("rating >= 1 AND rating <= 5", name="rating_of_five"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason IS NULL)", name="hidden_with_reason"),
        CheckConstraint("(replied_at IS NULL) = (reply IS NULL)", name="reply_has_time"),
        Index("ix_review_product_id", "product_id", "id"),
        Index("ix_review_account_id", "account_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"), index=True
    )
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id", ondelete="SET NULL"))
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    rating: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    author_name: Mapped[str] = mapped_column(String(60), default="")
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    pictures: Mapped[list["ReviewPicture"]] = relationship(
        order_by="ReviewPicture.id", lazy="raise", cascade="all, delete-orphan"
    )

    @property
    def topic(self) -> str:
        """How the journal names the review."""
        return f"review:{self.id}"


class ReviewPicture(Base):
    """A picture that a buyer took, kept as WebP in several widths like those of products."""

    __tablename__ = "review_picture"

    id: Mapped[Id]
    review_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("review.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str] = mapped_column(String(120), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    widths: Mapped[dict[str, Any]]


class ReviewReminder(Base):
    """That an order's buyer was asked for a review, or need not be: an order is looked at once."""

    __tablename__ = "review_reminder"

    order_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="CASCADE"), primary_key=True
    )
    decided_at: Mapped[datetime] = mapped_column(default=now)
    is_sent: Mapped[bool]


class ReminderOptOut(Base):
    """A mailbox that wants no such mails, by the SHA-256 of its address: the refusal outlives the address."""

    __tablename__ = "review_opt_out"

    email_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
