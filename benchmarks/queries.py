"""How many queries a request costs: the same code in this process, with a listener at the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from benchmarks.rows import Row, at_most
from storefront.app import create_app
from storefront.core import db
from storefront.core.settings import Settings

_HIDDEN = re.compile(r'<input type="hidden" name="(csrf_token|key|total)" value="([^"]*)"')


def count_queries(settings: Settings, database: str, variant_id: int) -> list[Row]:
    """Count what each page asks the database, after everything has been asked once."""
    app = create_app(settings)
    try:
        return [
            _row(app, f"{database}: home", 3, "/?after=q"),
            _row(app, f"{database}: list", 3, "/products?after=q"),
            _row(app, f"{database}: product", 3, "/products/generated-5?variant=q"),
            *_sale_rows(app, database, variant_id),
        ]
    finally:
        db.disconnect()


def _row(app: Flask, name: str, goal: int, path: str) -> Row:
    client = app.test_client()
    for number in range(2):
        client.get(f"{path}{number}")
    with _counted() as asked:
        assert client.get(f"{path}2").status_code == 200
    return at_most(name, len(asked), "queries", goal)


def _sale_rows(app: Flask, database: str, variant_id: int) -> list[Row]:
    visitors = [app.test_client() for _ in range(2)]
    for client in visitors:  # The second one finds everything as a busy shop has it.
        with _counted() as adding:
            client.post("/cart/lines", data={"variant_id": variant_id}, headers={"HX-Request": "true"})
        with _counted() as again:
            client.post("/cart/lines", data={"variant_id": variant_id}, headers={"HX-Request": "true"})
        with _counted() as looking:
            page = client.get("/cart").text
        with _counted() as buying:
            _check_out(client, page)
    return [
        at_most(f"{database}: add to cart, the first thing", len(adding), "queries", 6),
        at_most(f"{database}: add to cart, once more", len(again), "queries", 6),
        at_most(f"{database}: cart page", len(looking), "queries", 4),
        Row(f"{database}: checkout POST", len(buying), "queries"),
    ]


def _check_out(client: FlaskClient, page: str) -> None:
    form = page[page.index('action="/checkout"') :]
    fields = {name: unescape(value) for name, value in _HIDDEN.findall(form)}
    answer = client.post("/checkout", data={**fields, "email": "counted@example.org"})
    assert answer.status_code == 303, answer.status


@contextmanager
def _counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
