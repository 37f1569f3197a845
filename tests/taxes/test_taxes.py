"""Tax by the owner's table and by Stripe Tax: what the cart says, what is asked for, and what the order keeps."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.core import db
from storefront.orders.states import PaymentState
from storefront.shop import legal
from storefront.shop import service as shop
from storefront.shop.legal import LegalKind
from storefront.shop.service import LegalFacts
from storefront.taxes import service as taxes
from storefront.taxes.states import TaxClass
from storefront.taxes.vat_ids import normalise
from tests.checkout.buying import Work, charges, come_back, complaints, mails, orders, sell, the_order
from tests.selling import BUYER, Till, check_out, checkout_fields, put_into_cart, send, token_of


@pytest.fixture(autouse=True)
def _own_words() -> None:
    shop.forget()


def set_tax(mode: str = "rates", *, is_included: bool = True) -> None:
    """Switch tax on, with two countries in the table."""
    with db.unit_of_work():
        shop.save_tax_facts(mode, "DE", is_included=is_included)
        taxes.save_rates([("DE", TaxClass.STANDARD, 1900, "MwSt."), ("FR", TaxClass.STANDARD, 2000, "TVA")])
    shop.forget()


@pytest.fixture
def vies(app: Flask) -> Iterator[dict[str, bool]]:
    """VIES as far as we know it: VAT ids and whether they count; all others make it stumble."""
    known: dict[str, bool] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vat_id = asked["countryCode"] + asked["vatNumber"]
            body = json.dumps(
                {"valid": known[vat_id], "name": "Maison Bleue"} if vat_id in known else {}
            ).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(
        update={"vies_url": f"http://127.0.0.1:{server.server_port}"}
    )
    yield known
    server.shutdown()
    server.server_close()


def test_included_tax_is_told_and_kept_by_line(client: FlaskClient, till: Till, work: Work) -> None:
    set_tax()
    product = sell(amount=1190)
    assert "incl. VAT" in client.get(product.path).text
    put_into_cart(client, product)
    assert "includes €1.90 MwSt. 19 %" in client.get("/cart").text
    come_back(client, till.pay(check_out(client).headers["Location"]))
    work()
    order = the_order()
    assert (order.total_amount, order.tax_amount, order.included_tax_amount) == (1190, 0, 190)
    assert (order.lines[0].tax_amount, order.lines[0].tax_rate) == (190, 1900)
    assert order.taxes == {
        "country": "DE",
        "is_included": True,
        "is_reversed": False,
        "rates": [[1900, "MwSt.", 1000, 190]],
        "shipping": None,
    }
    assert complaints() == {}


def test_added_tax_follows_the_country_and_a_new_total_is_shown_before_it_is_paid(
    client: FlaskClient, till: Till, work: Work
) -> None:
    set_tax(is_included=False)
    put_into_cart(client, sell(amount=1000))
    assert "€11.90" in client.get("/cart").text
    fields = {**checkout_fields(client), "email": BUYER}
    answer = client.post("/checkout", data={**fields, "tax_country": "FR"})
    assert (answer.status_code, "€12.00" in answer.text) == (409, True)
    page = check_out(client, tax_country="FR").headers["Location"]
    come_back(client, till.pay(page))
    work()
    order = the_order()
    assert (order.subtotal_amount, order.tax_amount, order.total_amount) == (1000, 200, 1200)
    assert [charge["amount"] for charge in charges(till)] == [1200]
    assert (order.payment_state, complaints()) == (PaymentState.PAID, {})


def test_fragment_shows_the_total_of_another_country(client: FlaskClient) -> None:
    set_tax(is_included=False)
    put_into_cart(client, sell(amount=1000))
    token = token_of(client.get("/cart"))
    answer = client.post(
        "/checkout/billing", data={"csrf_token": token, "tax_country": "FR"}, headers={"HX-Request": "true"}
    )
    assert ("TVA 20 %" in answer.text, "<html" in answer.text) == (True, False)
    odd = client.post("/checkout/billing", data={"csrf_token": token, "tax_country": "XX", "vat_id": "1"})
    assert (odd.status_code, 'id="tax_country-error"' in odd.text) == (422, True)


def test_business_elsewhere_pays_no_tax_when_vies_knows_it(
    client: FlaskClient, till: Till, work: Work, vies: dict[str, bool]
) -> None:
    set_tax()
    vies |= {"FR40303265045": True, "FR23334175221": False}
    put_into_cart(client, sell(amount=1200))
    about = {"tax_country": "FR", "billing_company": "Maison Bleue"}
    refused = check_out(client, vat_id="FR23334175221", **about)
    assert (refused.status_code, "does not know this one" in refused.text) == (422, True)
    assert check_out(client, vat_id="FR 40 303265045", **about).status_code == 409
    come_back(client, till.pay(check_out(client, vat_id="FR40303265045", **about).headers["Location"]))
    work()
    order = the_order()
    assert (order.total_amount, order.included_tax_amount, order.discount_amount) == (1000, 0, 200)
    assert (order.billing or {})["vat_state"] == "valid"
    assert (order.taxes or {})["is_reversed"] is True
    assert complaints() == {}


def test_vat_id_is_looked_up_later_when_vies_sleeps(
    client: FlaskClient, till: Till, work: Work, vies: dict[str, bool]
) -> None:
    set_tax()
    put_into_cart(client, sell(amount=1200))
    about = {"tax_country": "FR", "vat_id": "FR40303265045"}
    check_out(client, **about)
    page = check_out(client, **about).headers["Location"]
    assert (the_order().billing or {})["vat_state"] == "format"
    vies["FR40303265045"] = False
    come_back(client, till.pay(page))
    work()
    order = the_order()
    assert (order.billing or {})["vat_state"] == "invalid"
    assert order.attention == "VIES does not know the VAT id of this buyer. Ask them, or ask for the tax."


def test_vat_ids_are_read_as_people_write_them() -> None:
    assert normalise("de 136.695-976", "DE") == "DE136695976"
    assert normalise("136695976", "DE") == "DE136695976"
    assert normalise("DE136695977", "DE") is None
    assert normalise("DE136695976", "FR") is None
    assert normalise("EL 094259216", "GR") == normalise("094259216", "GR") == "EL094259216"


@pytest.mark.parametrize("is_included", [True, False])
def test_tax_of_stripe_is_read_back_and_the_amount_fits(
    client: FlaskClient, till: Till, work: Work, is_included: bool
) -> None:
    set_tax("stripe", is_included=is_included)
    put_into_cart(client, sell(amount=1000))
    cart = client.get("/cart").text
    assert ("Tax is added on the payment page" in cart) is not is_included
    address = {
        "billing_name": "Anna",
        "billing_line1": "Rue 1",
        "billing_city": "Nantes",
        "billing_country": "FR",
    }
    page = check_out(client).headers["Location"]
    come_back(client, till.pay(page, billing_postal_code="44000", **address))
    work()
    order = the_order()
    paid = 1000 if is_included else 1200
    assert [charge["amount"] for charge in charges(till)] == [paid] == [order.total_amount]
    assert (order.tax_amount, order.included_tax_amount) == ((0, 167) if is_included else (200, 0))
    assert ((order.taxes or {})["country"], order.payment_state) == ("FR", PaymentState.PAID)
    assert (order.attention, complaints()) == (None, {})


def test_terms_and_waiver_are_asked_for_and_kept_with_version_and_time(client: FlaskClient) -> None:
    with db.unit_of_work():
        legal.save_text(LegalKind.TERMS, "We send, you pay.", "")
        legal.save_text(LegalKind.WAIVER, *legal.default_waiver())
        shop.save_legal_facts(LegalFacts(offers_withdrawal=True, asks_terms=True, asks_waiver=True))
    shop.forget()
    put_into_cart(client, sell())
    assert "We send, you pay." in client.get("/terms").text
    refused = check_out(client)
    assert (refused.status_code, 'id="waiver-error"' in refused.text) == (422, True)
    ticked = {"terms": "y", "terms_version": "1", "waiver": "y", "waiver_version": "1"}
    assert check_out(client, **{**ticked, "terms_version": "0"}).status_code == 422
    assert check_out(client, **ticked).status_code == 303
    kept = the_order().terms or {}
    assert {name: one["version"] for name, one in kept.items()} == {"terms": 1, "waiver": 1}
    assert all(one["at"] for one in kept.values())


def test_consumer_withdraws_in_two_steps_once_and_the_owner_sees_it(
    client: FlaskClient, till: Till, work: Work
) -> None:
    put_into_cart(client, sell())
    come_back(client, till.pay(check_out(client).headers["Location"]))
    work()
    number = the_order().number
    assert "Withdraw from a contract here" in client.get("/").text
    said = {"name": "Anna", "number": number, "email": BUYER}
    stranger = send(client, "/withdrawal", **{**said, "email": "ben@example.org"})
    assert (stranger.status_code, "We find no paid order" in stranger.text) == (422, True)
    assert "Confirm withdrawal" in send(client, "/withdrawal", **said).text
    assert the_order().attention is None
    done = [send(client, "/withdrawal/confirmation", page="/withdrawal", **said) for _ in range(2)]
    assert done[0].headers["Location"] == done[1].headers["Location"]
    assert "Your withdrawal has arrived" in client.get(done[0].headers["Location"]).text
    assert (the_order().attention or "").startswith("The buyer has withdrawn")
    work()
    assert mails() == ["order_paid", "withdrawal_received"]
    assert len(orders()) == 1
