"""Search on both databases."""

import pytest

from storefront.catalog.models import Category, Product
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.search import service
from storefront.search.service import index_product, search_products, unindexed_products
from tests.selling import make_product

pytestmark = pytest.mark.usefixtures("work_database")


def put(title: str, description: str = "", zh: str = "", **more: object) -> int:
    """Put a product with these words into the shop, and return its id."""
    with db.unit_of_work():
        product = make_product(title)
        product.summary = ""
        product.description = description
        product.translations = {"zh": {"title": zh}} if zh else {}
        for name, value in more.items():
            setattr(product, name, value)
        index_product(product.id)
        return product.id


def found(words: str) -> list[int]:
    """Return the ids of what is found, best first."""
    return search_products(words, size=24).product_ids


def test_every_word_must_be_there() -> None:
    both, one = put("Quiet pages", "about margins"), put("Quiet walls")
    assert found("quiet margins") == [both]
    assert sorted(found("quiet")) == sorted([both, one])
    assert found("loud") == []


def test_accents_case_and_unfinished_words_do_not_matter() -> None:
    wanted = put("Crème of the crop")
    for words in ("Crème", "creme", "CRÈME", "cre\u0300me", " crème  ", "crem"):
        assert found(words) == [wanted], words


def test_two_chinese_characters_are_found() -> None:
    wanted = put("Quiet pages", zh="安静的书页")
    put("Other", zh="页书安")
    for words in ("安静", "静的", "书页", "安静的书页", "安静 书页", "静"):
        assert found(words) == [wanted], words


def test_chinese_characters_in_another_order_are_another_word() -> None:
    put("Quiet pages", zh="安静的书页")
    assert found("静安") == []


def test_chinese_in_text_and_latin_in_title_go_together() -> None:
    wanted = put("PDF templates", "适合小型工作室的发票模板")
    assert found("pdf 模板") == [wanted]


def test_title_ranks_before_text() -> None:
    in_title = put("Typography")
    in_text = put("A book", "typography typography")
    assert found("typography") == [in_title, in_text]


def test_category_is_found_too() -> None:
    with db.unit_of_work():
        shelf = Category(
            slug="posters", name="Posters", description="", position=1, translations={"zh": {"name": "海报"}}
        )
        db.session().add(shelf)
        db.session().flush()
        shelf_id = shelf.id
    wanted = put("Ampersand", category_id=shelf_id)
    assert found("posters") == found("海报") == [wanted]


@pytest.mark.parametrize("state", [ProductState.DRAFT, ProductState.ARCHIVED])
def test_what_is_not_published_is_never_found(state: ProductState) -> None:
    put("Secret book", state=state)
    assert found("secret") == []


def test_what_is_published_tomorrow_is_not_found_today() -> None:
    put("Secret book", published_at=now() + timedelta(days=1))
    assert found("secret") == []


def test_changed_words_are_found_and_old_ones_are_not() -> None:
    product_id = put("Old name")
    with db.unit_of_work():
        db.session().get_one(Product, product_id).title = "New title"
        index_product(product_id)
    assert (found("old"), found("title")) == ([], [product_id])


def test_deleted_product_leaves_the_index() -> None:
    product_id = put("Short life")
    with db.unit_of_work() as session:
        for table in ("content", "variant", "product"):
            column = "id" if table == "product" else "product_id"
            session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE {column} = {product_id}")  # noqa: S608 - a number
    assert found("short") == []
    put("Other life")
    assert len(found("life")) == 1


NASTY = [
    *(
        "'",
        '"',
        "''",
        '"a',
        "a\"b'c",
        "*",
        "a*",
        "NEAR(a b)",
        "a OR b",
        "a AND",
        "NOT a",
        "title:a",
        "-a",
        "a & b",
    ),
    *(
        "!a",
        "a <-> b",
        ":*",
        "a:*",
        "(",
        "((a)",
        "^a",
        "{a b}",
        "\\",
        "%",
        "_",
        "; DROP TABLE product; --",
        "a | b",
    ),
    *(
        "\x00",
        "a\x00b",
        "\ud7ff",
        "\U0010ffff",
        "𠀀𠀁",
        "a" * 5000,
        "安" * 500,
        "🙂",
        "\u202e\u200b",
        "ﷺ",
        "ı İ ß ſ",
    ),
    *("' OR 1=1 --", "\r\n\t"),
]


def test_nothing_that_is_typed_is_a_fault() -> None:
    put("A book")
    for words in NASTY:
        assert search_products(words, size=24).total <= 1, ascii(words)


def test_nothing_to_look_for_finds_nothing() -> None:
    put("A book")
    assert [search_products(words, size=24).total for words in ("", "   ", "!?", "\x00")] == [0, 0, 0, 0]


def test_pages_of_hits_follow_each_other() -> None:
    made = {put("Same title") for _ in range(7)}
    pages = [search_products("same", size=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page.product_ids) for page in pages] == [3, 3, 1, 0]
    assert {product_id for page in pages for product_id in page.product_ids} == made
    assert {page.total for page in pages} == {7}


def test_very_many_hits_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_RANKED", 3)
    for _ in range(5):
        put("Same title")
    hits = search_products("same", size=24)
    assert (hits.total, hits.is_capped) == (3, True)


def test_product_without_words_in_the_index_is_known() -> None:
    product_id = put("Forgotten")
    with db.unit_of_work() as session:
        session.connection().exec_driver_sql("DELETE FROM search_entry")
    assert unindexed_products(10) == [product_id]
    with db.unit_of_work():
        index_product(product_id)
    assert unindexed_products(10) == []
    assert found("forgotten") == [product_id]
