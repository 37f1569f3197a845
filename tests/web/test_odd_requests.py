"""Requests that no browser sends: refused in words, on both databases, never a fault of ours."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.core import db
from storefront.web.access import Access
from tests.house.walking import furnish, routes, routes_for
from tests.selling import token_of

NASTY = [
    "\x00",
    "a\x00b",
    "%",
    "%ff%fe",
    "\ufffd",
    "'",
    '"><svg>',
    "../../etc/passwd",
    "1" * 30,
    "-1",
    "𠀀",
    "x" * 3000,
    "{{7*7}}",
]
# After these the owner is not logged in any more, or the thing is gone.
ENDING = {"accounts.logout", "accounts.log_in", "accounts.create_account", "accounts.end_session"}

# Nobody is working in these tests, and readiness says so.
NOT_READY = {"web.ready"}


@pytest.fixture
def things(app: Flask, work: Callable[[], int]) -> dict[str, str]:
    """What stands in the variable parts of addresses; a free course was sold."""
    return furnish(app.test_client(), work)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


T = TypeVar("T")
R = TypeVar("R")


def shared_out(oddities: Sequence[T], routes: Sequence[R]) -> Iterator[tuple[T, R]]:
    """Yield every oddity with every route on one of the two databases: next neighbours on the other one."""
    mine = 0 if db.is_sqlite() else 1
    for number, oddity in enumerate(oddities):
        for place, route in enumerate(routes):
            if (number + place) % 2 == mine:
                yield oddity, route


def open_raw(client: FlaskClient, path: str, query: str = "", method: str = "GET", **environ: object) -> int:
    """Send a path as its bytes are, without the help of a client that makes it proper; return the status."""
    environ_base = {"PATH_INFO": path.encode().decode("latin-1"), "QUERY_STRING": query, **environ}
    answer = client.open("/", method=method, environ_overrides=environ_base)
    answer.get_data()
    return answer.status_code


def test_odd_words_in_addresses_are_not_found(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    paths = [routes(app, "GET", things=dict.fromkeys(things, nasty)) for nasty in NASTY]
    for number, place in shared_out(range(len(NASTY)), range(len(paths[0]))):
        name, _, path = paths[number][place]
        assert open_raw(owner_client, path) < 500 or name in NOT_READY, (name, ascii(NASTY[number])[:30])


@pytest.mark.parametrize(
    "path", [b"/products/\xff\xfe", b"/\xc0\xaf", b"/zh/\xed\xa0\x80", b"/media/\x00", b"//", b"/./..", b""]
)
def test_bytes_that_are_no_text_are_refused(client: FlaskClient, path: bytes) -> None:
    answer = client.open("/", environ_overrides={"PATH_INFO": path.decode("latin-1")})
    assert answer.status_code < 500


NAMES = (
    "q",
    "sort",
    "after",
    "category",
    "variant",
    "undo",
    "page",
    "next",
    "session_id",
    "state",
    "from",
    "id",
    "lang",
)
VALUES = (
    "%00",
    "%ff%fe",
    "%",
    "-1",
    "99999999999999999999-1",
    "1-99999999999999999",
    "999999999999999x2",
    "%ED%A0%80",
    "a" * 3000,
)
QUERIES = [
    *("&".join(f"{name}={value}" for name in NAMES) for value in VALUES),
    *(
        "&&&==;",
        "q",
        "=x",
        "sort[]=x",
        "next=//evil.example",
        "q=a&q=b&sort=a&sort=b",
        "q=" + "%E5%AE%89" * 3000,
    ),
    "&".join(f"k{number}=v" for number in range(3000)),
]


def test_odd_queries_are_answered(app: Flask, owner_client: FlaskClient, things: dict[str, str]) -> None:
    """Every page with every query: most do not care, and the others must not break."""
    pages = [(name, path) for name, _, path in routes(app, "GET", things=things) if name not in NOT_READY]
    for query, (name, path) in shared_out(QUERIES, pages):
        assert open_raw(owner_client, path, query) < 500, (name, query[:60])


HEADERS: list[dict[str, str]] = [
    {"HTTP_HOST": ""},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "evil.example:99999"},
    {"HTTP_HOST": "a b"},
    {"HTTP_HOST": "é\x00"},
    {"HTTP_HOST": "x" * 5000},
    {"HTTP_COOKIE": "visit=\x00; account=é; cart=;;;=\xff"},
    {"HTTP_COOKIE": "visit=abc.def.ghi; cart=abc.def; account=" + "x" * 5000},
    {"HTTP_COOKIE": "cart=.; visit=.eJ; device=W10.x.y; lang=\x00"},
    {"HTTP_COOKIE": "; ".join(f"c{i}=v" for i in range(2000))},
    {"HTTP_RANGE": "bytes=99999999999999999999-"},
    {"HTTP_RANGE": "bytes=-0,0-0,5-1,a-b," * 50},
    {"HTTP_RANGE": "\x00"},
    {"HTTP_IF_NONE_MATCH": '\x00, W/, "' * 50},
    {"HTTP_IF_MODIFIED_SINCE": "the day after tomorrow"},
    {"HTTP_ACCEPT": "text/html;q=nan, ;;;, */*;q=1e999"},
    {"HTTP_ACCEPT_ENCODING": "br;q=x, gzip;q=-1, \x00"},
    {"HTTP_ACCEPT_LANGUAGE": "zh;q=\x00, -, *;q=9" * 100},
    {"HTTP_AUTHORIZATION": "Basic \x00"},
    {"HTTP_AUTHORIZATION": "Bearer é"},
    {"HTTP_X_FORWARDED_FOR": "é, 999.999.1.1, \x00", "HTTP_X_FORWARDED_HOST": "evil.example"},
    {"HTTP_REFERER": "http://[::1"},
    {"HTTP_REFERER": "javascript:alert(1)"},
    {"HTTP_ORIGIN": "http://[::1"},
    {"HTTP_USER_AGENT": "\x00é" * 500},
    {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "\x00", "HTTP_HX_TARGET": "é"},
    {"REMOTE_ADDR": ""},
    {"CONTENT_LENGTH": "-1"},
    {"CONTENT_LENGTH": "x"},
    {"CONTENT_TYPE": "multipart/form-data"},
]
PAGES = [
    "/",
    "/products",
    "/cart",
    "/checkout",
    "/library",
    "/account/login",
    "/me",
    "/static/css/shop.css",
    "/webhooks/stripe",
]


def test_odd_headers_are_no_fault(client: FlaskClient) -> None:
    for headers in HEADERS:
        for path in PAGES:
            found = {name: text.encode().decode("latin-1") for name, text in headers.items()}
            assert open_raw(client, path, **found) < 500, (path, headers)


def test_other_hosts_change_no_address_of_ours(client: FlaskClient) -> None:
    for path in ("/", "/products", "/account/password/forgot"):
        assert "evil.example" not in client.get(path, headers={"Host": "evil.example"}).text


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "\x00", "X" * 300]
)
def test_unknown_methods_are_refused(client: FlaskClient, method: str) -> None:
    for path in PAGES:
        assert 400 <= open_raw(client, path, method=method) < 500, path


BODIES: list[tuple[str, bytes]] = [
    ("application/x-www-form-urlencoded", b"%ff=%fe&\x00=\x00&&&=" + b"a=b&" * 100),
    ("application/x-www-form-urlencoded", b"email=%00&quantity=%00&variant_id=%00&key=%00&total=%00"),
    ("application/x-www-form-urlencoded", b"email=a%40b.example&key=" + b"%F0%9F%98%80" * 200),
    ("application/x-www-form-urlencoded; charset=utf-7", b"email=+AGE-"),
    ("multipart/form-data", b"--x\r\nno boundary"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\x00\r\n--x--',
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00/../\xff"\r\n\r\nx\r\n--x--',
    ),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 2000),
    ("multipart/form-data; boundary=" + "x" * 500, b"\x00" * 100),
    ("application/json", b'{"email": 1e999, "key": ["\\u0000"]}'),
    ("text/xml", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>"),
    ("\x00/\xff", b"\xff" * 1000),
    ("", b"x=y"),
]


def test_odd_bodies_are_refused(app: Flask, owner_client: FlaskClient, things: dict[str, str]) -> None:
    token = token_of(owner_client.get("/admin/products/new"))
    forms = [(name, path) for name, _, path in routes(app, "POST", things=things) if name not in ENDING]
    for (kind, body), (name, path) in shared_out(BODIES, forms):
        answer = owner_client.open(
            path,
            method="POST",
            data=body,
            content_type=kind.encode().decode("latin-1"),
            headers={"X-CSRFToken": token},
        )
        assert answer.status_code < 500, (name, kind, body[:40])


FIELDS = [
    "\x00",
    "𠀀\ufffe",
    "9" * 40,
    "-1",
    "1e9",
    "NaN",
    "' OR 1=1 --",
    "<svg onload=x>",
    "%00",
    "a" * 20000,
    "\u202e\r\nX: y",
    "",
]


def test_odd_fields_are_said_at_the_field(
    app: Flask, owner_client: FlaskClient, things: dict[str, str]
) -> None:
    """The names of the fields are those of the pages' own forms."""
    token = token_of(owner_client.get("/admin/products/new"))
    names = field_names(app, owner_client, things)
    forms = [(name, path) for name, _, path in routes(app, "POST", things=things) if name not in ENDING]
    for value, (name, path) in shared_out(FIELDS, forms):
        answer = owner_client.post(path, data={**dict.fromkeys(names, value), "csrf_token": token})
        assert answer.status_code < 500, (name, ascii(value)[:30])


def field_names(app: Flask, client: FlaskClient, things: dict[str, str]) -> set[str]:
    """Return the names of all fields of all forms."""
    names: set[str] = set()
    for access in Access:
        for _, _, path in routes_for(app, access, "GET", things=things):
            page = client.get(path)
            if page.mimetype == "text/html":  # and no paper, archive or list to take along
                names.update(re.findall(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"', page.text))
    assert len(names) > 40
    return names - {"csrf_token"}
