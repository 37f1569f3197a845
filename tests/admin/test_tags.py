"""Tags: typed on a product, found by customers, renamed, merged and deleted by the owner."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.catalog.models import Product, Tag
from storefront.catalog.service import tags
from storefront.catalog.service.tags import key_of, set_tags, split_tags, tags_of
from storefront.core import db
from tests.admin.desk import Desk, errors_of, words_of
from tests.house.test_queries import queries_of
from tests.selling import make_product


@pytest.fixture
def ink(app: Flask) -> Product:
    with app.app_context(), db.unit_of_work():
        make_product("Lamp")
        return make_product("Ink")


def names_of(app: Flask, product: Product) -> list[str]:
    with app.app_context():
        return [tag.name for found in tags_of([product.id]).values() for tag in found]


def test_tags_are_found_however_they_are_typed() -> None:
    assert split_tags(" Red ,  red、ＲＥＤ，dark   blue,,") == ["ＲＥＤ", "dark blue"]
    assert key_of("Ｓtraße  1") == "strasse 1"


def test_typed_tags_are_kept_with_the_product_and_lead_to_its_like(
    app: Flask, desk: Desk, client: FlaskClient, ink: Product
) -> None:
    here = f"/admin/products/{ink.slug}"
    desk.press(here, here, tags="Blue, 墨水")
    assert desk.form(here)["tags"] == "Blue, 墨水"
    assert 'href="/products?tag=mo-shui"' in client.get(ink.path).text

    page = client.get("/products?tag=blue").text
    assert (">Ink</a>" in page, ">Lamp</a>" in page) == (True, False)
    assert len(queries_of(client, "/products?tag=blue")) <= 4
    desk.press(here, here, tags="blue")
    assert names_of(app, ink) == ["Blue"]
    assert "Nothing here yet" in client.get("/products?tag=mo-shui").text


def test_typing_is_helped_and_what_does_not_fit_is_said(app: Flask, desk: Desk, ink: Product) -> None:
    here = f"/admin/products/{ink.slug}"
    for typed, sentence in (
        ("x" * 81, f"“{'x' * 30}…” is too long: a tag has up to 80 characters."),
        (", ".join(f"t{number}" for number in range(51)), "A product can have up to 50 tags."),
    ):
        answer = desk.send(here, here, tags=typed)
        assert (answer.status_code, errors_of(answer)) == (422, {"tags": sentence})

    with app.app_context(), db.unit_of_work() as session:
        session.get_one(Product, ink.id).state = "draft"
    fields = desk.form(here)
    fields["tags"] = "Bl"
    answer = desk.client.post(f"{here}/autosave", data=fields, headers={"HX-Request": "true"})
    assert "Not saved yet: press Save to make the new tag Bl." in answer.text
    with app.app_context():
        assert db.session().query(Tag).count() == 0

    with app.app_context(), db.unit_of_work():
        set_tags(ink.id, ["Blue", "Black", "100%_wool"])
    assert 'value="Red, Black"' in desk.open("/admin/tag-suggestions?tags=Red,%20bl").text
    assert "Blue" not in desk.open("/admin/tag-suggestions?tags=blue,bl").text.replace("Blue, Black", "")
    assert "100%_wool" not in desk.open("/admin/tag-suggestions?tags=1_0").text


def test_a_renamed_tag_keeps_its_products_and_its_old_address(
    app: Flask, desk: Desk, client: FlaskClient, ink: Product
) -> None:
    with app.app_context(), db.unit_of_work():
        set_tags(ink.id, ["Blue", "Green"])
    desk.press("/admin/tags/blue", "/admin/tags/blue", name="Azure", name_zh="天蓝", slug="azure")

    moved = client.get("/zh/products?tag=blue&sort=price")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/zh/products?sort=price&tag=azure")
    assert "天蓝</h1>" in client.get("/zh/products?tag=azure").text
    for changes, errors in (
        ({"name": "GREEN"}, {"name": "Another tag has this name. You can merge them below."}),
        ({"slug": "green"}, {"slug": "Another tag has this address."}),
        ({"name": "A, b"}, {"name": "A tag can't have a comma in it."}),
        ({"name_zh": "天，蓝"}, {"name_zh": "A tag can't have a comma in it."}),
        ({"slug": "A b"}, {"slug": "Use small letters, digits and single dashes, such as two-inks."}),
    ):
        answer = desk.send("/admin/tags/azure", "/admin/tags/azure", **changes)
        assert (answer.status_code, errors_of(answer)) == (422, errors)


def test_merged_tags_are_one_also_when_the_worker_must_help(
    app: Flask,
    desk: Desk,
    client: FlaskClient,
    ink: Product,
    work: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tags, "_AT_ONCE", 2)
    with app.app_context(), db.unit_of_work():
        pens = [make_product(f"Pen {number}") for number in range(3)]
        for product in (ink, *pens):
            set_tags(product.id, ["Blue"])
        set_tags(ink.id, ["Blue", "Azure"])
    answer = desk.send("/admin/tags/blue/merger", "/admin/tags/blue", into="nothing")
    assert errors_of(answer) == {"into": "There is no tag of this name."}

    desk.press("/admin/tags/blue/merger", "/admin/tags/blue", into="AZURE")
    work()

    assert [names_of(app, product) for product in (ink, *pens)] == [["Azure"]] * 4
    assert client.get("/products?tag=blue").headers["Location"] == "/products?tag=azure"
    assert client.get("/products?tag=azure").text.count("<article") == 4
    desk.press("/admin/tags/azure/removal", "/admin/tags/azure/removal")
    work()
    assert names_of(app, ink) == []
    assert words_of(desk.open("/admin/tags")).count("No tags yet") == 1
