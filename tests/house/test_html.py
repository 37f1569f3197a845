"""Every page of an empty shop is strict HTML, and the reader that says so is strict itself."""

import pytest
from flask.testing import FlaskClient

from tests.house.markup import problems_of
from tests.journeys.pages import OWNERS, PUBLIC

_OF_PRODUCTS = ("/products/", "/admin/products/", "/admin/categories/")


def _without_goods(paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if not path.startswith(_OF_PRODUCTS) or path.endswith("/new")]


def test_empty_shop_is_strict_html(client: FlaskClient) -> None:
    paths = [*_without_goods(PUBLIC), "/cart", "/checkout"]
    assert {path: problems_of(client.get(path).text) for path in paths} == {path: [] for path in paths}


def test_empty_desk_of_the_owner_is_strict_html(owner_client: FlaskClient) -> None:
    paths = [*_without_goods(OWNERS), "/account", "/library", "/account/orders", "/account/verification"]
    assert {path: problems_of(owner_client.get(path).text) for path in paths} == {path: [] for path in paths}


@pytest.mark.parametrize("path", ["/cart", "/me", "/products", "/checkout"])
def test_fragment_of_an_empty_shop_is_strict_html(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in answer.text
    assert problems_of(answer.text, is_fragment=True) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("<p><div></div></p>", "unexpected-end-tag"),
        ('<p id="a"></p><p id="a"></p>', "id 'a' 2 times"),
        ('<input name="q">', "input 'q' without a label"),
        ('<label for="x">X</label>', "label for 'x'"),
        ('<div hx-get="/cart">x</div>', "does nothing without scripts"),
        ('<img src="/x.webp" alt="">', "without alt, width or height"),
        ('<p style="color: red">x</p>', "inline style"),
        ("<script>1</script>", "inline script"),
        ('<p aria-describedby="y">x</p>', "aria-describedby='y'"),
    ],
)
def test_reader_is_strict(wrong: str, said: str) -> None:
    page = f'<!doctype html><html lang="en"><head><title>x</title></head><body>{wrong}</body></html>'
    assert any(said in problem for problem in problems_of(page))
