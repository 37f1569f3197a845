"""Collections at the owner's desk, on their own pages, on the home page, and in what search engines read."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.catalog.models import Collection, Product
from storefront.catalog.service import collections
from storefront.catalog.service.collections import MOST_ON_HOME
from storefront.catalog.stamp import read_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from tests.admin.desk import Desk, errors_of
from tests.admin.test_categories import a_picture
from tests.house.test_queries import queries_of
from tests.selling import make_product


@pytest.fixture
def products(app: Flask) -> dict[str, Product]:
    """Three products, by title."""
    with app.app_context(), db.unit_of_work():
        return {title: make_product(title) for title in ("Ink", "Pen", "Paper")}


def make_collection(desk: Desk, title: str, *products: Product, is_published: bool = True) -> str:
    """Make a collection as the owner does, and return its address in the admin."""
    desk.press("/admin/collections/new", "/admin/collections/new", title=title)
    here = f"/admin/collections/{title.lower().replace(' ', '-')}"
    for product in products:
        desk.press(f"{here}/entries", f"{here}/products?q={product.title}", product=product.slug)
    if is_published:
        desk.press(f"{here}/publication", here)
    return here


def in_order(page: str, *titles: str) -> bool:
    """Whether all stand on the page, in this order."""
    places = [page.find(f">{title}</a>") for title in titles]
    return -1 not in places and places == sorted(places)


def test_products_stand_in_the_order_of_the_owner(
    desk: Desk, client: FlaskClient, products: dict[str, Product]
) -> None:
    here = make_collection(desk, "Desk things", products["Ink"], products["Pen"], products["Paper"])
    assert in_order(client.get("/collections/desk-things").text, "Ink", "Pen", "Paper")

    desk.press(f"{here}/products/order", f"{here}/products", move=f"{products['Paper'].slug}:up")
    assert in_order(client.get("/collections/desk-things").text, "Ink", "Paper", "Pen")
    desk.press(f"{here}/products/order", f"{here}/products", drop=products["Ink"].slug)
    page = client.get("/collections/desk-things").text
    assert in_order(page, "Paper", "Pen")
    assert ">Ink</a>" not in page


def test_only_what_is_published_is_seen_and_changes_are_seen_at_once(
    app: Flask, desk: Desk, client: FlaskClient, products: dict[str, Product]
) -> None:
    here = make_collection(desk, "Things", products["Ink"], products["Pen"], is_published=False)
    assert client.get("/collections/things").status_code == 404
    assert "/collections/things" not in client.get("/sitemap-pages.xml").text
    desk.press(f"{here}/publication", here)
    assert client.get("/collections/things").headers["Cache-Control"] == "public, no-cache"
    assert "/en/collections/things</loc>" in client.get("/sitemap-pages.xml").text

    with app.app_context(), db.unit_of_work() as session:
        session.get_one(Product, products["Ink"].id).state = ProductState.DRAFT
        before = read_stamp()
    desk.press(
        here, here, title="Nice things", title_zh="好东西", description="From **us**", slug="nice-things"
    )
    moved = client.get("/collections/things")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/collections/nice-things")
    page = client.get("/zh/collections/nice-things").text
    assert ("好东西</h1>" in page, "<strong>us</strong>" in page, ">Ink</a>" in page) == (True, True, False)
    assert '"@type":"BreadcrumbList"' in page
    with app.app_context():
        assert read_stamp() > before
    desk.press("/admin/collections/nice-things/draft", "/admin/collections/nice-things")
    assert client.get("/collections/nice-things").status_code == 404
    assert client.get("/collections/things").status_code == 404


def test_the_owner_chooses_what_stands_on_the_home_page_which_has_room_for_some(
    app: Flask, desk: Desk, client: FlaskClient, products: dict[str, Product]
) -> None:
    make_collection(desk, "First", products["Pen"])
    make_collection(desk, "Second", products["Ink"])
    make_collection(desk, "Hidden", products["Paper"], is_published=False)
    for slug in ("first", "second", "hidden"):
        desk.press(f"/admin/collections/{slug}/home", "/admin/collections")

    home = client.get("/en/").text
    assert home.index("<h2>First</h2>") < home.index("<h2>Second</h2>") < home.index("<h2>New</h2>")
    assert 'href="/en/collections/first"' in home
    assert "Hidden" not in home
    desk.press("/admin/home-collections", "/admin/collections", move="second:up")
    home = client.get("/en/").text
    assert home.index("<h2>Second</h2>") < home.index("<h2>First</h2>")
    desk.press("/admin/home-collections", "/admin/collections", drop="second")
    assert "Second" not in client.get("/en/").text
    assert len(queries_of(client, "/")) <= 3
    assert len(queries_of(client, "/collections/first")) <= 3

    with app.app_context(), db.unit_of_work() as session:
        for place in range(10, 8 + MOST_ON_HOME):
            session.add(Collection(slug=f"c{place}", title="C", translations={}, home_position=place))
    answer = desk.send("/admin/collections/second/home", "/admin/collections")
    assert answer.status_code == 409
    assert f"The home page has room for {MOST_ON_HOME} collections." in answer.text


def test_what_is_wrong_is_said_at_its_field(desk: Desk) -> None:
    make_collection(desk, "One")
    here = make_collection(desk, "Two")

    for changes, errors in (
        ({"title": ""}, {"title": "Please give the collection a title."}),
        ({"slug": "one"}, {"slug": "Another collection has this address."}),
        ({"slug": "A b"}, {"slug": "Use small letters, digits and single dashes, such as two-inks."}),
        ({"title": "x" * 121}, {"title": "Please use at most 120 characters."}),
    ):
        answer = desk.send(here, here, **changes)
        assert (answer.status_code, errors_of(answer)) == (422, errors)
    answer = desk.upload(f"{here}/picture", here, (b"no picture", "a.png"))
    assert answer.status_code == 422
    assert desk.client.post(f"{here}/entries", data=desk.form(f"{here}", here)).status_code == 404


def test_a_collection_has_a_picture_and_can_be_deleted(
    app: Flask, desk: Desk, client: FlaskClient, products: dict[str, Product]
) -> None:
    here = make_collection(desk, "Shown", products["Ink"])
    desk.upload(f"{here}/picture", here, (a_picture(), "a.png"))
    desk.press(here, here, alt="On a desk", alt_zh="桌上")
    assert 'alt="On a desk"' in client.get("/collections/shown").text
    assert 'alt="桌上"' in client.get("/zh/collections/shown").text
    desk.press(f"{here}/picture/removal", f"{here}/picture/removal")
    assert "On a desk" not in client.get("/collections/shown").text

    desk.press(f"{here}/removal", f"{here}/removal")

    assert client.get("/collections/shown").status_code == 404
    assert client.get(products["Ink"].path).status_code == 200
    with app.app_context():
        assert db.session().query(Collection).count() == 0


def test_pages_of_a_long_collection_follow_one_another(app: Flask, desk: Desk, client: FlaskClient) -> None:
    with app.app_context(), db.unit_of_work():
        many = [make_product(f"Thing {number:02}") for number in range(27)]
    make_collection(desk, "Long")
    with app.app_context(), db.unit_of_work():
        for product in many:
            collections.add_product(collections.get("long"), product.slug)

    first = client.get("/collections/long").text
    follow = first[first.index('rel="next" href="') :].split('"')[3]
    both = first + client.get(follow).text

    assert in_order(both, *(product.title for product in many))
    assert client.get("/collections/long?after=nonsense-٣").status_code == 200
