"""Tables of discount codes."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.promotions.states import CodeKind

_Amounts = JSON().with_variant(JSONB(), "postgresql")


class DiscountCode(Base):
    """A code that lowers the price. ``key`` is its one spelling, by which it is found; ``code`` the owner's.

    ``percent`` is in hundredths of a percent. ``amounts`` and ``minimums`` are minor units by currency: a fixed amount
    counts only in the currencies that have one, a minimum (of what is covered) only where there is one. ``used`` is
    how many orders hold the code now, which the database keeps below ``most_uses`` (none: no limit).
    With ``is_scoped`` it covers only what its scopes name, which may be nothing any more.
    """

    __tablename__ = "discount_code"
    __table_args__ = (
        CheckConstraint("used >= 0 AND (most_uses IS NULL OR used <= most_uses)", name="used_within_limit"),
        CheckConstraint("percent IS NULL OR percent BETWEEN 1 AND 10000", name="percent_range"),
        CheckConstraint("(kind = 'percent') = (percent IS NOT NULL)", name="percent_of_its_kind"),
        CheckConstraint("most_per_customer IS NULL OR most_per_customer >= 1", name="per_customer_positive"),
        CheckConstraint("ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name="ends_later"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[CodeKind] = choice(CodeKind, "kind")
    percent: Mapped[int | None]
    amounts: Mapped[dict[str, int]] = mapped_column(_Amounts, default=dict)
    minimums: Mapped[dict[str, int]] = mapped_column(_Amounts, default=dict)
    is_scoped: Mapped[bool] = mapped_column(default=False, server_default=false())
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    most_uses: Mapped[int | None]
    most_per_customer: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    note: Mapped[str] = mapped_column(String(200), default="")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CodeScope(Base):
    """One thing that a scoped code covers: a product, a category with all below it, or a collection."""

    __tablename__ = "code_scope"
    __table_args__ = (
        CheckConstraint(
            "(product_id IS NOT NULL AND category_id IS NULL AND collection_id IS NULL)"
            " OR (product_id IS NULL AND category_id IS NOT NULL AND collection_id IS NULL)"
            " OR (product_id IS NULL AND category_id IS NULL AND collection_id IS NOT NULL)",
            name="one_thing",
        ),
        Index("ix_code_scope_code_id", "code_id"),
    )

    id: Mapped[Id]
    code_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("discount_code.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), index=True
    )
    category_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("category.id", ondelete="CASCADE"), index=True
    )
    collection_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("collection.id", ondelete="CASCADE"), index=True
    )
