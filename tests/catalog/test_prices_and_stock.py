"""What a price is at a moment, who pays it, and what is told of stock: through pages, as people meet it."""

import re
from collections.abc import Callable
from threading import Thread

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog import stock, waiting
from storefront.catalog.cards import refresh_card
from storefront.catalog.jobs import follow_prices, tell_waiting
from storefront.catalog.models import Picture, PriceHistory, Product, StockMovement, StockRequest, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import StockReason
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.notifications.models import Message
from storefront.orders.models import OrderLine
from tests.selling import (
    Till,
    check_out,
    checkout_fields,
    heading_of,
    make_product,
    put_into_cart,
    send,
    variant_of,
)

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> object:
    with app.app_context():
        yield
        db.close_reader()


def sell(**options: object) -> Product:
    with db.unit_of_work():
        return make_product(**options)  # type: ignore[arg-type]  # passed on


def change(product: Product, **values: object) -> None:
    """Change the variant of a product as an owner does."""
    with db.unit_of_work():
        variant = variant_of(product)
        for name, value in values.items():
            setattr(variant, name, value)
        refresh_card(product.id)
        raise_stamp()


def price_on(page: str) -> str:
    found = re.search(r'class="buy__price">(.*?)</p>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def messages(kind: str) -> list[Message]:
    db.close_reader()
    return list(db.session().scalars(select(Message).where(Message.kind == kind).order_by(Message.id)))


def test_sale_begins_and_ends_by_the_clock_on_page_list_and_in_the_cart(client: FlaskClient) -> None:
    product = sell(amount=1900)
    begins = (now() + timedelta(hours=1)).replace(microsecond=0)
    ends = begins + timedelta(hours=2)
    change(product, sale_amount=1500, sale_starts_at=begins, sale_ends_at=ends)
    put_into_cart(client, product)

    def shown() -> tuple[str, bool, bool]:
        page = price_on(client.get(product.path).text)
        return page, "€15.00" in client.get("/products").text, "€15.00" in client.get("/cart").text

    for moment, expected in (
        (begins - timedelta(seconds=1), ("€19.00", False, False)),
        (begins, ("Before: €19.00 Now: €15.00", True, True)),
        (ends - timedelta(seconds=1), ("Before: €19.00 Now: €15.00", True, True)),
        (ends, ("€19.00", False, False)),
    ):
        with time_machine.travel(moment, tick=False):
            assert shown() == expected, moment


def test_kept_page_ends_with_the_sale(client: FlaskClient) -> None:
    product = sell(amount=1900)
    ends = now() + timedelta(hours=1)
    change(product, sale_amount=1500, sale_starts_at=now() - timedelta(minutes=1), sale_ends_at=ends)
    assert "€15.00" in client.get(product.path).text
    assert "€15.00" in client.get("/products").text
    with time_machine.travel(ends + timedelta(seconds=1)):
        assert "€15.00" not in client.get(product.path).text
        assert "€15.00" not in client.get("/products").text


def test_price_that_changed_between_page_and_checkout_is_said(client: FlaskClient, till: Till) -> None:
    product = sell(amount=1900)
    ends = now() + timedelta(minutes=30)
    change(product, sale_amount=1500, sale_starts_at=now() - timedelta(minutes=1), sale_ends_at=ends)
    put_into_cart(client, product)
    seen = checkout_fields(client)
    with time_machine.travel(ends):
        answer = client.post("/checkout", data={**seen, "email": "anna@example.org"})
        assert answer.status_code == 409
        assert "has changed meanwhile" in answer.text
        assert check_out(client).status_code == 303
    db.close_reader()
    assert db.session().scalars(select(OrderLine.unit_amount)).all() == [1900]


def test_crossed_out_is_the_lowest_price_of_thirty_days_before_the_sale(client: FlaskClient) -> None:
    with time_machine.travel(now() - timedelta(days=100)) as clock:
        product = sell(amount=1000)
        with db.unit_of_work():
            db.session().get_one(Product, product.id).published_at = now()
        clock.shift(timedelta(days=50))
        change(product, price_amount=3000)
        clock.shift(timedelta(days=30))
        change(product, price_amount=4000)
        clock.shift(timedelta(days=19, hours=23))
    change(product, sale_amount=2500, sale_starts_at=now())
    assert price_on(client.get(product.path).text) == "Before: €30.00 Now: €25.00"
    assert "Lowest price of the 30 days before: €30.00." in client.get(product.path).text


def test_nothing_is_crossed_out_when_it_was_cheaper_before_or_never_offered(client: FlaskClient) -> None:
    with time_machine.travel(now() - timedelta(days=10)):
        cheaper = sell(amount=1000)
        change(cheaper, price_amount=3000, compare_at_amount=5000)
    change(cheaper, sale_amount=2500, sale_starts_at=now())
    assert price_on(client.get(cheaper.path).text) == "€25.00"


def test_history_says_what_was_set_and_never_twice(app: Flask) -> None:
    product = sell(amount=1000)
    change(product, price_amount=1200)
    change(product, barcode="123")
    change(product, price_amount=1000)
    rows = db.session().scalars(select(PriceHistory.price_amount).order_by(PriceHistory.id)).all()
    assert rows == [1000, 1200, 1000]


def test_order_of_lists_follows_the_clock_by_the_job(app: Flask) -> None:
    product = sell(amount=1900)
    ends = now() + timedelta(hours=1)
    change(product, sale_amount=500, sale_starts_at=now() - timedelta(minutes=1), sale_ends_at=ends)
    with time_machine.travel(ends):
        db.close_reader()
        assert follow_prices() == 1
        assert follow_prices() == 0
        db.close_reader()
        assert db.session().get_one(Product, product.id).price_amount == 1900


def test_buyer_pays_what_they_want_but_not_less_than_the_least(client: FlaskClient, till: Till) -> None:
    product = sell(amount=500)
    change(product, pays_what_they_want=True, suggested_amount=900)
    assert (
        'name="amount" type="text" inputmode="decimal" autocomplete="off" maxlength="30" value="9.00"'
        in client.get(product.path).text
    )
    wanted = {"variant_id": variant_of(product).id}
    for typed, sentence in (("4.99", "Please pay at least €5.00."), ("much", "Please enter an amount")):
        answer = client.post("/cart/lines", data={**wanted, "amount": typed})
        assert (answer.status_code, sentence in answer.text) == (422, True)
        piece = client.post("/cart/lines", data={**wanted, "amount": typed}, headers=FRAGMENT)
        assert piece.status_code == 422
        assert 'id="buy-amount" hx-swap-oob="true"' in piece.text
    assert client.post("/cart/lines", data={**wanted, "amount": "7,50"}).status_code == 303
    answer = send(client, f"/cart/lines/{wanted['variant_id']}", "/cart", quantity="2", amount="1")
    assert (answer.status_code, "Please pay at least €5.00." in answer.text) == (422, True)
    send(client, f"/cart/lines/{wanted['variant_id']}", "/cart", quantity="2", amount="8")
    assert check_out(client).status_code == 303
    line = db.session().scalars(select(OrderLine)).one()
    assert (line.unit_amount, line.quantity, line.total_amount) == (800, 2, 1600)


def test_who_pays_nothing_is_asked_for_no_card(client: FlaskClient) -> None:
    product = sell(amount=0)
    change(product, pays_what_they_want=True, suggested_amount=900)
    client.post("/cart/lines", data={"variant_id": variant_of(product).id, "amount": "0"})
    answer = check_out(client)
    assert "/orders/" in answer.location


@pytest.mark.parametrize(("currency", "typed", "amount"), [("JPY", "1200", 1200), ("BHD", "1.230", 1230)])
def test_currencies_without_two_decimals_are_right(
    client: FlaskClient, app: Flask, currency: str, typed: str, amount: int
) -> None:
    from storefront.shop import service as shop

    with db.unit_of_work():
        shop.get_profile().currency = currency
    shop.forget()
    product = sell(amount=100, currency=currency)
    change(product, pays_what_they_want=True)
    client.post("/cart/lines", data={"variant_id": variant_of(product).id, "amount": typed})
    assert checkout_fields(client)["total"] == str(amount)


def test_received_is_the_sum_of_the_movements(app: Flask) -> None:
    product = sell(stock=5)
    with db.unit_of_work():
        variant = variant_of(product)
        stock.adjust(variant, 10, StockReason.RECEIVED, "from the printer")
        stock.adjust(variant, -3, StockReason.DAMAGED)
        with pytest.raises(stock.NotSoMany):
            stock.adjust(variant, -100, StockReason.OTHER)
    rows = (
        db.session()
        .execute(select(StockMovement.quantity, StockMovement.reason).order_by(StockMovement.id))
        .all()
    )
    assert [tuple(row) for row in rows] == [(5, "counted"), (10, "received"), (-3, "damaged")]
    assert (variant_of(product).stock, variant_of(product).received) == (12, 12)


def test_owner_is_told_once_when_few_are_left_and_again_after_more_came(owner_client: FlaskClient) -> None:
    product = sell(stock=5)
    change(product, low_stock=3)
    variant_id = variant_of(product).id

    def sale(number: int) -> None:
        with db.unit_of_work():
            assert stock.sell_directly(variant_id, number)

    sale(1)
    assert len(messages("low_stock")) == 0
    sale(1)
    sale(1)
    assert len(messages("low_stock")) == 1
    with db.unit_of_work():
        stock.adjust(variant_of(product), 10, StockReason.RECEIVED)
    sale(9)
    assert len(messages("low_stock")) == 2


def test_unpaid_checkout_raises_no_alarm(owner_client: FlaskClient) -> None:
    product = sell(stock=4)
    change(product, low_stock=3)
    with db.unit_of_work():
        stock.reserve(variant_of(product).id, 2)
    with db.unit_of_work():
        stock.release(variant_of(product).id, 2)
    assert messages("low_stock") == []


def test_who_waits_is_told_once_by_two_workers(
    client: FlaskClient, app: Flask, work: Callable[[], int]
) -> None:
    product = sell(stock=0)
    page = client.get(product.path).text
    assert "Tell me when it is back" in page
    fields = {"variant_id": variant_of(product).id, "email": "Anna@Example.org"}
    answers = {client.post(f"{product.path}/waiting", data=fields).text for _ in range(2)}
    assert len(answers) == 1
    assert len(messages("stock_request")) == 2
    work()
    request = db.session().scalars(select(StockRequest)).one()
    assert request.email == "anna@example.org"
    client.get(f"/waiting/{request.public_id}")
    db.close_reader()
    assert db.session().scalars(select(StockRequest.confirmed_at)).one() is None
    assert send(client, f"/waiting/{request.public_id}").status_code == 200
    assert tell_waiting() == 0
    with db.unit_of_work():
        stock.adjust(variant_of(product), 3, StockReason.RECEIVED)
        refresh_card(product.id)

    def tell() -> None:
        with app.app_context():
            tell_waiting()

    threads = [Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(messages("back_in_stock")) == 1
    assert tell_waiting() == 0
    assert send(client, f"/waiting/{request.public_id}/leave").status_code == 200
    db.close_reader()
    assert db.session().scalars(select(StockRequest)).all() == []
    assert client.get(f"/waiting/{request.public_id}").status_code == 404


def test_strangers_do_not_fill_a_mailbox(client: FlaskClient) -> None:
    product = sell(stock=0)
    fields = {"variant_id": variant_of(product).id, "email": "anna@example.org"}
    for _ in range(waiting.MOST_ASKED + 3):
        assert client.post(f"{product.path}/waiting", data=fields).status_code == 200
    assert len(messages("stock_request")) == waiting.MOST_ASKED
    assert client.post(f"{product.path}/waiting", data={**fields, "email": "anna@"}).status_code == 422


def shirt() -> Product:
    """A product in two sizes and two colours, of which L in blue does not exist and M in blue is sold out."""
    with db.unit_of_work():
        product = make_product("A shirt", amount=3000)
        product.option_names = ["Size", "Colour"]
        first = variant_of(product)
        first.options, first.title = {"Size": "M", "Colour": "Red"}, "M / Red"
        picture = Picture(
            product_id=product.id, key="pictures/a", width=10, height=10, widths={"320": 1}, position=0
        )
        blue = Picture(
            product_id=product.id, key="pictures/b", width=10, height=10, widths={"320": 1}, position=1
        )
        db.session().add_all([picture, blue])
        db.session().flush()
        more = (("L", "Red", None, 3200, picture), ("M", "Blue", 0, 3100, blue), ("S", "Blue", 4, 3300, blue))
        for place, (size, colour, units, amount, own) in enumerate(more):
            variant = Variant(
                product_id=product.id,
                sku=f"{product.slug}-{place}",
                title=f"{size} / {colour}",
                options={"Size": size, "Colour": colour},
                price_amount=amount,
                currency="EUR",
                reserved=0,
                sold=0,
                position=place + 1,
                picture_id=own.id,
            )
            stock.set_stock(variant, units)
            db.session().add(variant)
        refresh_card(product.id)
    return product


def by_title(product: Product) -> dict[str, int]:
    rows = db.session().execute(select(Variant.title, Variant.id).where(Variant.product_id == product.id))
    return {row.title: row.id for row in rows}


def test_form_picks_the_variant_and_price_picture_and_stock_follow(client: FlaskClient) -> None:
    product = shirt()
    ids = by_title(product)
    page = client.get(product.path).text
    assert re.findall(r'id="option-1-\d"[^>]*variant=(\d+)', page) == [
        str(ids[one]) for one in ("M / Red", "L / Red", "S / Blue")
    ]
    assert "(not in this combination)" in page
    assert "(sold out)" in page
    piece = client.get(f"{product.path}?variant={ids['S / Blue']}", headers=FRAGMENT).text
    assert price_on(piece) == "€33.00"
    shown = r'id="gallery" hx-swap-oob="true">\s*<div class="frame" id="main-picture"><img src="[^"]*/b-'
    assert re.search(shown, piece)
    assert "Only 4 left" in piece


def test_choice_counts_without_scripts(client: FlaskClient) -> None:
    product = shirt()
    ids = by_title(product)
    answer = client.get(
        f"{product.path}?variant_id={ids['M / Red']}&quantity=1&option-1=L&option-2=Red&variant_of=x"
    )
    assert answer.location.endswith(f"{product.path}?variant={ids['L / Red']}")
    client.post("/cart/lines", data={"variant_id": ids["M / Red"], "option-1": "L", "option-2": "Red"})
    assert "L / Red" in client.get("/cart").text
    refused = client.post(
        "/cart/lines",
        data={"variant_id": ids["M / Red"], "option-1": "L", "option-2": "Blue"},
        headers=FRAGMENT,
    )
    assert (refused.status_code, "not on offer" in refused.text) == (422, True)
    assert heading_of(client.get(f"{product.path}?variant={ids['M / Blue']}")) == "A shirt"
