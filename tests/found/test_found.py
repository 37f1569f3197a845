"""Search engines, readers and people who share a page find what is there, and nothing else."""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from storefront.catalog.models import Category, Picture, Product, Variant
from storefront.catalog.service import categories
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ContentKind, ProductKind, ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.found import sitemap
from storefront.found.gtin import is_gtin
from storefront.found.structured import json_ld
from tests.found.documents import ATOM, data_of, links_of, meta_of, read_atom, read_google, read_sitemap
from tests.reviews.buying import buy, review
from tests.selling import make_product, path_of, variant_of

Work = Callable[[], int]
HOSTILE = 'Ends </script><script>alert(1)</script> <!-- ]]> & "quotes" \u2028 \x0b\ufffe'
COVER = {
    "key": "pictures/abcdefghijklmnopqrstuv",
    "width": 1600,
    "height": 900,
    "widths": {"1600": 1, "640": 1},
    "alt": "On a desk",
    "translations": {},
}


def test_sitemap_names_every_page_that_is_to_be_found_and_no_other(client: FlaskClient, work: Work) -> None:
    with db.unit_of_work():
        shelf = categories.create(categories.CategoryInput(name="Books & more", slug="books"))
        seen = make_product("Seen")
        seen.category_id = shelf.id
        make_product("A draft", state=ProductState.DRAFT)
        make_product("Archived", state=ProductState.ARCHIVED)
        make_product("Not yet").published_at = now() + timedelta(hours=1)
    found = read_sitemap(client)
    tails = ("/", "/products", "/products?category=books", f"/products/{seen.slug}")
    assert [path_of(place) for place in found] == [
        f"/{code}{tail}" for tail in tails for code in ("en", "zh")
    ]
    for place, (_, links) in found.items():
        page = client.get(path_of(place))
        assert page.status_code == 200
        assert "noindex" not in meta_of(page.text).get("robots", "")
        # The page says the same of itself, and each language names all others: else search engines believe none.
        assert links_of(page.text) == (place, links)
        assert links.keys() == {"en", "zh", "x-default"}
        assert place in links.values()
        assert all(found[links[code]][1] == links for code in ("en", "zh"))
    assert f"Sitemap: {_base(found)}/sitemap.xml" in client.get("/robots.txt").text


def test_sitemap_is_split_and_parts_without_anything_are_left_out(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "PRODUCTS_PER_PART", 2)
    monkeypatch.setattr(sitemap, "_BATCH", 1)
    monkeypatch.setattr(sitemap, "_PRODUCTS", sitemap._PRODUCTS.limit(1))
    with db.unit_of_work():
        products = [make_product(f"Book {number}") for number in range(7)]
        products[2].state = products[3].state = ProductState.DRAFT
        db.session().flush()
    ids = {product.id: product.slug for product in products if product.state is ProductState.PUBLISHED}
    found = read_sitemap(client)
    assert set(ids.values()) == {
        place.rpartition("/")[2] for place in found if re.search("/products/.", place)
    }
    parts = re.findall(r"sitemap-products-(\d+)", client.get("/sitemap.xml").text)
    assert parts == sorted({str(product_id // 2) for product_id in ids}, key=int)
    assert client.get("/sitemap-products-999.xml").status_code == 404


def test_long_documents_are_not_made_again_for_who_has_them(client: FlaskClient) -> None:
    with db.unit_of_work():
        product = make_product()
    for path in ("/sitemap-products-0.xml", "/en/feeds/google.xml", "/sitemap.xml", "/en/feed.atom"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code, again.data) == (200, 304, b""), path
        # Who does not say how long it is has not made it yet: it is written while it is sent.
        assert ("Content-Length" in first.headers) == (path in ("/sitemap.xml", "/en/feed.atom"))
        packed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == first.data
        with db.unit_of_work():
            db.session().get_one(Product, product.id).updated_at += timedelta(seconds=1)
            raise_stamp()
        if "google" not in path:
            assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200, path


def test_feed_of_new_things_is_atom_in_each_language(client: FlaskClient) -> None:
    with db.unit_of_work():
        first = make_product(HOSTILE[:100])
        first.summary, first.description = HOSTILE[:80], f"**{HOSTILE}**"
        make_product("Newest").published_at = now() - timedelta(minutes=1)
        make_product("A draft", state=ProductState.DRAFT)
        make_product("Not yet").published_at = now() + timedelta(hours=1)
    answer = client.get("/en/feed.atom")
    assert answer.content_type.startswith("application/atom+xml")
    english, chinese = read_atom(answer.data), read_atom(client.get("/zh/feed.atom").data)
    assert english[0].findtext(f"{ATOM}title") == "Newest"
    assert len(english) == len(chinese) == 2
    assert (chinese[1].findtext(f"{ATOM}title") or "").startswith("小书")
    assert "<script" not in (english[1].findtext(f"{ATOM}content") or "")
    before = {one.findtext(f"{ATOM}id") for one in english}
    with db.unit_of_work():
        db.session().get_one(Product, first.id).slug = "another-address"
        raise_stamp()
    assert {one.findtext(f"{ATOM}id") for one in read_atom(client.get("/en/feed.atom").data)} == before


def test_google_gets_what_it_takes_and_nothing_else(client: FlaskClient) -> None:
    with db.unit_of_work():
        poster = _pictured("Poster", kind=ProductKind.PHYSICAL, requires_shipping=True, stock=0)
        sale = variant_of(poster)
        sale.compare_at_amount, sale.weight_grams, sale.barcode = 2900, 250, "4006381333931"
        second = Variant(
            product_id=poster.id, sku="S" * 60, title="Large", options={"Size": "L"}, price_amount=2100
        )
        second.currency, second.barcode = "EUR", "not-a-gtin"
        second.sale_amount, second.sale_before_amount, second.sale_starts_at = (
            1500,
            2000,
            now() - timedelta(days=1),
        )
        second.sale_ends_at = now() + timedelta(days=1)
        db.session().add(second)
        _pictured("Yen", amount=500, currency="JPY", kind=ProductKind.LICENCE)
        _pictured("Free", amount=0)
        _pictured("Course", kind=ProductKind.COURSE)
        _pictured("Draft", state=ProductState.DRAFT)
        make_product("Without a picture")
    small, large, yen = read_google(client.get("/en/feeds/google.xml").data)
    assert (small["price"], small["sale_price"], small["availability"]) == (
        "29.00 EUR",
        "19.00 EUR",
        "out_of_stock",
    )
    assert (small["gtin"], small["shipping_weight"]) == ("4006381333931", "250 g")
    assert (large["title"], large["size"], large["identifier_exists"]) == ("Poster – Large", "L", "no")
    assert (large["price"], large["sale_price"]) == ("20.00 EUR", "15.00 EUR")
    assert re.fullmatch(r"\S+Z/\S+Z", large["sale_price_effective_date"])
    assert small["item_group_id"] == large["item_group_id"]
    assert small["link"] != large["link"]
    assert client.get(path_of(large["link"])).status_code == 200
    assert "shipping" not in large
    assert (yen["price"], yen["google_product_category"]) == ("500 JPY", "Software > Computer Software")
    assert "shipping" in yen


def test_pages_say_what_they_are_about(client: FlaskClient) -> None:
    with db.unit_of_work():
        shelf = categories.create(categories.CategoryInput(name=HOSTILE[:60], slug="books"))
        product = make_product(HOSTILE[:100], stock=0)
        product.category_id, product.summary = shelf.id, HOSTILE
        second = Variant(
            product_id=product.id, sku="SECOND", title=HOSTILE[:60], price_amount=2100, currency="EUR"
        )
        db.session().add(second)
    home = data_of(client.get("/en/").text)
    assert home["SearchAction"][0]["target"]["urlTemplate"].endswith("/en/products?q={search_term_string}")
    page = client.get(f"/en/products/{product.slug}")
    assert "<script>alert" not in page.text
    found = data_of(page.text)
    assert found["Product"][0]["name"] == product.title
    assert [(one["price"], one["availability"].rpartition("/")[2]) for one in found["Offer"]] == [
        ("19.00", "OutOfStock"),
        ("21.00", "InStock"),
    ]
    assert [one["position"] for one in found["ListItem"]] == [1, 2, 3]
    assert "AggregateRating" not in found
    assert data_of(client.get("/zh/products?category=books").text)["ListItem"][0]["name"] == "商品"
    # A preview is for who has its address.
    preview = client.get(f"/products/preview/{product.preview_token}").text
    assert (data_of(preview), links_of(preview)[0]) == ({}, None)
    assert meta_of(preview)["robots"] == "noindex"


def test_course_is_said_to_be_one(client: FlaskClient, seeded_course: Product) -> None:
    found = data_of(client.get(f"/en/products/{seeded_course.slug}").text)
    assert found["Course"][0]["hasCourseInstance"][0]["courseWorkload"] == "PT1H2M5S"
    assert [part["name"] for part in found["LearningResource"]] == ["First steps"]


def test_rating_is_named_only_when_there_are_reviews(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    page, reviews = f"/en/products/{bought.product.slug}", f"/en/products/{bought.product.slug}/reviews"
    assert "AggregateRating" not in data_of(client.get(page).text)
    assert data_of(client.get(reviews).text) == {}
    assert meta_of(client.get(reviews).text)["robots"] == "noindex"
    review(client, bought, 4, title="</script>", body=HOSTILE, author_name="Mei")
    for path in (page, reviews):
        rating = data_of(client.get(path).text)["AggregateRating"]
        assert [(one["ratingValue"], one["reviewCount"]) for one in rating] == [("4.00", 1)]
    said = data_of(client.get(reviews).text)["Review"][0]
    assert (said["name"], said["author"]["name"]) == ("</script>", "Mei")


def test_shared_page_has_picture_price_and_its_lasting_address(client: FlaskClient) -> None:
    with db.unit_of_work():
        product = make_product("Margin")
        db.session().add(Picture(product_id=product.id, position=0, **COVER))
    page = client.get(f"/zh/products/{product.slug}?utm_source=x&variant=1").text
    meta = meta_of(page)
    base = meta["og:url"].removesuffix(f"/zh/products/{product.slug}")
    assert meta["og:image"] == f"{base}/media/pictures/abcdefghijklmnopqrstuv-1600.webp"
    assert (meta["og:image:width"], meta["og:image:height"]) == ("1600", "900")
    assert (meta["og:type"], meta["og:locale"]) == ("product", "zh_CN")
    assert (meta["product:price:amount"], meta["product:price:currency"]) == ("19.00", "EUR")
    assert meta["twitter:card"] == "summary_large_image"
    assert links_of(page)[0] == meta["og:url"]
    assert links_of(client.get("/en/products?sort=price&after=1-1&q=").text)[0] == f"{base}/en/products"
    assert meta_of(client.get("/en/products?q=margin").text)["robots"] == "noindex"
    for private in ("/cart", "/account/login"):
        assert links_of(client.get(private).text)[0] is None


def test_old_addresses_lead_to_the_present_ones_for_good(client: FlaskClient) -> None:
    with db.unit_of_work():
        categories.create(categories.CategoryInput(name="Books", slug="books"))
    for slug in ("novels", "stories"):
        with db.unit_of_work():
            shelf = db.session().scalars(select(Category)).one()
            categories.save(shelf, categories.CategoryInput(name="Books", slug=slug))
            raise_stamp()
    for old in ("books", "novels"):
        answer = client.get(f"/zh/products?category={old}&sort=price")
        assert (answer.status_code, answer.headers["Location"]) == (
            301,
            "/zh/products?category=stories&sort=price",
        )
    with db.unit_of_work():
        categories.save(
            db.session().scalars(select(Category)).one(), categories.CategoryInput(name="B", slug="books")
        )
        raise_stamp()
    assert client.get("/zh/products?category=books").status_code == 200
    assert client.get("/zh/products?category=stories").headers["Location"] == "/zh/products?category=books"


def test_documents_cost_the_same_number_of_queries_with_one_thing_and_with_many(
    app: Flask, client: FlaskClient
) -> None:
    paths = ("/sitemap.xml", "/sitemap-products-0.xml", "/en/feed.atom", "/en/feeds/google.xml")

    def costs() -> dict[str, int]:
        found = {}
        for path in paths:
            with _counted() as asked:
                assert client.get(path).status_code == 200
            found[path] = len(asked)
        return found

    with db.unit_of_work():
        _pictured("First")
    costs()
    with db.unit_of_work():
        _pictured("Second")
    one = costs()
    with db.unit_of_work():
        for number in range(5):
            _pictured(f"More {number}")
    assert costs() == one
    assert max(one.values()) <= 7


def test_data_can_not_end_its_element() -> None:
    written = json_ld({"name": HOSTILE, "more": ["</SCRIPT", "<!--<script"]})
    assert not set("<>&\u2028\u2029") & set(written)


def test_check_digit_of_bar_codes() -> None:
    assert [
        code for code in ("4006381333931", "96385074", "036000291452", "10614141000415") if not is_gtin(code)
    ] == []
    assert [
        code
        for code in ("4006381333932", "123", "", "４００６３８１３３３９３１", "abcdefgh")
        if is_gtin(code)
    ] == []


@pytest.fixture
def seeded_course(app: Flask) -> Product:
    """A course whose chapters and lengths are known."""
    with db.unit_of_work():
        product = make_product("Typography", kind=ProductKind.COURSE, content=ContentKind.COURSE)
        lessons = [
            {"title": "One", "translations": {}, "seconds": 3600, "is_preview": True, "public_id": "x"}
        ]
        lessons.append(
            {"title": "Two", "translations": {}, "seconds": 125, "is_preview": False, "public_id": "y"}
        )
        chapter = {"title": "First steps", "translations": {}, "lessons": lessons}
        content = {
            "kind": "course",
            "title": "Course",
            "translations": {},
            "variant_id": None,
            "chapters": [chapter],
        }
        product.facts = {"contents": [content]}
    return product


def _pictured(title: str, **how: Any) -> Product:
    product = make_product(title, **how)
    product.cover = COVER
    return product


@contextmanager
def _counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine(), "after_cursor_execute", note)
    yield asked
    event.remove(db.engine(), "after_cursor_execute", note)


def _base(found: dict[str, Any]) -> str:
    return next(iter(found)).removesuffix("/en/")
