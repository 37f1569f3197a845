"""The tree of categories at the owner's desk, and what customers see of it."""

import io

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from storefront.catalog.models import Category
from storefront.catalog.service.categories import MOST_LEVELS
from storefront.core import db
from storefront.storage import service as storage
from tests.admin.desk import Desk, errors_of
from tests.house.test_queries import queries_of
from tests.selling import make_product


def a_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1200, 900), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def plant(desk: Desk, **parents: str) -> None:
    """Make categories, each inside of the one that is named."""
    for slug, parent in parents.items():
        desk.press("/admin/categories/new", "/admin/categories/new", name=slug.title(), parent=parent)


def slugs_in_order(app: Flask) -> list[str]:
    with app.app_context():
        return [category.slug for category in db.session().query(Category).order_by(Category.position)]


def test_the_order_follows_the_tree_and_a_category_takes_what_is_inside_along(app: Flask, desk: Desk) -> None:
    plant(desk, books="", music="", fiction="books", crime="fiction", poems="books")
    assert slugs_in_order(app) == ["books", "fiction", "crime", "poems", "music"]

    desk.press("/admin/categories/order", "/admin/categories", move="fiction:down")
    assert slugs_in_order(app) == ["books", "poems", "fiction", "crime", "music"]
    desk.press("/admin/categories/order", "/admin/categories", move="music:up")
    assert slugs_in_order(app) == ["music", "books", "poems", "fiction", "crime"]


def test_what_is_inside_is_not_offered_as_a_parent_and_refused_when_it_is_sent(desk: Desk) -> None:
    plant(desk, books="", fiction="books", crime="fiction", music="")

    page = desk.open("/admin/categories/books").text
    assert 'value="music"' in page
    assert 'value="crime"' not in page
    answer = desk.send("/admin/categories/books", parent="crime")
    assert (answer.status_code, errors_of(answer)) == (422, {"parent": "A category can't be inside itself."})
    answer = desk.send("/admin/categories/books", parent="gone")
    assert errors_of(answer) == {"parent": "This category is gone. Please choose another."}


def test_the_tree_has_a_bottom_also_for_a_whole_branch(desk: Desk) -> None:
    plant(desk, top="")
    plant(desk, **{f"deep-{level}": f"deep-{level - 1}" if level else "" for level in range(MOST_LEVELS)})

    sentence = f"Categories can lie up to {MOST_LEVELS} levels deep in one another."
    answer = desk.send("/admin/categories/new", name="Deeper", parent=f"deep-{MOST_LEVELS - 1}")
    assert (answer.status_code, errors_of(answer)) == (422, {"parent": sentence})
    answer = desk.send("/admin/categories/deep-0", parent="top")
    assert errors_of(answer) == {"parent": sentence}


def test_a_picture_is_kept_described_shown_replaced_and_removed(
    app: Flask, desk: Desk, client: FlaskClient
) -> None:
    plant(desk, books="")
    sent = desk.upload("/admin/categories/books/picture", "/admin/categories/books", (a_picture(), "a.png"))
    assert sent.status_code == 303
    desk.press(
        "/admin/categories/books",
        "/admin/categories/books",
        alt="A shelf",
        alt_zh="书架",
        description="**Read**",
    )

    page = client.get("/products?category=books").text
    assert "<strong>Read</strong>" in page
    assert 'alt="A shelf"' in page
    assert 'alt="书架"' in client.get("/zh/products?category=books").text
    with app.app_context():
        key = db.session().query(Category).one().picture["key"]
        assert key.startswith("shelves/")
        assert client.get(f"/media/{key}-640.webp").content_type == "image/webp"

    desk.upload("/admin/categories/books/picture", "/admin/categories/books", (a_picture(), "b.png"))
    with app.app_context():
        again = db.session().query(Category).one().picture
        assert (again["key"] != key, again["alt"]) == (True, "A shelf")
        assert storage.store().stat(f"{key}-640.webp") is None
    desk.press("/admin/categories/books/picture/removal", "/admin/categories/books/picture/removal")
    assert 'alt="A shelf"' not in client.get("/products?category=books").text


def test_what_is_no_picture_is_refused_at_its_field(desk: Desk) -> None:
    plant(desk, books="")
    answer = desk.upload("/admin/categories/books/picture", "/admin/categories/books", (b"<svg/>", "a.svg"))
    assert answer.status_code == 422
    assert "This is not a picture that the shop can show." in answer.text
    answer = desk.upload("/admin/categories/books/picture", "/admin/categories/books")
    assert (answer.status_code, "Please choose a file first." in answer.text) == (422, True)


def test_a_category_lists_its_whole_branch_in_order_with_its_way_and_what_is_inside(
    app: Flask, desk: Desk, client: FlaskClient
) -> None:
    plant(desk, books="", fiction="books", crime="fiction", music="")
    with app.app_context(), db.unit_of_work() as session:
        ids = {category.slug: category.id for category in session.query(Category)}
        for number in range(30):
            product = make_product(f"Book {number:02}", amount=100 + number)
            product.category_id = ids[("books", "fiction", "crime")[number % 3]]
        make_product("Song").category_id = ids["music"]

    asked = queries_of(client, "/products?category=books&sort=price")
    first = client.get("/en/products?category=books&sort=price").text
    follow = first[first.index('rel="next" href="') :].split('"')[3].replace("&amp;", "&")
    titles = [f"Book {number:02}" for number in range(30)]
    both = first + client.get(follow).text

    assert len(asked) <= 3
    assert [title for title in titles if title in both] == titles
    assert [both.index(title) for title in titles] == sorted(both.index(title) for title in titles)
    assert "Song" not in both
    assert 'href="/en/products?category=fiction&amp;sort=price"' in first
    way = client.get("/en/products?category=crime").text
    crumbs = way[way.index('class="crumbs"') : way.index("</ol>")]
    assert [crumbs.index(name) for name in ("Products", "Books", "Fiction", "Crime")] == sorted(
        crumbs.index(name) for name in ("Products", "Books", "Fiction", "Crime")
    )
    assert '"name":"Fiction"' in way
