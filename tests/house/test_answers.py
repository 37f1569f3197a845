"""What every answer carries: headers, cookies, who may keep it; and what a person sees when something is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storefront.core.errors import Forbidden, Refused, TooMany, Unavailable
from storefront.core.settings import Settings
from storefront.web.access import Access, access_of, public
from tests.house.walking import furnish, routes
from tests.selling import heading_of

# Pages that are the same for everybody, files, and what machines read.
KEPT_BY_ANYBODY = {
    "catalog.home",
    "catalog.list_products",
    "catalog.show_collection",
    "catalog.show_product",
    "catalog.suggest",
    "reviews.list_reviews",
    "static",
    "storage.download",
    "storage.media",
}

# A mail as its reader sees it, with its styles, in a frame in which nothing runs and nothing is fetched.
SANDBOXED = {"admin.show_mail", "admin.show_mail_preview"}


@pytest.fixture
def things(app: Flask, work: Callable[[], int]) -> dict[str, str]:
    """What stands in the variable parts of addresses; a free course was sold."""
    return furnish(app.test_client(), work)


@pytest.fixture
def broken_client(app: Flask) -> FlaskClient:
    """A visitor of a shop in which some pages fail in all the ways there are."""
    failures: dict[str, Callable[[], Any]] = {
        "fault": lambda: 1 // 0,
        "secret": lambda: (_ for _ in ()).throw(RuntimeError("postgresql://shop:hunter2@db/shop")),
        "refused": lambda: (_ for _ in ()).throw(Refused()),
        "forbidden": lambda: (_ for _ in ()).throw(Forbidden()),
        "often": lambda: (_ for _ in ()).throw(TooMany()),
        "away": lambda: (_ for _ in ()).throw(Unavailable()),
        "gone": lambda: abort(410),
        "large": lambda: abort(413),
        "teapot": lambda: abort(418),
    }
    app._got_first_request = False
    for name, fail in failures.items():
        app.add_url_rule(f"/fails/{name}", f"fails.{name}", public(_view(fail)))
    app.testing = False
    return app.test_client()


def _view(fail: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: fail()


def test_every_answer_carries_the_headers_of_safety(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    for name, _, path in routes(app, "GET", things=things):
        headers = owner_client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", name
        policy = headers["Content-Security-Policy"]
        if name in SANDBOXED:
            assert policy.startswith("sandbox; default-src 'none';"), name
            continue
        assert "default-src 'self'" in policy, name
        assert "unsafe" not in policy, name
        assert not re.search(r"(?<![\w.])\*(?!\d)(?!:)", policy.replace(":*", "")), name
        for directive in (
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
            "form-action 'self'",
        ):
            assert directive in policy, (name, directive)
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] in (
            "strict-origin-when-cross-origin",
            "no-referrer",
            "same-origin",
        ), name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["X-Request-Id"] or name == "static", name


def test_only_what_is_the_same_for_everybody_may_be_kept(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    for name, _, path in routes(app, "GET", things=things):
        kept = owner_client.get(path).headers["Cache-Control"]
        if name not in KEPT_BY_ANYBODY and not name.startswith("found."):
            assert kept == "no-store", f"{name} may hold something private: {kept}"
        elif access_of_route(app, name) is not Access.PUBLIC:
            assert "public" not in kept, name


def test_kept_pages_hold_nothing_of_the_person_who_caused_them(
    app: Flask, owner_client: FlaskClient, client: FlaskClient, things: dict[str, str]
) -> None:
    for path in ("/", "/products", f"/products/{things['slug']}", "/collections/shelf"):
        mine, theirs = owner_client.get(path), client.get(path)
        assert mine.text == theirs.text, path
        for answer in (mine, theirs):
            assert "Set-Cookie" not in answer.headers, path
            assert "csrf_token" not in answer.text, path


def test_cookies_are_for_this_site_and_not_for_scripts(client: FlaskClient, things: dict[str, str]) -> None:
    for cookie in _cookies(client, things):
        assert "HttpOnly" in cookie, cookie
        assert "SameSite=Lax" in cookie or "SameSite=Strict" in cookie, cookie
        assert "Path=/" in cookie, cookie
        assert "Domain" not in cookie, cookie


class TestBehindHttps:
    """The same shop at an https address."""

    @pytest.fixture
    def shop_settings(self, shop_settings: Settings) -> Settings:
        """Customers come by https."""
        return shop_settings.model_copy(update={"public_url": "https://localhost"})

    def test_cookies_insist_on_https_and_on_this_host(
        self, client: FlaskClient, things: dict[str, str]
    ) -> None:
        cookies = _cookies(client, things, base_url="https://localhost")
        names = {cookie.split("=")[0] for cookie in cookies}
        assert {name for name in names if not name.startswith("__Host-")} <= {"lang"}
        assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies), cookies

    def test_browsers_are_told_to_stay_with_https(self, client: FlaskClient) -> None:
        assert "max-age=31536000" in client.get("/").headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/nowhere", 404, "Not here"),
        ("/products/nothing", 404, "Not here"),
        ("/orders/nothing", 404, "Not here"),
        ("/library/nothing", 404, "Not here"),
        ("/fails/fault", 500, "That did not work"),
        ("/fails/secret", 500, "That did not work"),
        ("/fails/refused", 409, "That did not work"),
        ("/fails/forbidden", 403, "Not for you"),
        ("/fails/often", 429, "One moment, please"),
        ("/fails/away", 503, "Not right now"),
        ("/fails/gone", 410, "No longer here"),
        ("/fails/large", 413, "Too large"),
        ("/fails/teapot", 418, "That did not work"),
    ],
)
def test_error_page_has_own_words_a_way_on_and_a_number_to_mention(
    broken_client: FlaskClient, path: str, status: int, heading: str
) -> None:
    answer = broken_client.get(path)
    assert answer.status_code == status
    assert heading_of(answer) == heading
    assert 'href="/products"' in answer.text
    assert 'role="search"' in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    _holds_nothing_of_the_inside(answer)


def test_wrong_method_is_said_and_the_right_ones_are_named(client: FlaskClient) -> None:
    answer = client.delete("/cart")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert heading_of(answer) == "That did not work"


def test_form_without_token_is_told_in_words(client: FlaskClient) -> None:
    answer = client.post("/account/login", data={"email": "a@b.example"})
    assert answer.status_code == 400
    assert "reload the page and try again" in answer.text


def test_body_that_is_too_large_is_told_in_words(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = client.post("/account/login", data={"email": "x" * 2000})
    assert answer.status_code == 413
    assert heading_of(answer) == "Too large"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/fails/fault", 500), ("/fails/secret", 500), ("/fails/often", 429)],
)
def test_programs_are_answered_in_json(broken_client: FlaskClient, path: str, status: int) -> None:
    answer = broken_client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert set(answer.json or {}) == {"error", "request_id"}
    assert answer.json is not None
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    _holds_nothing_of_the_inside(answer)


@pytest.mark.parametrize("path", ["/nowhere", "/fails/fault"])
def test_htmx_gets_a_piece_that_speaks(broken_client: FlaskClient, path: str) -> None:
    answer = broken_client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text
    _holds_nothing_of_the_inside(answer)


def test_error_page_is_chinese_where_the_page_was(broken_client: FlaskClient) -> None:
    assert 'lang="zh-Hans"' in broken_client.get("/zh/nowhere").text


def access_of_route(app: Flask, name: str) -> Access | None:
    """Return who the route is for."""
    with app.app_context():
        return access_of(name)


def _cookies(client: FlaskClient, things: dict[str, str], base_url: str = "http://localhost") -> list[str]:
    """Do all that a person gets a cookie for, and return the Set-Cookie headers."""
    page = client.get("/account/register", base_url=base_url)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    fields = {"csrf_token": token[1], "email": "mei@example.org", "password": "a quiet garden wall"}
    answers = [
        page,
        client.post("/cart/lines", data={"variant_id": things["variant_id"]}, base_url=base_url),
        client.get("/zh/me", base_url=base_url),
        client.post("/account/register", data=fields, base_url=base_url, headers={"Referer": base_url + "/"}),
    ]
    found = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
    assert len({cookie.split("=")[0] for cookie in found}) >= 4, found
    return found


def _holds_nothing_of_the_inside(answer: TestResponse) -> None:
    for word in ("Traceback", "ZeroDivisionError", "hunter2", "postgresql", ".py", "werkzeug", "sqlalchemy"):
        assert word not in answer.text, word
