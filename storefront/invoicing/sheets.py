"""What stands on a document, in the page's language: the one source of the page and of the PDF."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_babel import gettext

from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.invoicing.models import Invoice
from storefront.invoicing.states import DocumentKind
from storefront.web.filters import country, day, money, percent, told


class Row(NamedTuple):
    """A line of the table."""

    text: str
    quantity: str
    unit: str
    amount: str


class Sum(NamedTuple):
    """A line below the table."""

    text: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """All words of a document, from top to bottom."""

    title: str
    seller: list[str]
    buyer: list[str]
    facts: list[tuple[str, str]]
    head: Row
    rows: list[Row]
    sums: list[Sum]
    notes: list[str]

    def texts(self) -> list[str]:
        """Return every text, so that a font can be found that has all of its signs."""
        found = [self.title, *self.seller, *self.buyer, *self.notes]
        found += [word for fact in self.facts for word in fact]
        found += [word for row in (self.head, *self.rows) for word in row]
        return found + [word for one in self.sums for word in (one.text, one.amount)]


def sheet_of(document: Invoice) -> Sheet:
    """Return what stands on a document, in the page's language."""
    said, is_credit = document.snapshot, document.kind is DocumentKind.CREDIT
    name = gettext("Credit note") if is_credit else gettext("Invoice")
    return Sheet(
        title=f"{name} {document.number}",
        seller=_party(said["seller"], with_email=False),
        buyer=_party(said["buyer"], with_email=True),
        facts=_facts(document, said),
        head=Row(gettext("Item"), gettext("Quantity"), gettext("Each"), gettext("Amount")),
        rows=[_row(line, document.currency) for line in said["lines"]] or [_row_of_credit(document, said)],
        sums=_sums(document, said),
        notes=_notes(document, said),
    )


def _party(who: dict[str, str], *, with_email: bool) -> list[str]:
    lines = [who.get("name", ""), *who.get("address", "").splitlines()]
    if who.get("country"):
        lines.append(country(who["country"]))
    if who.get("vat_id"):
        lines.append(gettext("VAT id: %(id)s", id=who["vat_id"]))
    if who.get("tax_number"):
        lines.append(gettext("Tax number: %(number)s", number=who["tax_number"]))
    if with_email and who.get("email"):
        lines.append(who["email"])
    return [line.strip() for line in lines if line.strip()]


def _facts(document: Invoice, said: dict[str, Any]) -> list[tuple[str, str]]:
    found = [
        (gettext("Number"), document.number),
        (gettext("Date"), day(document.issued_at)),
        (gettext("Order"), said["order"]),
    ]
    if said.get("ordered_at"):
        found.append(
            (
                gettext("Date of supply"),
                day(datetime.fromisoformat(said.get("paid_at") or said["ordered_at"])),
            )
        )
    if said.get("corrects"):
        is_credit = document.kind is DocumentKind.CREDIT
        found.append(
            (gettext("To invoice") if is_credit else gettext("Takes the place of"), said["corrects"])
        )
    if said.get("paid_at"):
        found.append((gettext("Paid"), day(datetime.fromisoformat(said["paid_at"]))))
    if said.get("payment"):
        found.append((gettext("Payment reference"), said["payment"]))
    return found


def _row(line: dict[str, Any], currency: str) -> Row:
    text = f"{line['title']} – {line['variant']}" if line["variant"] else str(line["title"])
    rate = f" ({percent(line['rate'])} %)" if line["rate"] else ""
    unit, amount = Money(line["unit"], currency), Money(line["amount"], currency)
    return Row(text + rate, str(line["quantity"]), money(unit), money(amount))


def _row_of_credit(document: Invoice, said: dict[str, Any]) -> Row:
    if said.get("is_replaced"):
        text = gettext("Taken back, because another invoice takes its place")
    else:
        reason = told(said.get("reason", ""))
        text = gettext("Money given back") + (f": {reason}" if reason else "")
    amount = money(Money(said["total"], document.currency))
    return Row(text, "1", amount, amount)


def _sums(document: Invoice, said: dict[str, Any]) -> list[Sum]:
    def of(amount: int) -> str:
        return money(Money(amount, document.currency))

    found = []
    if said["lines"]:
        found.append(Sum(gettext("Subtotal"), of(said["subtotal"])))
        if said["discount"]:
            name = gettext("Code %(code)s", code=said["code"]) if said["code"] else gettext("Discount")
            found.append(Sum(name, f"−{of(said['discount'])}"))
        if said["shipping"]:
            found.append(Sum(gettext("Shipping"), of(said["shipping"])))
        if said.get("credited"):
            found.append(Sum(gettext("Given back already"), f"−{of(said['credited'])}"))
    for rate, name, net, tax in said["taxes"]:
        label = name or gettext("VAT")
        label += f" {percent(rate)} %" if rate is not None else ""
        if said["is_included"] and tax:
            found.append(Sum(gettext("Net amount at %(tax)s", tax=label), of(net)))
            found.append(Sum(gettext("in it: %(tax)s", tax=label), of(tax)))
        elif tax:
            found.append(Sum(gettext("%(tax)s on %(net)s", tax=label, net=of(net)), of(tax)))
    total = gettext("Credited") if document.kind is DocumentKind.CREDIT else gettext("Total")
    return [*found, Sum(total, of(said["total"]), is_total=True)]


def _notes(document: Invoice, said: dict[str, Any]) -> list[str]:
    found = []
    if said["is_reversed"]:
        found.append(
            gettext(
                "Reverse charge: VAT is to be accounted for by the recipient (Article 196, Directive 2006/112/EC)."
            )
        )
    if document.kind is DocumentKind.INVOICE and said.get("paid_at"):
        found.append(gettext("This invoice has been paid. Thank you!"))
    return [*found, *str(said.get("note", "")).splitlines()]
