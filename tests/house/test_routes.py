"""Every route says who may use it, and is refused to all others; every form is guarded; looking changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront import schema
from storefront.core import db
from storefront.web.access import Access, access_of
from tests.house.walking import furnish as furnish_shop
from tests.house.walking import routes, routes_for
from tests.selling import send, token_of

# Stripe proves itself by its signature. Applications bring no cookie, and prove nothing but that they have a key
# (docs/decisions/licences.md).
FOR_APPLICATIONS = {"licence_api.activate", "licence_api.deactivate", "licence_api.verify"}
WITHOUT_CSRF = {"webhooks.stripe", *FOR_APPLICATIONS}
# Their forms stand on pages that are kept for everybody, so that they can't hold a token: Origin alone guards them.
WITHOUT_TOKEN = {
    "cart.add_line",
    "catalog.choose_currency",
    "catalog.wait_for_stock",
    "fulfilment.leave_news",
    "wishlist.save",
}

# It tells the truth: in these tests no worker is running.
NOT_READY = {"web.ready"}

# What may change because somebody looked: when a session was last used.
CHANGED_BY_LOOKING = {"login_session"}


@pytest.fixture
def things(app: Flask, work: Callable[[], int]) -> dict[str, str]:
    """What stands in the variable parts of addresses; a free course was sold."""
    return furnish_shop(app.test_client(), work)


@pytest.fixture
def customer_client(app: Flask) -> FlaskClient:
    """The browser of somebody with an account."""
    client = app.test_client()
    answer = send(client, "/account/register", email="mei@example.org", password="a quiet garden wall")
    assert answer.status_code == 303
    return client


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    with app.app_context():
        silent = [rule.rule for rule in app.url_map.iter_rules() if access_of(rule.endpoint) is None]
    assert silent == [], "mark the view with @public, @customer_only or @owner_only (storefront.web.access)"


def test_exceptions_from_the_guard_of_forms_are_the_named_ones(app: Flask) -> None:
    """A new exception needs a reason in docs/decisions/ and its name at the top of this file."""
    views = app.view_functions.items()
    assert {name for name, view in views if getattr(view, "csrf_exempt", False)} == WITHOUT_CSRF
    assert {name for name, view in views if getattr(view, "cross_site_safe", False)} == WITHOUT_TOKEN


def test_only_get_and_post_are_used(app: Flask) -> None:
    """Forms without JavaScript know no others."""
    used = {method for rule in app.url_map.iter_rules() for method in rule.methods or set()}
    assert used <= {"GET", "HEAD", "OPTIONS", "POST"}


def test_owner_routes_refuse_a_stranger(app: Flask, client: FlaskClient, things: dict[str, str]) -> None:
    token = token_of(client.get("/account/login"))
    for name, method, path in routes_for(app, Access.OWNER, "GET", "POST", things=things):
        answer = _ask(client, method, path, token)
        assert (answer.status_code // 100, _where(answer)) == (3, "/account/login"), name


def test_owner_routes_refuse_a_customer(
    app: Flask, customer_client: FlaskClient, things: dict[str, str]
) -> None:
    token = token_of(customer_client.get("/account"))
    for name, method, path in routes_for(app, Access.OWNER, "GET", "POST", things=things):
        assert _ask(customer_client, method, path, token).status_code == 403, name


def test_customer_routes_refuse_a_stranger(app: Flask, client: FlaskClient, things: dict[str, str]) -> None:
    token = token_of(client.get("/account/login"))
    for name, method, path in routes_for(app, Access.CUSTOMER, "GET", "POST", things=things):
        answer = _ask(client, method, path, token)
        assert (answer.status_code // 100, _where(answer)) == (3, "/account/login"), name


def test_every_post_without_a_token_is_refused(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    for name, _, path in routes(app, "POST", things=things):
        if name not in WITHOUT_TOKEN | FOR_APPLICATIONS:
            assert owner_client.post(path).status_code == 400, name
            assert owner_client.post(path, data={"csrf_token": "x" * 40}).status_code == 400, name


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.localhost"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_every_post_from_elsewhere_is_refused(
    app: Flask, owner_client: FlaskClient, things: dict[str, str], headers: dict[str, str]
) -> None:
    token = token_of(owner_client.get("/admin/products/new"))
    for name, _, path in routes(app, "POST", things=things):
        answer = owner_client.post(path, data={"csrf_token": token}, headers=headers)
        assert answer.status_code == (422 if name in FOR_APPLICATIONS else 400), name


def test_looking_changes_nothing(app: Flask, owner_client: FlaskClient, things: dict[str, str]) -> None:
    before = _rows()
    for name, _, path in routes(app, "GET", things=things):
        assert owner_client.get(path).status_code < 500 or name in NOT_READY, name
        after = _rows()
        assert after == before, f"GET {path} ({name}) changed what is in the database: make it a POST"


def test_every_page_that_exists_can_be_seen_by_its_owner_in_both_languages(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    """Templates are strict, so a name that lacks shows here."""
    seen = 0
    for name, _, path in routes(app, "GET", things=things):
        for language in ("/en", "/zh"):
            answer = owner_client.get(language + path)
            assert answer.status_code < 500 or name in NOT_READY, (name, language)
            seen += answer.status_code == 200
    assert seen > 60


def _ask(client: FlaskClient, method: str, path: str, token: str) -> Any:
    return client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)


def _where(answer: Any) -> str:
    return str(answer.headers.get("Location", "")).split("?")[0]


def _rows() -> dict[str, list[Any]]:
    """Return all rows of all tables that looking may not change."""
    with db.engine().connect() as connection:
        return {
            table.name: list(connection.execute(select(table).order_by(*table.primary_key.columns)))
            for table in schema.metadata.sorted_tables
            if table.name not in CHANGED_BY_LOOKING
        }
