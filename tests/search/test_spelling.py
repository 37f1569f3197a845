"""Mistakes in words are forgiven, and one is told; nothing found still leads on."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.catalog.models import Category, Product
from storefront.core import db
from storefront.search.service import find_products, index_product
from storefront.search.spelling import count_beginning, counts_of, finish_word
from tests.selling import make_product

pytestmark = pytest.mark.usefixtures("work_database")


def put(*titles: str) -> None:
    """Put products with these titles into the shop."""
    with db.unit_of_work():
        for title in titles:
            make_product(title)


def test_mistakes_are_forgiven() -> None:
    put("Wool Blanket", "Lamp", "Café", "Typography")
    for typed, meant in (
        ("blnaket", "blanket"), ("blankte", "blanket"), ("blankett", "blanket"), ("blamket", "blanket"),
        ("tyypogrpahy", "typography"), ("cafee", "cafe"), ("lanp", "lamp"), ("wool blnaket", "wool blanket"),
        ("lmp", None), ("xqzzt", None), ("blanke", None),
    ):  # fmt: skip
        found = find_products(typed)
        assert found.instead == meant, typed
        assert bool(found.product_ids) == (meant is not None or typed == "blanke"), typed
        assert find_products(typed, exactly=True).instead is None


def test_the_word_that_more_titles_have_is_preferred() -> None:
    put("Chain", "Chair one", "Chair two")
    assert find_products("chais").instead == "chair"


def test_words_leave_the_counts_with_their_titles() -> None:
    put("Lantern small", "Lanyard small", "Lanyard big")
    assert finish_word("lan", 5) == ["lanyard", "lantern"]
    assert counts_of(["lanyard", "rope"]) == {"lanyard": (2, 2)}
    with db.unit_of_work() as session:
        for product in session.query(Product).filter(Product.title.like("Lanyard%")):
            product.title = "Rope"
            index_product(product.id)
    assert finish_word("lan", 5) == ["lantern", "lanyard"]
    assert counts_of(["lanyard", "rope"]) == {"lanyard": (0, 0), "rope": (2, 2)}
    assert count_beginning("lan") == (1, 1)


def test_page_says_what_it_searched_for_and_offers_the_words_as_typed(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        put("Wool Blanket")
    page = client.get("/en/products?q=blnaket").text
    assert "Nothing has the words “blnaket”. These have “blanket”." in page
    assert 'href="/en/products?q=blnaket&amp;exactly=1"' in page
    assert "Wool Blanket" in page
    assert "Nothing found" in client.get("/en/products?q=blnaket&exactly=1").text


def test_nothing_found_leads_to_categories_and_new_products(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.unit_of_work() as session:
        shelf = Category(slug="lamps", name="Lamps", translations={"zh": {"name": "灯具"}})
        session.add(shelf)
        session.flush()
        make_product("Lamp").category_id = shelf.id
    page = client.get("/zh/products?q=xqzzt").text
    assert 'href="/zh/products?category=lamps"' in page
    assert "灯具" in page
    assert 'href="/zh/products/product-' in page
