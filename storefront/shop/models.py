"""The one row that says what the shop is."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, String, Text, UniqueConstraint, false, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.shop.states import Reminder

# What a shop is called until its owner names it.
DEFAULT_NAME = "Storefront"


class ShopMark(Base):
    """A random id that the shop got with its tables and never changes; it is no secret.

    Several shops may share one account at Stripe: each knows its own payments by this.
    """

    __tablename__ = "shop_mark"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    mark: Mapped[str] = mapped_column(String(22))


class ShopProfile(Base):
    """What the owner says of the shop. There is exactly one row.

    ``other_currencies`` are those in which customers may pay besides the shop's own.
    ``review_reminder_days`` is how long after delivery a buyer is asked for a review; 0 never asks.
    ``recovery`` says who may be reminded of a checkout that they left, ``recovery_hours`` how long after.
    ``tax_mode`` is off, rates or stripe; ``country`` is where the shop is at home for its taxes, and ``tax_version``
    rises with every change of the table of rates, which processes keep. ``offers_withdrawal`` shows consumers where to
    withdraw from a contract; ``asks_terms`` and ``asks_waiver`` put boxes into the checkout.
    ``expiry_notice_days`` is how long before access ends its buyer is told; 0 never tells. ``sharing_places`` is from
    how many places in a day something may be used before its buyer is asked to confirm by mail; 0 never asks.
    ``transfer_details`` are the words that tell buyers where to send money by bank, none when that is not offered, and
    ``transfer_days`` is how long their order waits for it.
    """

    __tablename__ = "shop_profile"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("length(currency) = 3", name="currency"),
        CheckConstraint("tax_mode IN ('off', 'rates', 'stripe')", name="tax_mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(80))
    tagline: Mapped[str] = mapped_column(String(200), default="")
    about: Mapped[str] = mapped_column(Text, default="")
    refund_policy: Mapped[str] = mapped_column(Text, default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    other_currencies: Mapped[list[str] | None] = mapped_column(
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    )
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    is_demo: Mapped[bool] = mapped_column(default=False)
    review_reminder_days: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    recovery: Mapped[Reminder] = choice(
        Reminder, "recovery", default=Reminder.OFF, server_default=text("'off'")
    )
    recovery_hours: Mapped[int] = mapped_column(default=4, server_default=text("4"))
    tax_mode: Mapped[str] = mapped_column(String(10), default="off", server_default="off")
    prices_include_tax: Mapped[bool] = mapped_column(default=True, server_default=true())
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    tax_version: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    offers_withdrawal: Mapped[bool] = mapped_column(default=True, server_default=true())
    asks_terms: Mapped[bool] = mapped_column(default=False, server_default=false())
    asks_waiver: Mapped[bool] = mapped_column(default=False, server_default=false())
    expiry_notice_days: Mapped[int] = mapped_column(default=7, server_default=text("7"))
    sharing_places: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    transfer_details: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    transfer_days: Mapped[int] = mapped_column(default=7, server_default=text("7"))
    backup_noted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class LegalText(Base):
    """A version of a text that buyers agree to; it is never changed, so that one can say what somebody has seen."""

    __tablename__ = "legal_text"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text, default="")
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


# The row of a shop whose owner has said nothing yet.
DEFAULTS: dict[str, Any] = {
    "id": 1,
    "name": DEFAULT_NAME,
    "tagline": "",
    "about": "",
    "refund_policy": "",
    "contact_email": "",
    "currency": "EUR",
    "review_reminder_days": 10,
    "recovery": Reminder.OFF,
    "recovery_hours": 4,
    "expiry_notice_days": 7,
    "sharing_places": 10,
    "transfer_details": "",
    "transfer_days": 7,
    "translations": {},
}
