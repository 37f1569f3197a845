"""How often pages ask the database: the same for one thing and for thirty, and never more than the goals."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from storefront.catalog.models import Category, Product
from storefront.core import db
from storefront.orders.models import Order
from tests.selling import BUYER, Till, check_out, checkout_fields, make_product, put_into_cart, variant_of

ONCE_A_SECOND = ("FROM catalog_stamp", "FROM shop_profile", "FROM blocked_buyer")
_numbers = iter(range(10**9))


@contextmanager
def counted() -> Iterator[list[str]]:
    """Yield the list of the statements that are sent within the block.

    A BEGIN is none. What a process asks once a second, whatever the number of requests, is not of this request.
    """
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN") and not any(table in statement for table in ONCE_A_SECOND):
            asked.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)


def queries_of(client: FlaskClient, path: str) -> list[str]:
    """Ask for a page that is not kept, once to get acquainted and once to count."""
    mark = "&" if "?" in path else "?"
    for _ in range(2):
        with counted() as asked:
            answer = client.get(f"{path}{mark}after=never-kept-{next(_numbers)}")
        assert answer.status_code == 200
    return asked


def fill(app: Flask, count: int) -> None:
    """Put so many products with the word "lamp" into the shop."""
    with app.app_context(), db.unit_of_work():
        for number in range(count):
            make_product(f"Lamp {number}")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/products",
        "/products?sort=price",
        "/zh/products",
        "/products?q=lamp&exactly=1",
        "/products?filters=1",
    ],
)
def test_catalogue_asks_equally_often_for_one_three_and_thirty_products(
    app: Flask, client: FlaskClient, path: str
) -> None:
    counts = []
    for more in (1, 2, 27):
        fill(app, more)
        counts.append(len(queries_of(client, path)))
    assert counts[0] == counts[1] == counts[2]
    # Besides the shelves, the next publication and the rows: a search asks its index, for words that begin like the
    # last one and how frequent all are; filters ask what has changed, for tags, and what is published later.
    assert counts[0] <= (7 if "q=" in path else 6 if "filters" in path else 3)


def test_product_page_asks_three_times(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.unit_of_work():
        path = make_product().path
    assert len(queries_of(client, path)) <= 3


def test_kept_page_asks_nothing(app: Flask, client: FlaskClient) -> None:
    fill(app, 3)
    client.get("/products")
    with counted() as asked:
        assert client.get("/products").status_code == 200
    assert asked == []


def test_adding_to_the_cart_asks_at_most_six_times(app: Flask) -> None:
    with app.app_context(), db.unit_of_work():
        variant_id = variant_of(make_product()).id
    for _ in range(2):  # The first visitor of a process also pays for what it keeps.
        client, counts = app.test_client(), []
        for _ in range(2):
            with counted() as asked:
                client.post("/cart/lines", data={"variant_id": variant_id}, headers={"HX-Request": "true"})
            counts.append(len(asked))
    assert max(counts) <= 6


def test_cart_asks_equally_often_for_one_and_three_lines(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.unit_of_work():
        products = [make_product() for _ in range(3)]
    counts = []
    for count in (1, 3):
        for product in products[:count]:
            with app.app_context():
                put_into_cart(client, product)
        client.get("/cart")
        with counted() as asked:
            assert client.get("/cart").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 4


def test_checkout_asks_a_bounded_number_of_times(app: Flask) -> None:
    """A line costs its own row, its stock and its reservation; several are locked in order first, and all else does not
    grow with the cart."""
    with app.app_context(), db.unit_of_work():
        products = [make_product() for _ in range(3)]
    counts = []
    for count in (1, 1, 3):
        client = app.test_client()
        for product in products[:count]:
            with app.app_context():
                put_into_cart(client, product)
        fields = checkout_fields(client)
        with counted() as asked:
            answer = client.post("/checkout", data={**fields, "email": BUYER})
        assert answer.status_code == 303
        counts.append(len(asked))
    _, one, three = counts
    assert one <= 12
    assert three - one <= 1 + 2 * 3


def test_order_page_and_library_ask_equally_often_for_one_and_more_lines(
    app: Flask, owner_client: FlaskClient, till: Till, work: Callable[[], int]
) -> None:
    with app.app_context(), db.unit_of_work():
        products = [make_product() for _ in range(3)]
    counts = []
    for count in (1, 1, 3):
        for product in products[:count]:
            with app.app_context():
                put_into_cart(owner_client, product)
        path = _paid_order(app, owner_client, till, work)
        counts.append((len(queries_of(owner_client, path)), len(queries_of(owner_client, "/library"))))
    assert counts[1] == counts[2]
    assert counts[1][0] <= 10
    assert counts[1][1] <= 6


def test_webhook_asks_at_most_four_times(app: Flask, client: FlaskClient, till: Till) -> None:
    with app.app_context(), db.unit_of_work():
        product = make_product()
    with app.app_context():
        put_into_cart(client, product)
    till.pay(check_out(client).headers["Location"])
    found = till.get("events")["data"]
    assert isinstance(found, list)
    body, signature = _signed(found[0], till)
    with counted() as asked:
        answer = client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": signature})
    assert answer.status_code == 200
    assert len(asked) <= 4


def test_shelves_with_a_product_each_are_read_at_once(app: Flask, client: FlaskClient) -> None:
    counts = []
    for round_ in range(2):
        with app.app_context(), db.unit_of_work() as session:
            for number in range(3):
                shelf = Category(slug=f"shelf-{round_}-{number}", name="Shelf")
                session.add(shelf)
                session.flush()
                product = make_product()
                session.execute(update(Product).where(Product.id == product.id).values(category_id=shelf.id))
        counts.append(len(queries_of(client, "/products")))
    assert counts[0] == counts[1]


def _paid_order(app: Flask, client: FlaskClient, till: Till, work: Callable[[], int]) -> str:
    """Buy what is in the cart and return the path of the order's page, once the goods are there."""
    back = till.pay(check_out(client).headers["Location"])
    client.get(back.replace("http://127.0.0.1:8000", ""))
    work()
    with app.app_context():
        order = db.session().query(Order).order_by(Order.id.desc()).first()
        db.close_reader()
    assert order is not None
    return f"/en{order.path}"


def _signed(event_: object, till: Till) -> tuple[bytes, str]:
    body, moment = json.dumps(event_).encode(), int(time.time())
    secret = till.config.webhook_secret.encode()
    digest = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={moment},v1={digest}"
