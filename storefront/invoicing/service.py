"""Making invoices and credit notes, each once, and finding them."""

from typing import Any

from sqlalchemy import func, select

from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.invoicing import snapshots
from storefront.invoicing.models import Invoice, InvoiceSettings
from storefront.invoicing.numbering import take_number
from storefront.invoicing.states import DocumentKind
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.orders.states import PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import RefundStatus
from storefront.taxes.billing import Billing

TOPIC = "invoicing"
MOST_CORRECTIONS = 5
_HAS_MONEY = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED, PaymentState.DISPUTED)


class NoInvoice(Refused):
    """The order has no invoice that could be corrected."""

    sentence = N_("There is no invoice yet.")


class CorrectedOften(Refused):
    """An invoice can't be made anew for ever."""

    sentence = N_("This invoice has been changed several times. Please write to us.")


def get_settings() -> InvoiceSettings:
    """Return who sells and how invoices are numbered; made at the first need within a unit."""
    found = db.session().get(InvoiceSettings, 1)
    if found is None:
        found = InvoiceSettings(
            id=1, seller_name="", seller_address="", vat_id="", tax_number="", note="",
            prefix="INV-", credit_prefix="CR-", has_year=True,
        )  # fmt: skip
        if db.in_unit():
            db.session().add(found)
    return found


def save_settings(**wanted: Any) -> None:
    """Change them in the current unit. Documents that are made already stay as they are."""
    row = get_settings()
    changed = {
        name: [getattr(row, name), value] for name, value in wanted.items() if getattr(row, name) != value
    }
    for name, value in wanted.items():
        setattr(row, name, value)
    db.session().flush()
    if changed:
        journal(TOPIC, "invoicing.saved", changed=changed)


def get_document(public_id: str) -> Invoice:
    """Return a document by its unguessable address.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(Invoice, Invoice.public_id == public_id)


def documents_of(order_id: int) -> list[Invoice]:
    """Return all documents of an order, first one first."""
    return list(
        db.session().scalars(select(Invoice).where(Invoice.order_id == order_id).order_by(Invoice.id))
    )


def standing_invoice(order_id: int) -> Invoice | None:
    """Return the invoice of an order that counts: the newest one."""
    statement = select(Invoice).where(Invoice.order_id == order_id, Invoice.kind == DocumentKind.INVOICE)
    return db.session().scalar(statement.order_by(Invoice.id.desc()).limit(1))


def latest_documents(before_id: int | None = None, limit: int = 50) -> list[tuple[Invoice, str]]:
    """Return documents with the numbers of their orders, newest first; ``before_id`` continues a list."""
    statement = select(Invoice, Order.number).join(Order, Order.id == Invoice.order_id)
    if before_id is not None:
        statement = statement.where(Invoice.id < before_id)
    return [
        (document, number)
        for document, number in db.session().execute(statement.order_by(Invoice.id.desc()).limit(limit))
    ]


def make_invoice(order: Order) -> Invoice | None:
    """Make the first invoice of a paid order that is locked, and credit notes for what went back meanwhile.

    Once: a second call returns the same. None when there is nothing to invoice, or the owner has not said who sells.
    """
    known = db.session().scalar(
        select(Invoice).where(Invoice.order_id == order.id).order_by(Invoice.id).limit(1)
    )
    if known is not None:
        return known
    seller = get_settings()
    if not order.total_amount or order.payment_state not in _HAS_MONEY or not seller.is_complete:
        return None
    said = snapshots.of_order(order, seller, buyer_of(order), _reference(order))
    made = _write(order, seller, DocumentKind.INVOICE, order.total_amount, said)
    for refund in payments.refunds_of(order.id):
        credit_refund(order, refund)
    return made


def credit_refund(order: Order, refund: Refund) -> Invoice | None:
    """Make the credit note of a refund that has gone through; the order must be locked. Once, whoever calls.

    What goes back of a payment that was never owed, such as a second one, is no part of the sale and gets none.
    """
    known = db.session().scalar(select(Invoice).where(Invoice.refund_id == refund.id))
    invoice = standing_invoice(order.id)
    if known is not None or invoice is None or refund.status is not RefundStatus.SUCCEEDED:
        return known
    credited = _credited(invoice)
    left = invoice.total_amount - credited
    amount = min(refund.amount, left, _owed_back(order, refund))
    if amount <= 0:
        return None
    said = snapshots.of_refund(order, invoice, get_settings(), amount, credited, refund.reason)
    return _write(
        order, get_settings(), DocumentKind.CREDIT, amount, said, corrects_id=invoice.id, refund_id=refund.id
    )


def correct_buyer(order: Order, buyer: dict[str, str]) -> Invoice:
    """Put the buyer's company and VAT id on the invoice of a locked order: by a credit note over what is left of the
    one before, and a new invoice over the same. The tax stays as it was asked for.

    Raises:
        NoInvoice: there is none. CorrectedOften: it was changed too often.
    """
    before = standing_invoice(order.id)
    if before is None:
        raise NoInvoice
    if before.snapshot["buyer"] == buyer:
        return before
    if len([one for one in documents_of(order.id) if one.kind is DocumentKind.INVOICE]) > MOST_CORRECTIONS:
        raise CorrectedOften
    seller, credited = get_settings(), _credited(before)
    if credited >= before.total_amount:
        raise NoInvoice
    said = snapshots.of_cancellation(order, before, seller, credited)
    credit = _write(
        order, seller, DocumentKind.CREDIT, before.total_amount - credited, said, corrects_id=before.id
    )
    said = snapshots.of_replacement(order, before, credit, seller, buyer)
    return _write(order, seller, DocumentKind.INVOICE, credit.total_amount, said, corrects_id=credit.id)


def buyer_of(order: Order) -> dict[str, str]:
    """Return how an invoice names the buyer of an order."""
    billing, shipped = Billing.read(order.billing), order.shipping_address or {}
    place = shipped.get("address") or shipped
    parts = [place.get(name) for name in ("line1", "line2", "postal_code", "city", "state")]
    return {
        "name": billing.company or str(shipped.get("name") or ""),
        "address": billing.address or "\n".join(str(part) for part in parts if part),
        "country": billing.country or str(place.get("country") or (order.taxes or {}).get("country") or ""),
        "vat_id": billing.vat_id,
        "email": order.email,
    }


def _write(
    order: Order,
    seller: InvoiceSettings,
    kind: DocumentKind,
    total: int,
    said: dict[str, Any],
    *,
    corrects_id: int | None = None,
    refund_id: int | None = None,
) -> Invoice:
    prefix = seller.prefix if kind is DocumentKind.INVOICE else seller.credit_prefix
    number = take_number(prefix, has_year=seller.has_year)
    document = Invoice(
        kind=kind,
        number=number.text,
        series_id=number.series_id,
        sequence=number.sequence,
        order_id=order.id,
        refund_id=refund_id,
        corrects_id=corrects_id,
        currency=order.currency,
        total_amount=total,
        snapshot=said,
    )
    db.session().add(document)
    db.session().flush()
    journal(order.topic, f"{kind}.made", number=document.number, total=total, currency=order.currency)
    return document


def _credited(invoice: Invoice) -> int:
    """Return how much of an invoice was given back by credit notes."""
    statement = select(func.coalesce(func.sum(Invoice.total_amount), 0)).where(
        Invoice.corrects_id == invoice.id, Invoice.kind == DocumentKind.CREDIT
    )
    return int(db.session().execute(statement).scalar_one())


def _owed_back(order: Order, refund: Refund) -> int:
    """Return how much of what went back until this refund was of the sale, and not of money that was never owed."""
    too_much = max(payments.captured(order.id) - order.total_amount, 0)
    until = sum(
        one.amount
        for one in payments.refunds_of(order.id)
        if one.status is RefundStatus.SUCCEEDED and one.id <= refund.id
    )
    told = select(func.coalesce(func.sum(Invoice.total_amount), 0)).where(
        Invoice.order_id == order.id, Invoice.refund_id.is_not(None)
    )
    return until - too_much - int(db.session().execute(told).scalar_one())


def _reference(order: Order) -> str:
    statement = select(Payment.payment_intent_id).where(
        Payment.order_id == order.id, Payment.captured_amount > 0
    )
    return str(db.session().scalar(statement.order_by(Payment.attempt).limit(1)) or "")
