"""Nobody but the owner gets anywhere below /admin."""

import re

from flask import Flask
from flask.testing import FlaskClient

from storefront.web.access import Access, access_of
from tests.selling import token_of


def addresses(app: Flask) -> list[tuple[str, str]]:
    """Return (method, path) of every route of the owner's, with something in place of each part."""
    return [
        (method, re.sub(r"<int[^>]*>", "1", re.sub(r"<(?!int)[^>]*>", "x", rule.rule)))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("admin.")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def test_every_route_below_admin_is_for_the_owner_alone(app: Flask) -> None:
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if rule.rule.startswith("/admin"):
                assert access_of(rule.endpoint) is Access.OWNER, rule.rule


def test_a_stranger_is_asked_to_log_in(app: Flask, client: FlaskClient) -> None:
    token = token_of(client.get("/account/login"))
    for method, path in addresses(app):
        answer = client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert (answer.status_code, answer.headers.get("Location", "").split("?")[0]) in (
            (302, "/account/login"),
            (303, "/account/login"),
        ), (method, path)


def test_a_customer_is_refused(app: Flask, client: FlaskClient) -> None:
    token = token_of(client.get("/account/register"))
    client.post(
        "/account/register",
        data={"csrf_token": token, "email": "mei@example.org", "password": "a quiet garden wall"},
    )
    token = token_of(client.get("/account"))
    for method, path in addresses(app):
        answer = client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert answer.status_code == 403, (method, path)


def test_nothing_is_done_without_the_token_of_a_form(app: Flask, owner_client: FlaskClient) -> None:
    for method, path in addresses(app):
        if method == "POST":
            assert owner_client.post(path).status_code == 400, path


def test_what_is_not_there_is_not_found(app: Flask, owner_client: FlaskClient) -> None:
    for method, path in addresses(app):
        if method == "GET" and re.search(r"/(x|1)(/|$)", path):
            assert owner_client.get(path).status_code == 404, path


def test_no_page_of_the_owner_is_kept_by_browsers(app: Flask, owner_client: FlaskClient) -> None:
    for method, path in addresses(app):
        if method == "GET" and not re.search(r"/(x|1)(/|$)", path):
            answer = owner_client.get(path)
            assert answer.headers["Cache-Control"] == "no-store", path
