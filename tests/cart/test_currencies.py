"""One currency from the shelf to Stripe: what a customer has chosen, or the shop's own, and never two in one sum."""

from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storefront.admin.queries import takings
from storefront.catalog.cards import refresh_card
from storefront.catalog.models import PriceHistory, Product, Variant, VariantPrice
from storefront.catalog.price_history import history_of
from storefront.catalog.stamp import raise_stamp
from storefront.checkout import refunding
from storefront.core import db
from storefront.core.money import Money, payable_step
from storefront.core.settings import Settings
from storefront.gateways.stripe import from_stripe, to_stripe
from storefront.orders.models import Order
from storefront.shop import service as shop
from tests.admin.desk import Desk, errors_of
from tests.checkout.buying import come_back, sell, session_id_of
from tests.selling import Till, check_out, checkout_fields, put_into_cart, variant_of

OTHERS = ["USD", "JPY", "BHD", "ISK"]


@pytest.fixture(autouse=True)
def shop_takes_several(app: Flask) -> None:
    """The shop's own currency is the euro."""
    with db.unit_of_work():
        shop.get_profile().other_currencies = OTHERS
        raise_stamp()
    shop.forget()


def price(product: Product, prices: Mapping[str, int]) -> None:
    """Have the product cost that much elsewhere, and only there."""
    with db.unit_of_work() as session:
        variants = session.scalars(select(Variant).where(Variant.product_id == product.id)).all()
        for variant in variants:
            session.query(VariantPrice).filter_by(variant_id=variant.id).delete()
            session.add_all(
                VariantPrice(variant_id=variant.id, currency=currency, amount=amount)
                for currency, amount in prices.items()
            )
        refresh_card(product.id)
        raise_stamp()


def choose(client: FlaskClient, currency: str) -> str:
    """Send the form of the footer and return where it leads."""
    return client.post("/currency", data={"currency": currency, "back": "/en/products"}).headers["Location"]


def latest_order() -> Order:
    db.close_reader()
    return db.session().scalars(select(Order).order_by(Order.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("currency", "amount", "one", "two"),
    [("JPY", 3000, "¥3,000", "¥6,000"), ("BHD", 1230, "BHD1.230", "BHD2.460")],
)
def test_chosen_currency_holds_to_the_end(
    client: FlaskClient,
    owner_client: FlaskClient,
    till: Till,
    work: Callable[[], int],
    shop_settings: Settings,
    currency: str,
    amount: int,
    one: str,
    two: str,
) -> None:
    product = sell(title="Atlas", amount=1900)
    price(product, {"USD": 2100, currency: amount})
    assert choose(client, currency) == "/en/products"
    shelf, page = client.get("/en/products").text, client.get(f"/en{product.path}").text
    plain = Money(amount, currency).plain
    assert one in shelf.replace("\xa0", "")
    assert "€19" not in shelf + page
    assert f'"price":"{plain}","priceCurrency":"{currency}"' in page.replace(": ", ":").replace(", ", ",")
    put_into_cart(client, product, 2)
    answer = check_out(client)
    session = till.get(f"checkout/sessions/{session_id_of(answer.location)}")
    assert (session["amount_total"], session["currency"]) == (2 * amount, currency.lower())
    order_page = client.get(come_back(client, till.pay(answer.location))).text
    assert two in order_page.replace("\xa0", "")
    order = latest_order()
    assert [row.income for row in takings("EUR")] == [[Money(2 * amount, currency)]] * 3
    with db.unit_of_work():
        refunding.refund_in_full(order.id, "as agreed")
    work()
    refunds: Any = till.get("refunds")["data"]
    assert [(each["amount"], each["currency"]) for each in refunds] == [(2 * amount, currency.lower())]
    texts = [text_of(mail) for mail in (shop_settings.var_dir / "outbox").rglob("*.eml")]
    assert [two in text.replace("\xa0", "") for text in texts if "Atlas" in text] == [True] * 2
    assert two in owner_client.get(f"/admin/orders/{order.number}").text.replace("\xa0", "")


def text_of(mail: Path) -> str:
    """Return the plain words of a mail."""
    body = message_from_bytes(mail.read_bytes(), policy=default_policy).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_kept_pages_do_not_cross_from_one_currency_to_another(app: Flask, client: FlaskClient) -> None:
    product = sell(title="Atlas", amount=1900)
    price(product, {"USD": 2100})
    other = app.test_client()
    choose(other, "USD")
    for path in ("/en/", "/en/products", f"/en{product.path}"):
        for _ in range(2):
            assert "€19.00" in client.get(path).text
            assert "$21.00" in other.get(path).text
        assert "Cookie" in client.get(path).headers["Vary"]
    other.set_cookie("currency", "GBP")
    assert "€19.00" in other.get("/en/products").text


def test_shop_with_one_currency_offers_no_choice_and_ignores_the_cookie(client: FlaskClient) -> None:
    price(sell(amount=1900), {"USD": 2100})
    with db.unit_of_work():
        shop.get_profile().other_currencies = None
        raise_stamp()
    shop.forget()
    client.set_cookie("currency", "USD")
    page = client.get("/en/products")
    assert "€19.00" in page.text
    assert 'action="/en/currency"' not in page.text
    assert "Cookie" not in page.headers["Vary"]
    assert "Set-Cookie" not in client.post("/currency", data={"currency": "USD"}).headers


def test_one_thing_without_a_price_takes_the_whole_cart_to_the_shop_currency(client: FlaskClient) -> None:
    priced, unpriced = sell(title="Atlas", amount=1900), sell(title="Globe", amount=500)
    price(priced, {"USD": 2100})
    choose(client, "USD")
    assert "There is no price in USD. This is shown, and charged, in EUR." in client.get(unpriced.path).text
    assert "What has no price in USD is shown, and charged, in EUR." in client.get("/products").text
    put_into_cart(client, priced)
    assert (checkout_fields(client)["total"], checkout_fields(client)["currency"]) == ("2100", "USD")
    seen = checkout_fields(client)
    put_into_cart(client, unpriced)
    page = client.get("/cart").text
    assert "Everything here is in EUR, because there is no price in USD for: Globe." in page
    assert "$" not in page[page.index("<main") : page.index("</main")]
    assert checkout_fields(client)["total"] == "2400"
    # The page that still shows dollars is not paid in euros, even if the number were the same.
    answer = client.post("/checkout", data={**seen, "email": "anna@example.org", "total": "2400"})
    assert answer.status_code == 409


def test_amount_that_was_chosen_in_one_currency_is_asked_again_in_another(client: FlaskClient) -> None:
    product = sell(amount=500)
    price(product, {"BHD": 200})
    with db.unit_of_work():
        variant_of(product).pays_what_they_want = True
        variant_id = variant_of(product).id
    choose(client, "BHD")
    for typed, said in (("1.234", "By card one pays in steps of BHD0.010."), ("0.100", "at least BHD0.200")):
        answer = client.post(
            "/cart/lines", data={"variant_id": variant_id, "amount": typed, "currency": "BHD"}
        )
        assert (answer.status_code, said in answer.text) == (422, True)
    client.post("/cart/lines", data={"variant_id": variant_id, "amount": "1.230", "currency": "BHD"})
    assert checkout_fields(client)["total"] == "1230"
    choose(client, "EUR")
    assert "You chose an amount in BHD. Please choose one in EUR." in client.get("/cart").text
    assert check_out(client).status_code == 409
    choose(client, "BHD")
    assert checkout_fields(client)["total"] == "1230"


def test_owner_names_the_currencies_and_prices_that_can_be_paid(owner_client: FlaskClient) -> None:
    desk = Desk(owner_client)
    answer = desk.send("/admin/settings", other_currencies="USD, XYZ")
    assert list(errors_of(answer)) == ["other_currencies"]
    desk.press("/admin/settings", "/admin/settings", other_currencies="usd，JPY EUR USD")
    assert shop.currencies() == ("EUR", "USD", "JPY")
    product = sell()
    path = f"/admin/products/{product.slug}"
    answer = desk.send(path, **{"variants-0-other_prices": "BHD 1.234"})
    assert "By card one pays in steps of BHD 0.010." in answer.text
    desk.press(path, path, **{"variants-0-other_prices": "BHD 1.230, USD 5"})
    desk.press(path, path, **{"variants-0-other_prices": "BHD 1.230, USD 6"})
    db.close_reader()
    rows = db.session().execute(select(PriceHistory.currency, PriceHistory.price_amount)).all()
    assert [tuple(row) for row in rows] == [("EUR", 1900), ("BHD", 1230), ("USD", 500), ("USD", 600)]
    variant_id = variant_of(product).id
    assert [point.price_amount for point in history_of([variant_id])[variant_id]] == [1900]


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],  # a purchase takes too long to look for the smallest one that fails
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    wanted=st.sampled_from(["EUR", *OTHERS]),
    things=st.lists(
        st.tuples(
            st.integers(50, 400),
            st.dictionaries(st.sampled_from(OTHERS), st.integers(60, 500)),
            st.integers(1, 9),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_cart_order_and_stripe_ask_for_the_same_in_one_currency(
    app: Flask,
    till: Till,
    wanted: str,
    things: list[tuple[int, dict[str, int], int]],
) -> None:
    visitor, expected = app.test_client(), []
    currency = wanted if all(wanted in prices for _, prices, _ in things) else "EUR"
    choose(visitor, wanted)
    for own, tens, quantity in things:
        product = sell(amount=own)
        prices = {code: amount * payable_step(code) for code, amount in tens.items()}
        price(product, prices)
        put_into_cart(visitor, product, quantity)
        expected.append(Money(own if currency == "EUR" else prices[currency], currency) * quantity)
    total = sum(expected, Money(0, currency))
    form = checkout_fields(visitor)
    assert (form["total"], form["currency"]) == (str(total.amount), currency)
    answer = check_out(visitor)
    session = till.get(f"checkout/sessions/{session_id_of(answer.location)}")
    assert latest_order().total == total
    assert (session["amount_total"], session["currency"]) == (to_stripe(total), currency.lower())
    assert from_stripe(session["amount_total"], str(session["currency"])) == total  # type: ignore[arg-type]
