"""The owner's pages of imports, without scripts."""

from collections.abc import Callable

import pytest

from storefront.core import db
from tests.admin.desk import Desk, words_of
from tests.importing.bringing import DATA, SHARED, exported, product


def _upload(desk: Desk, content: bytes, name: str = "products.csv") -> str:
    answer = desk.upload("/admin/imports", "/admin/imports", (content, name))
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["Location"])


def test_a_file_is_looked_through_and_imported_when_the_owner_says_so(
    desk: Desk, work: Callable[[], int]
) -> None:
    page = _upload(desk, (DATA / "woocommerce.csv").read_bytes())
    assert "hx-trigger" in desk.open(page).text
    work()
    words = words_of(desk.open(page))
    assert "Looked through. Nothing is changed yet." in words
    assert "WooCommerce" in words
    assert "Products of the kind “external” can't be imported." in words
    assert "hx-trigger" not in desk.open(page).text
    assert b"Hoodie" not in exported()
    answer = desk.send(f"{page}/writing", page)
    assert answer.status_code == 303
    work()
    assert "Imported." in words_of(desk.open(page))
    db.close_reader()
    assert product("hoodie").price_amount == 4200
    assert desk.client.get("/admin/exports/products.csv").data == exported()
    report = desk.client.get(f"{page}/report.csv")
    assert report.data.decode("utf-8-sig").startswith("Row,Column,Kind,What\r\n6,Download 1 URL,Hint,")
    assert b"\r\n7,Type,Error," in report.data
    chinese = desk.client.get(f"/zh{page}/report.csv").data.decode("utf-8-sig")
    assert "external" in chinese
    assert "can't" not in chinese


def test_starting_twice_writes_once(desk: Desk, work: Callable[[], int]) -> None:
    page = _upload(desk, (DATA / "shopify.csv").read_bytes())
    work()
    form = desk.form(page, f"{page}/writing")
    for _ in range(2):
        assert desk.client.post(f"{page}/writing", data=form).status_code == 303
    work()
    assert desk.client.post(f"{page}/writing", data=form).status_code == 303
    work()
    assert "Imported." in words_of(desk.open(page))


def test_what_can_not_be_read_is_said(desk: Desk, work: Callable[[], int]) -> None:
    page = _upload(desk, b"name,surname\nAnna,Berg\n", "guests.csv")
    work()
    words = words_of(desk.open(page))
    assert "Nothing was imported" in words
    assert "The first row names no columns that the shop knows." in words
    empty = desk.client.post("/admin/imports", data=desk.form("/admin/imports").to_dict())
    assert empty.status_code == 422


@pytest.mark.parametrize("name", ["apparel.csv", "home-and-garden.csv"])
def test_files_of_shopify_come_in_by_the_pages(desk: Desk, work: Callable[[], int], name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip("Shopify's sample files are not on this machine")
    page = _upload(desk, (SHARED / name).read_bytes(), name)
    work()
    desk.send(f"{page}/writing", page)
    work()
    assert "Imported. New20 Changed0" in " ".join(words_of(desk.open(page)).split())
