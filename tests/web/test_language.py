"""The language of a page: by its address, else by what the visitor chose before, else by the browser."""

import pytest
from flask.testing import FlaskClient

from storefront.web.language import LanguageMiddleware, is_by_prefix, language_of

ENGLISH, CHINESE = 'lang="en"', 'lang="zh-Hans"'


def seen(path: str, cookie: str = "", accepted: str = "") -> tuple[str, str, str, bool]:
    """Return script name, path, language and whether the address said it, as the shop sees them."""
    found: list[tuple[str, str, str, bool]] = []

    def shop(environ, start_response):  # type: ignore[no-untyped-def]  # a WSGI app
        told = language_of(environ), is_by_prefix(environ)
        found.append((environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"], *told))
        return []

    environ = {"PATH_INFO": path, "HTTP_COOKIE": cookie, "HTTP_ACCEPT_LANGUAGE": accepted}
    LanguageMiddleware(shop)(environ, lambda *_: lambda _data: None)
    return found[0]


@pytest.mark.parametrize(
    ("path", "script", "rest", "language"),
    [
        ("/zh/products", "/zh", "/products", "zh"),
        ("/en/products", "/en", "/products", "en"),
        ("/zh", "/zh", "/", "zh"),
        ("/zh/", "/zh", "/", "zh"),
        ("/zh/zh/cart", "/zh", "/zh/cart", "zh"),
    ],
)
def test_prefix_chooses_and_leaves_the_path(path: str, script: str, rest: str, language: str) -> None:
    assert seen(path, accepted="de") == (script, rest, language, True)


@pytest.mark.parametrize(
    "path", ["/", "/zhongwen", "/english", "/products/zh", "/de/products", "/ZH/cart", "//zh/"]
)
def test_what_only_looks_like_a_prefix_is_none(path: str) -> None:
    assert seen(path) == ("", path, "en", False)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zh-TW,en;q=0.5", "zh"),
        ("zh-HK", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("de-DE,zh;q=0.5", "zh"),
        ("de-DE", "en"),
        ("zh;q=0,en", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;q=,,,\x00", "en"),
        ("zh-" + "x" * 5000, "zh"),
    ],
)
def test_browser_is_heard(accepted: str, language: str) -> None:
    assert seen("/", accepted=accepted)[2] == language


@pytest.mark.parametrize(
    ("cookie", "language"),
    [
        ("lang=zh", "zh"),
        ("a=b; lang=zh; c=d", "zh"),
        ("lang=en", "en"),
        ("lang=xx", "zh"),
        ("lang=", "zh"),
        ('lang="; lang=', "zh"),
        ("slang=en", "zh"),
        ("lang=\x00\xff", "zh"),
        ("lang=en\r\nX: y", "zh"),
        ("lang[]=en; =; ;;", "zh"),
    ],
)
def test_what_was_chosen_before_goes_first(cookie: str, language: str) -> None:
    assert seen("/", cookie=cookie, accepted="zh")[2] == language


def test_links_of_a_page_keep_its_language(client: FlaskClient) -> None:
    page = client.get("/zh/products").text
    assert CHINESE in page
    assert 'href="/zh/cart"' in page
    assert 'href="/cart"' not in page


def test_languages_link_to_this_very_page(client: FlaskClient) -> None:
    page = client.get("/zh/products?q=a%26b&sort=price").text
    assert 'href="/en/products?q=a%26b&amp;sort=price"' in page


def test_choice_is_remembered_by_the_next_page_without_prefix(client: FlaskClient) -> None:
    assert CHINESE not in client.get("/cart").text
    client.get("/zh/me")
    assert CHINESE in client.get("/cart").text
    client.get("/en/me")
    assert ENGLISH in client.get("/cart").text


def test_redirects_keep_the_language(client: FlaskClient) -> None:
    assert client.get("/zh/library").headers["Location"].startswith("/zh/account/login")


def test_caches_are_told_what_a_page_depends_on(client: FlaskClient) -> None:
    assert {"Accept-Language", "Cookie"} <= {
        word.strip() for word in client.get("/").headers["Vary"].split(",")
    }
    assert "Accept-Language" not in client.get("/en/").headers["Vary"]
