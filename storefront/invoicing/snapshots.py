"""What a document says, taken from the order as it is now; plain values, so that it stays what it was."""

from typing import Any

from storefront.core.clock import datetime
from storefront.invoicing.models import Invoice, InvoiceSettings
from storefront.orders.models import Order, OrderLine
from storefront.pricing.splitting import portion, split

Taxes = list[list[Any]]


def of_order(order: Order, seller: InvoiceSettings, buyer: dict[str, str], reference: str) -> dict[str, Any]:
    """Return what an invoice says of an order; ``reference`` is how the payment is called at Stripe."""
    taxes = order.taxes or {}
    return {
        **_heads(order, seller, buyer),
        "lines": [_line(line) for line in order.lines],
        "subtotal": order.subtotal_amount,
        "discount": order.discount_amount,
        "code": order.code or "",
        "shipping": order.shipping_amount,
        "tax_added": order.tax_amount,
        "taxes": list(taxes.get("rates", [])),
        "is_included": bool(taxes.get("is_included", True)),
        "is_reversed": bool(taxes.get("is_reversed", False)),
        "total": order.total_amount,
        "paid_at": _iso(order.paid_at),
        "payment": reference,
    }


def of_refund(
    order: Order, invoice: Invoice, seller: InvoiceSettings, amount: int, credited_before: int, reason: str
) -> dict[str, Any]:
    """Return what a credit note says that gives back ``amount`` of an invoice, after others have given back some.

    Each rate gives back its share of the tax, so that all credit notes of an invoice add up to its taxes.
    """
    snapshot = invoice.snapshot
    return {
        **_heads(order, seller, snapshot["buyer"]),
        "lines": [],
        "reason": reason,
        "corrects": invoice.number,
        "taxes": _taxes_between(snapshot["taxes"], credited_before, credited_before + amount),
        "is_included": snapshot["is_included"],
        "is_reversed": snapshot["is_reversed"],
        "total": amount,
    }


def of_cancellation(order: Order, invoice: Invoice, seller: InvoiceSettings, credited: int) -> dict[str, Any]:
    """Return what a credit note says that takes back what is left of an invoice, because another takes its place."""
    left = invoice.total_amount - credited
    return {**of_refund(order, invoice, seller, left, credited, ""), "is_replaced": True}


def of_replacement(
    order: Order, before: Invoice, credit: Invoice, seller: InvoiceSettings, buyer: dict[str, str]
) -> dict[str, Any]:
    """Return what the new invoice says: the same sale, another buyer's details, less what was given back already."""
    said = {**before.snapshot, **_heads(order, seller, buyer), "corrects": before.number}
    if credit.total_amount != before.total_amount:
        said["taxes"] = [list(row) for row in credit.snapshot["taxes"]]
        said["credited"] = before.total_amount - credit.total_amount
        said["total"] = credit.total_amount
    return said


def _heads(order: Order, seller: InvoiceSettings, buyer: dict[str, str]) -> dict[str, Any]:
    return {
        "order": order.number,
        "ordered_at": _iso(order.placed_at),
        "seller": {
            "name": seller.seller_name,
            "address": seller.seller_address,
            "vat_id": seller.vat_id,
            "tax_number": seller.tax_number,
        },
        "buyer": dict(buyer),
        "note": seller.note,
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "title": line.title,
        "variant": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit": line.unit_amount,
        "amount": line.total_amount,
        "discount": line.discount_amount,
        "tax": line.tax_amount,
        "rate": line.tax_rate,
    }


def _taxes_between(taxes: Taxes, before: int, after: int) -> Taxes:
    """Return which part of the taxes belongs to what is given back between two sums."""
    gross = [net + tax for _, _, net, tax in taxes]
    first, last = split(before, gross), split(after, gross)
    found = []
    for (rate, name, _, tax), whole, low, high in zip(taxes, gross, first, last, strict=True):
        back = portion(tax, high, whole) - portion(tax, low, whole) if whole else 0
        found.append([rate, name, high - low - back, back])
    return found


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
