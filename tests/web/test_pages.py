"""Pages and fragments, and where one may be sent."""

from typing import Any

import pytest
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as st

from storefront.web.pages import announce, go, own_path, render_page, wants_fragment

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
FULL = {"HX-Request": "true", "HX-Request-Type": "full"}


@pytest.mark.parametrize(
    "address", ["/", "/library", "/zh/account?tab=1#top", "/orders/a_b-c", "/a%0d%0ab", "/x?next=//evil"]
)
def test_own_paths_are_followed(address: str) -> None:
    assert own_path(address, "/home") == address


ELSEWHERE = [
    *(
        None,
        "",
        "library",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "http:evil.example",
    ),
    *(
        "\\/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        " //evil.example",
        "?next=/",
        "#top",
    ),
    *(
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        "\x00/",
        "/a\\b",
        ".//evil.example",
        "\u2028//evil",
    ),
    "/\x7f/evil.example",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_elsewhere(address: str | None) -> None:
    assert own_path(address, "/home") == "/home"


@given(st.text(max_size=40))
def test_whatever_is_asked_the_way_stays_in_the_shop(address: str) -> None:
    found = own_path(address, "/home")
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert not any(ord(letter) < 32 for letter in found)


def words() -> dict[str, Any]:
    """What the error page says."""
    return {"code": 404, "message": "Not here.", "request_id": ""}


def test_htmx_asks_for_a_piece_or_for_the_whole(app: Flask) -> None:
    cases = [
        ({}, False),
        (PARTIAL, True),
        (FULL, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "1"}, False),
    ]
    for headers, is_fragment in cases:
        with app.test_request_context("/", headers=headers):
            assert wants_fragment() is is_fragment
            answer = render_page("errors/error.html", fragment="errors/_error.html", status=404, **words())
        assert ("<html" not in answer.get_data(as_text=True)) is is_fragment
        assert answer.status_code == 404
        assert {"HX-Request", "HX-Request-Type"} <= set(answer.vary)


def test_page_without_fragment_is_always_whole(app: Flask) -> None:
    with app.test_request_context("/", headers=PARTIAL):
        assert "<html" in render_page("errors/error.html", **words()).get_data(as_text=True)


def test_browser_goes_by_303_and_htmx_by_its_header() -> None:
    app = Flask(__name__)
    with app.test_request_context("/", method="POST"):
        assert (go("/cart").status_code, go("/cart").headers["Location"]) == (303, "/cart")
    with app.test_request_context("/", method="POST", headers=PARTIAL):
        assert (go("/cart").status_code, go("/cart").headers["HX-Redirect"]) == (204, "/cart")


def test_announcement_travels_as_plain_ascii() -> None:
    answer = announce(Response(), "已加入购物车\r\nX: y")
    assert answer.headers["X-Announce"].isascii()
    assert "\n" not in answer.headers["X-Announce"]
