"""Invoices: numbers without gaps in any crowd, snapshots that stay, corrections, the same words on page and PDF."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import func, select

from storefront.checkout import refunding
from storefront.checkout.jobs import gateway
from storefront.core import db
from storefront.invoicing import pdf, service
from storefront.invoicing.models import Invoice, InvoiceSeries
from storefront.invoicing.numbering import take_number
from storefront.invoicing.states import DocumentKind
from storefront.orders.service import moving
from storefront.payments.models import Payment
from storefront.shop import service as shop
from storefront.taxes import service as taxes
from storefront.taxes.states import TaxClass
from storefront.web.fonts import find_font
from tests.checkout.buying import Work, buy, complaints, sell, the_order
from tests.selling import Till, send


def settle_seller() -> None:
    """Say who sells, in a country with a tax that is in the prices."""
    with db.unit_of_work():
        service.save_settings(
            seller_name="Quiet Press", seller_address="Lindenweg 3\n07743 Jena", vat_id="DE136695976"
        )
        shop.save_tax_facts("rates", "DE", is_included=True)
        taxes.save_rates([("DE", TaxClass.STANDARD, 1900, "MwSt."), ("DE", TaxClass.REDUCED, 700, "MwSt.")])
    shop.forget()


def documents() -> list[Invoice]:
    """Return all documents, first one first."""
    db.close_reader()
    return list(db.session().scalars(select(Invoice).order_by(Invoice.id)))


def text_of(client: FlaskClient, path: str) -> str:
    """Return the words of a PDF."""
    answer = client.get(path)
    assert answer.mimetype == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.data)).pages
    # This reader leaves the first half of a two-byte sign in the text.
    return "\n".join(page.extract_text() for page in pages).replace("\x00", "")


@pytest.fixture(autouse=True)
def _own_words() -> None:
    shop.forget()


def test_paid_order_has_one_invoice_that_never_changes(client: FlaskClient, till: Till, work: Work) -> None:
    settle_seller()
    page = buy(client, till, sell(title="A small book", amount=1900), 2)
    work()
    [invoice] = documents()
    assert re.fullmatch(r"INV-20\d\d-0001", invoice.number)
    assert (invoice.total_amount, invoice.snapshot["taxes"]) == (3800, [[1900, "MwSt.", 3193, 607]])
    with db.unit_of_work():
        assert service.make_invoice(moving.lock(the_order().id)).id == invoice.id  # type: ignore[union-attr]  # there is one
        service.save_settings(seller_name="Another name")
    shown = client.get(f"/en/invoices/{invoice.public_id}").text
    assert ("Quiet Press" in shown, "Another name" in shown, "€6.07" in shown) == (True, False, True)
    assert invoice.number in client.get(page).text
    assert complaints() == {}


def test_pdf_says_the_same_in_english_and_chinese(client: FlaskClient, till: Till, work: Work) -> None:
    settle_seller()
    buy(client, till, sell(title="小海报 Poster", amount=1900))
    work()
    [invoice] = documents()
    english = text_of(client, f"/en/invoices/{invoice.public_id}/pdf")
    assert f"Invoice {invoice.number}" in english
    assert all(
        words in english for words in ("Quiet Press", "€19.00", "VAT id: DE136695976", "anna@example.org")
    )
    if find_font("海报发票", Path("nowhere")):
        chinese = text_of(client, f"/zh/invoices/{invoice.public_id}/pdf")
        assert ("小海报 Poster" in chinese, "发票" in chinese, "小海报 Poster" in english) == (
            True,
            True,
            True,
        )


def test_pdf_without_a_font_spells_words_in_latin_letters(
    client: FlaskClient, till: Till, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_seller()
    buy(client, till, sell(title="海报", amount=1900))
    work()
    monkeypatch.setattr(pdf, "find_font", lambda *_: None)
    spelled = text_of(client, f"/en/invoices/{documents()[0].public_id}/pdf")
    assert ("Hai Bao" in spelled, "EUR 19.00" in spelled) == (True, True)


def test_refunds_get_credit_notes_that_add_up(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    settle_seller()
    buy(client, till, sell(amount=1001))
    work()
    with db.unit_of_work() as session:
        intent = session.scalars(select(Payment.payment_intent_id)).one()
    for amount in (333, 334, 334):
        till.control(f"charges/{intent}/refund", amount=amount)
    with client.application.app_context():
        refunding.follow_refunds(intent or "", gateway())
    work()
    [invoice, *credits] = documents()
    assert sorted(one.total_amount for one in credits) == [333, 334, 334]
    assert [re.sub(r"20\d\d", "Y", one.number) for one in credits] == ["CR-Y-0001", "CR-Y-0002", "CR-Y-0003"]
    tax = sum(one.snapshot["taxes"][0][3] for one in credits)
    net = sum(one.snapshot["taxes"][0][2] for one in credits)
    assert [net, tax] == invoice.snapshot["taxes"][0][2:]
    assert "Credit note" in client.get(f"/en/invoices/{credits[0].public_id}").text
    assert complaints() == {}


def test_company_comes_later_by_credit_note_and_new_invoice(
    client: FlaskClient, till: Till, work: Work
) -> None:
    settle_seller()
    page = buy(client, till, sell())
    work()
    path = f"/orders/{the_order().public_id}/invoice/details"
    wrong = send(client, path, name="Verlag Blau", country="DE", vat_id="DE123")
    assert (wrong.status_code, "This is no VAT id of that country." in wrong.text) == (422, True)
    assert send(client, path, name="Verlag Blau", country="DE", vat_id="DE 136695976").status_code == 303
    first, credit, second = documents()
    assert [one.kind for one in (first, credit, second)] == [
        DocumentKind.INVOICE,
        DocumentKind.CREDIT,
        DocumentKind.INVOICE,
    ]
    assert (credit.corrects_id, second.corrects_id, second.total_amount) == (
        first.id,
        credit.id,
        first.total_amount,
    )
    assert second.snapshot["buyer"]["vat_id"] == "DE136695976"
    assert send(client, path, name="Verlag Blau", country="DE", vat_id="DE136695976").status_code == 303
    assert len(documents()) == 3
    assert (
        "Verlag Blau"
        in client.get(client.get(page.replace("/en", "", 1) + "/invoice").headers["Location"]).text
    )
    assert complaints() == {}


def test_nobody_else_finds_a_document(client: FlaskClient, till: Till, work: Work) -> None:
    settle_seller()
    buy(client, till, sell())
    work()
    number = documents()[0].number
    for path in (f"/invoices/{number}", "/invoices/x/pdf", f"/orders/{the_order().number}/invoice"):
        assert client.get(path).status_code == 404


def test_fifty_at_once_take_fifty_numbers_without_a_gap(app: Flask, work_database: str) -> None:
    def take(place: int) -> int:
        def work() -> int:
            with db.unit_of_work():
                number = take_number("INV-", has_year=True)
                if place % 5 == 0:
                    raise _TornError
                return number.sequence

        try:
            return db.again_on_conflict(work)
        except _TornError:
            return 0

    with ThreadPoolExecutor(16) as pool:
        taken = [number for number in pool.map(take, range(50)) if number]
    assert sorted(taken) == list(range(1, 41))
    with db.unit_of_work() as session:
        assert session.scalars(select(InvoiceSeries.last_number)).one() == 40
        assert session.scalar(select(func.count()).select_from(InvoiceSeries)) == 1


class _TornError(Exception):
    """The transaction dies after it has taken a number."""
