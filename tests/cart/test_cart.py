"""Filling a cart: what is wished is corrected and said, and several at once are no fault."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.cart.models import Cart, CartLine
from storefront.catalog.models import Product
from storefront.catalog.states import ProductState
from storefront.core import db
from tests.checkout.buying import count, sell
from tests.selling import log_in, put_into_cart, token_of, variant_of


def in_cart() -> dict[int, int]:
    """Return how many of each variant are in carts."""
    db.close_reader()
    return {line.variant_id: line.quantity for line in db.session().scalars(select(CartLine))}


def change(client: FlaskClient, variant_id: int | str, **fields: str) -> int:
    """Send the form of one line, and return the status of the answer."""
    token = token_of(client.get("/account/login"))
    return client.post(f"/cart/lines/{variant_id}", data={"csrf_token": token, **fields}).status_code


def test_odd_quantities_are_said_and_change_nothing(client: FlaskClient) -> None:
    product = sell(stock=5)
    variant_id = variant_of(product).id
    for quantity in ("0", "-1", "1.5", "100", "many", "９", "1e3", "99999999999999999999", "\0"):
        answer = client.post("/cart/lines", data={"variant_id": variant_id, "quantity": quantity})
        assert (answer.status_code, in_cart()) == (303, {}), quantity
    assert "Please choose a number from 1 to 99." in client.get("/cart").text
    for variant in ("", "x", "0", "-1", "999999999999", "9" * 30):
        client.post("/cart/lines", data={"variant_id": variant, "quantity": "1"})
    assert in_cart() == {}


def test_more_than_there_is_becomes_what_there_is(client: FlaskClient) -> None:
    product = sell(title="Poster", stock=3)
    put_into_cart(client, product, 9)
    assert in_cart() == {variant_of(product).id: 3}
    assert "There are only 3 of Poster." in client.get("/cart").text
    assert change(client, variant_of(product).id, quantity="99") == 303
    assert in_cart() == {variant_of(product).id: 3}


def test_line_can_be_changed_removed_and_brought_back(client: FlaskClient) -> None:
    product = sell(stock=9)
    variant_id = variant_of(product).id
    put_into_cart(client, product, 4)
    change(client, variant_id, step="-1")
    assert in_cart() == {variant_id: 3}
    for odd in ("1000", "-5", "x"):
        change(client, variant_id, quantity=odd)
        assert in_cart() == {variant_id: 3}
    change(client, variant_id, remove="1")
    change(client, variant_id, remove="1")
    assert in_cart() == {}
    change(client, variant_id, quantity="3")
    assert in_cart() == {variant_id: 3}
    assert change(client, "9" * 25, quantity="1") == 404


def test_product_that_is_gone_is_said_and_can_be_removed(client: FlaskClient) -> None:
    product = sell()
    put_into_cart(client, product)
    with db.unit_of_work() as session:
        session.execute(update(Product).values(state=ProductState.ARCHIVED))
    assert "This is not on offer any more. Please remove it." in client.get("/cart").text
    change(client, variant_of(product).id, remove="1")
    assert in_cart() == {}


def test_same_thing_added_several_times_at_once_is_one_line(app: Flask, client: FlaskClient) -> None:
    """On PostgreSQL both would find no line and both would write one."""
    put_into_cart(client, sell())
    product = sell()
    cookie = client.get_cookie("cart")
    assert cookie

    def add(_: int) -> int:
        tab = app.test_client()
        tab.set_cookie("cart", cookie.value)
        return tab.post("/cart/lines", data={"variant_id": variant_of(product).id}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(add, range(6))) == {303}
    assert in_cart()[variant_of(product).id] == 6


def test_cart_of_a_visitor_joins_that_of_the_account(client: FlaskClient, owner_client: FlaskClient) -> None:
    both, mine, theirs = sell(stock=4), sell(), sell()
    put_into_cart(owner_client, both, 3)
    put_into_cart(owner_client, theirs)
    put_into_cart(client, both, 3)
    put_into_cart(client, mine, 2)
    log_in(client, "owner@example.org")
    assert in_cart() == {variant_of(both).id: 4, variant_of(mine).id: 2, variant_of(theirs).id: 1}
    assert count(Cart) == 1


def test_first_things_of_an_account_added_at_once_share_one_cart(
    app: Flask, owner_client: FlaskClient, work: Callable[[], int]
) -> None:
    product = sell()

    def add(_: int) -> int:
        tab = app.test_client()
        tab._cookies = dict(owner_client._cookies or {})
        return tab.post("/cart/lines", data={"variant_id": variant_of(product).id}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(add, range(4))) == {303}
    assert (count(Cart), in_cart()) == (1, {variant_of(product).id: 4})


def test_forged_cart_cookie_is_no_cart(client: FlaskClient) -> None:
    for value in ("x", "a.b", "%00", "é", "." * 3000):
        client.set_cookie("cart", value)
        assert client.get("/cart").status_code == 200
