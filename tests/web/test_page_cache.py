"""No private and no stale page ever comes from the page cache."""

import gzip
from collections.abc import Callable

import brotli
import pytest
import time_machine
from flask import Flask, Response, session
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import CatalogStamp, Product, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.shop import service as shop
from storefront.web.page_cache import PageCache, allowed_query, cacheable
from tests.selling import OWNER, Till, check_out, log_in, make_product, put_into_cart


def put_up(app: Flask, **about: object) -> Product:
    """Put one product into the shop."""
    with app.app_context(), db.unit_of_work():
        return make_product(**about)  # type: ignore[arg-type]  # passed on as they are


def set_price(app: Flask, product: Product, amount: int) -> None:
    """Change a price as the owner does: in one unit with the stamp."""
    with app.app_context(), db.unit_of_work() as unit:
        unit.execute(update(Variant).where(Variant.product_id == product.id).values(price_amount=amount))
        refresh_card(product.id)
        raise_stamp()


def is_kept(page: TestResponse) -> bool:
    """Whether an answer came through the cache, which alone gives such an ETag."""
    return page.headers.get("ETag", "").startswith('W/"')


@pytest.mark.parametrize("path", ["/", "/products", "/products/{slug}"])
def test_changed_price_shows_at_once_in_the_process_that_changed_it(
    app: Flask, client: FlaskClient, path: str
) -> None:
    product = put_up(app, amount=1900)
    path = path.format(slug=product.slug)
    assert "19.00" in client.get(path).text
    set_price(app, product, 2100)
    page = client.get(path).text
    assert "21.00" in page
    assert "19.00" not in page


def test_change_by_another_process_shows_within_a_second(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = put_up(app, amount=1900)
    client.get("/products")
    with app.app_context(), db.unit_of_work() as unit:  # Nobody tells this process.
        unit.execute(update(Variant).where(Variant.product_id == product.id).values(price_amount=2100))
        refresh_card(product.id)
        unit.execute(update(CatalogStamp).values(version=CatalogStamp.version + 1))
    monkeypatch.setattr("storefront.web.page_cache._LOOK_EVERY", 0.0)
    assert "21.00" in client.get("/products").text


def test_words_of_the_shop_changed_by_another_process_are_never_kept_old(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_up(app)
    client.get("/")
    with app.app_context(), db.unit_of_work() as unit:
        profile = shop.get_profile()
        profile.name = "Renamed shop"
        unit.flush()
        unit.execute(update(CatalogStamp).values(version=CatalogStamp.version + 1))
    monkeypatch.setattr("storefront.web.page_cache._LOOK_EVERY", 0.0)
    assert "Renamed shop" in client.get("/").text


def test_publication_by_the_clock_ends_lists(app: Flask, client: FlaskClient) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        soon = put_up(app, title="Soon to come")
        with app.app_context(), db.unit_of_work() as unit:
            later = now() + timedelta(hours=1)
            unit.execute(update(Product).where(Product.id == soon.id).values(published_at=later))
            raise_stamp()
        assert "Soon to come" not in client.get("/products").text
        assert "Soon to come" not in client.get("/").text
        assert client.get(soon.path).status_code == 404
        clock.shift(timedelta(hours=1, seconds=1))
        assert "Soon to come" in client.get("/products").text
        assert "Soon to come" in client.get("/").text
        assert client.get(soon.path).status_code == 200


def test_selling_the_last_one_shows_sold_out(
    app: Flask, client: FlaskClient, till: Till, work: Callable[[], int]
) -> None:
    product = put_up(app, stock=1)
    visitor = app.test_client()
    assert "Sold out" not in visitor.get(product.path).text
    with app.app_context():
        put_into_cart(client, product)
    till.pay(check_out(client).headers["Location"])
    work()
    assert "Sold out" in visitor.get(product.path).text
    assert "Sold out" in visitor.get("/products").text


def test_archived_product_is_gone_at_once(app: Flask, client: FlaskClient) -> None:
    product = put_up(app, title="Withdrawn thing")
    assert client.get(product.path).status_code == 200
    with app.app_context(), db.unit_of_work() as unit:
        unit.execute(update(Product).where(Product.id == product.id).values(state=ProductState.ARCHIVED))
        raise_stamp()
    assert client.get(product.path).status_code == 404
    assert "Withdrawn thing" not in client.get("/products").text


def test_each_language_has_its_own_page(app: Flask, client: FlaskClient) -> None:
    product = put_up(app, title="A small book")
    english = client.get("/products", headers={"Accept-Language": "en"}).text
    chinese = client.get("/products", headers={"Accept-Language": "zh-CN"}).text
    assert 'lang="en"' in english
    assert 'lang="zh-Hans"' in chinese
    assert client.get("/products", headers={"Accept-Language": "en"}).text == english
    prefixed = client.get(f"/zh{product.path}").text
    assert 'href="/zh/products"' in prefixed
    assert 'href="/zh/products"' not in client.get(
        product.path, headers={"Accept-Language": "zh-CN"}
    ).text.replace('hreflang="zh"', "").replace(f'href="/zh{product.path}"', "")


def test_language_cookie_counts(app: Flask, client: FlaskClient) -> None:
    client.get("/products", headers={"Accept-Language": "en"})
    client.set_cookie("lang", "zh")
    page = client.get("/products", headers={"Accept-Language": "en"})
    assert 'lang="zh-Hans"' in page.text
    assert {"Cookie", "Accept-Language", "Accept-Encoding", "HX-Request"} <= set(
        page.headers["Vary"].replace(" ", "").split(",")
    )


def test_query_keys_that_matter_make_pages_of_their_own(app: Flask, client: FlaskClient) -> None:
    put_up(app, title="Lamp")
    put_up(app, title="Table")
    assert "Table" in client.get("/products").text
    assert "Table" not in client.get("/products?q=lamp").text
    assert "Table" in client.get("/products").text


def test_nothing_of_one_visitors_address_gets_to_another(app: Flask, client: FlaskClient) -> None:
    put_up(app)
    first = client.get("/products?utm_source=letter&email=anna@example.org").text
    assert "anna@example.org" not in first
    assert client.get("/products").text == first


def test_odd_queries_do_not_spoil_the_page_of_others(app: Flask, client: FlaskClient) -> None:
    put_up(app, title="Lamp")
    odd = client.get("/products?after=").text
    plain = client.get("/products").text
    assert "Back to the start" in odd
    assert "Back to the start" not in plain


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("utm_source=x", ""),
        ("sort=price&q=lamp", "q=lamp&sort=price"),
        ("q=lamp&q=table", "q=lamp"),
        ("q=table&q=lamp", "q=table"),
        ("after=", "after="),
        ("q=%E8%AF%BE", "q=%E8%AF%BE"),
    ],
)
def test_allowed_query_is_what_a_page_sees(query: str, kept: str) -> None:
    assert allowed_query(query) == kept


@pytest.mark.parametrize(
    "headers", [{"HX-Request": "true"}, {"HX-Request": "true", "HX-Request-Type": "partial"}]
)
def test_fragment_and_page_are_kept_apart(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    put_up(app)
    fragment = client.get("/products", headers=headers).text
    page = client.get("/products").text
    assert "<html" not in fragment
    assert "<html" in page
    assert client.get("/products", headers=headers).text == fragment
    assert "<html" in client.get("/products", headers={"HX-Request": "true", "HX-Request-Type": "full"}).text
    assert "<html" in client.get("/products", headers={"HX-Request": "no", "HX-Request-Type": "partial"}).text


def test_kept_page_sets_no_cookie_and_names_nobody(app: Flask, owner_client: FlaskClient) -> None:
    put_up(app)
    own = owner_client.get("/products")
    assert own.headers["Cache-Control"] == "private, no-cache"
    assert not is_kept(own)
    assert "X-Page-Cache" not in own.headers
    page = app.test_client().get("/products")
    assert is_kept(page)
    assert "Set-Cookie" not in page.headers
    assert OWNER not in page.text
    assert "X-Request-Id" not in page.headers


def test_logged_in_visitor_neither_fills_nor_reads_the_cache(app: Flask, owner_client: FlaskClient) -> None:
    product = put_up(app, amount=1900)
    assert not is_kept(owner_client.get(product.path))
    stranger = app.test_client()
    assert is_kept(stranger.get(product.path))
    assert not is_kept(owner_client.get(product.path))
    log_in(stranger, OWNER)
    assert not is_kept(stranger.get(product.path))


def test_message_for_one_visitor_is_not_shown_to_the_next(app: Flask, client: FlaskClient) -> None:
    product = put_up(app)
    with app.app_context():
        put_into_cart(client, product)  # Leaves a message in the visitor's session.
    assert "is in the cart" not in client.get("/products").text
    assert "is in the cart" not in app.test_client().get("/products").text
    assert "is in the cart" in client.get("/cart").text


def test_page_that_sets_a_cookie_is_not_kept() -> None:
    app = Flask(__name__)
    app.secret_key = "a key of a test"
    asked = []

    @app.get("/")
    @cacheable
    def page() -> Response:
        asked.append(1)
        session["who"] = "somebody"
        return Response("hello")

    app.wsgi_app = PageCache(app.wsgi_app, lambda: 1, lambda _path: True)  # type: ignore[method-assign]
    first, second = app.test_client().get("/"), app.test_client().get("/")
    assert len(asked) == 2
    assert "Set-Cookie" in first.headers
    assert "Set-Cookie" in second.headers
    assert "X-Page-Cache" not in first.headers


def test_refusals_and_redirects_are_not_kept(app: Flask, client: FlaskClient) -> None:
    missing = client.get("/products/nothing-here")
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"
    product = put_up(app)
    with app.app_context(), db.unit_of_work() as unit:
        unit.execute(update(Product).where(Product.id == product.id).values(slug="nothing-here"))
        raise_stamp()
    assert client.get("/products/nothing-here").status_code == 200


def test_preview_by_secret_address_is_never_kept(app: Flask, client: FlaskClient) -> None:
    product = put_up(app, state=ProductState.DRAFT)
    with app.app_context():
        token = db.session().get_one(Product, product.id).preview_token
    preview = client.get(f"/products/preview/{token}")
    assert preview.status_code == 200
    assert preview.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/cart", "/me", "/checkout", "/account/login", "/library"])
def test_private_pages_are_not_stored_anywhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert not is_kept(answer)


def test_head_and_conditions_answer_without_a_body(app: Flask, client: FlaskClient) -> None:
    product = put_up(app, amount=1900)
    page = client.get(product.path)
    head = client.head(product.path)
    assert head.headers["ETag"] == page.headers["ETag"]
    assert head.headers["Content-Length"] == page.headers["Content-Length"]
    assert head.data == b""
    same = client.get(product.path, headers={"If-None-Match": page.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["Cache-Control"] == "public, no-cache"
    set_price(app, product, 2100)
    changed = client.get(product.path, headers={"If-None-Match": page.headers["ETag"]})
    assert changed.status_code == 200
    assert "21.00" in changed.text


def test_head_of_a_page_that_nobody_asked_for_is_not_kept_as_the_page(
    app: Flask, client: FlaskClient
) -> None:
    product = put_up(app)
    assert client.head(product.path).status_code == 200
    assert "<html" in client.get(product.path).text


@pytest.mark.parametrize(
    ("accepted", "encoding", "read"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
        ("identity", None, bytes),
    ],
)
def test_page_comes_in_an_encoding_that_the_browser_takes(
    app: Flask, client: FlaskClient, accepted: str, encoding: str | None, read: Callable[[bytes], bytes]
) -> None:
    put_up(app)
    plain = client.get("/products", headers={"Accept-Encoding": "identity"}).data
    for _ in range(2):
        page = client.get("/products", headers={"Accept-Encoding": accepted})
        assert page.headers.get("Content-Encoding") == encoding
        assert read(page.data) == plain


def test_many_pages_do_not_fill_the_memory() -> None:
    app = Flask(__name__)
    big = "x" * 10_000

    @app.get("/<name>")
    @cacheable
    def page(name: str) -> Response:
        return Response(name + big)

    cache = PageCache(app.wsgi_app, lambda: 1, lambda _path: True, most_bytes=100_000)
    app.wsgi_app = cache  # type: ignore[method-assign]
    client = app.test_client()
    for number in range(50):
        assert client.get(f"/page-{number}").text.startswith(f"page-{number}x")
    assert sum(entry.size for entry in cache._pages.values()) <= 100_000
    assert len(cache._pages) == 4


def test_change_while_the_stamp_is_read_is_seen_at_the_next_request() -> None:
    """The reader has the old number in its hand when this process changes the catalogue."""
    app = Flask(__name__)
    stamps = iter([1, 2])
    shown = iter(["old", "new"])

    @app.get("/")
    @cacheable
    def page() -> Response:
        return Response(next(shown))

    def read() -> int:
        stamp = next(stamps)
        if stamp == 1:
            cache.forget()
        return stamp

    cache = PageCache(app.wsgi_app, read, lambda _path: True)
    app.wsgi_app = cache  # type: ignore[method-assign]
    client = app.test_client()
    assert client.get("/").text == "old"
    assert client.get("/").text == "new"
