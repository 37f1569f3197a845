"""Tables of invoices."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.invoicing.states import DocumentKind

_FIRST = text("corrects_id IS NULL")
_CORRECTION = text("refund_id IS NULL AND corrects_id IS NOT NULL")


class InvoiceSettings(Base):
    """Who sells, and how invoices are numbered. There is one row; without name and address no invoice is made."""

    __tablename__ = "invoice_settings"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    seller_name: Mapped[str] = mapped_column(String(200), default="")
    seller_address: Mapped[str] = mapped_column(Text, default="")
    vat_id: Mapped[str] = mapped_column(String(40), default="")
    tax_number: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    prefix: Mapped[str] = mapped_column(String(20), default="INV-")
    credit_prefix: Mapped[str] = mapped_column(String(20), default="CR-")
    has_year: Mapped[bool] = mapped_column(default=True, server_default=true())

    @property
    def is_complete(self) -> bool:
        """Whether invoices can be made."""
        return bool(self.seller_name.strip() and self.seller_address.strip())


class InvoiceSeries(Base):
    """The counter of one series: its row is held until the end of the unit that takes a number, so none is lost."""

    __tablename__ = "invoice_series"
    __table_args__ = (UniqueConstraint("prefix", "year"),)

    id: Mapped[Id]
    prefix: Mapped[str] = mapped_column(String(20))
    # 0 where numbers do not begin anew with the year.
    year: Mapped[int]
    last_number: Mapped[int] = mapped_column(default=0)


class Invoice(Base):
    """An invoice or a credit note, as it was made; nothing of it ever changes.

    ``snapshot`` holds seller, buyer, lines, taxes and payment. A credit note names the invoice that it ``corrects``,
    and the refund if it tells of one; an invoice that takes the place of another corrects that one's credit note.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("series_id", "sequence"),
        Index("uq_invoice_first", "order_id", unique=True, sqlite_where=_FIRST, postgresql_where=_FIRST),
        Index(
            "uq_invoice_correction",
            "corrects_id",
            unique=True,
            sqlite_where=_CORRECTION,
            postgresql_where=_CORRECTION,
        ),
        Index("ix_invoice_order_id", "order_id", "id"),
        CheckConstraint("total_amount >= 0", name="total_not_negative"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    kind: Mapped[DocumentKind] = choice(DocumentKind, "kind")
    number: Mapped[str] = mapped_column(String(40), unique=True)
    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("invoice_series.id", ondelete="RESTRICT"))
    sequence: Mapped[int]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    refund_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("refund.id", ondelete="RESTRICT"), unique=True
    )
    corrects_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("invoice.id", ondelete="RESTRICT"))
    currency: Mapped[str] = mapped_column(String(3))
    total_amount: Mapped[int] = mapped_column(BigInteger)
    snapshot: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def path(self) -> str:
        """The page of the document, without language prefix; whoever knows it may open it."""
        return f"/invoices/{self.public_id}"
