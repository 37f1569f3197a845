"""How many statements the steps of a sale cost, whatever is in the cart."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from storefront.core import db
from tests.checkout.buying import events, go_to_pay, post_event, sell
from tests.house.test_queries import ONCE_A_SECOND
from tests.selling import Till, checkout_fields, put_into_cart, variant_of

Count = Callable[[], int]


@pytest.fixture
def queries(app: Flask) -> Iterator[Count]:
    """How many statements were sent since this was asked last; beginning and ending are not counted, nor is what a
    process asks once a second."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN") and not any(table in statement for table in ONCE_A_SECOND):
            seen.append(statement)

    def asked() -> int:
        number = len(seen)
        seen.clear()
        return number

    event.listen(db.engine(), "before_cursor_execute", note)
    yield asked
    event.remove(db.engine(), "before_cursor_execute", note)


def test_adding_to_the_cart_costs_at_most_six_queries(client: FlaskClient, queries: Count) -> None:
    products = [variant_of(sell(stock=9)).id for _ in range(3)]
    client.get("/cart")
    costs = []
    for variant_id in (*products, products[0]):
        db.close_reader()
        queries()
        headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
        assert client.post("/cart/lines", data={"variant_id": variant_id}, headers=headers).status_code == 200
        costs.append(queries())
    assert max(costs) <= 6, costs


def test_cart_page_costs_at_most_four_queries(client: FlaskClient, queries: Count) -> None:
    costs = []
    for _ in range(3):
        put_into_cart(client, sell(stock=9))
        queries()
        assert client.get("/cart").status_code == 200
        costs.append(queries())
    assert max(costs) <= 4, costs
    assert costs[1] == costs[2]


def test_checkout_costs_the_same_few_queries_for_each_line(
    client: FlaskClient, till: Till, queries: Count
) -> None:
    costs = []
    for number in (1, 2):
        visitor = client.application.test_client()
        for _ in range(number):
            put_into_cart(visitor, sell(stock=9))
        fields = checkout_fields(visitor)
        queries()
        assert visitor.post("/checkout", data={**fields, "email": "anna@example.org"}).status_code == 303
        costs.append(queries())
    # For each line its stock and its reservation; the rest once.
    assert costs[0] <= 12, costs
    assert costs[1] - costs[0] <= 3, costs


def test_webhook_costs_three_queries_and_a_repeated_one_fewer(
    client: FlaskClient, till: Till, queries: Count
) -> None:
    till.pay(go_to_pay(client, sell()))
    (completed,) = events(till, "checkout.session.completed")
    costs = []
    for _ in range(2):
        queries()
        assert post_event(client, completed).status_code == 200
        costs.append(queries())
    assert costs[0] <= 3, costs
    assert costs[1] < costs[0]
