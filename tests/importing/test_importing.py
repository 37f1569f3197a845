"""Files on their way into the catalogue, on both databases."""

import csv
import io
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from storefront.catalog.models import Category, Product, Variant
from storefront.catalog.service import editing
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.importing import running
from storefront.importing.defusing import defused
from storefront.importing.formats.own import COLUMNS
from storefront.importing.models import ImportRun
from storefront.importing.states import RunState
from storefront.journal import service as journal
from storefront.search.service import search_products
from storefront.shop import service as shop
from tests.importing.bringing import DATA, SHARED, bring, counts, errors, exported, hints, product, spool_of
from tests.selling import make_product

pytestmark = pytest.mark.usefixtures("app")

HEADING = "slug,title,kind,sku,price,requires_shipping,stock\n"


def test_shopify_file_comes_in_and_again_changes_nothing() -> None:
    first = bring((DATA / "shopify.csv").read_bytes(), with_pictures=True)
    assert counts(first) == (4, 0, 0, 1)
    assert errors(first) == [(9, "Gift Card", "Gift cards can't be imported.")]
    apron = product("linen-apron")
    assert [(each.sku, each.price_amount, each.compare_at_amount, each.stock) for each in apron.variants] == [
        ("APRON-S-S", 4800, 6000, 4),
        ("APRON-S-L", 5200, None, 0),
        ("APRON-I-S", 4800, None, None),
    ]
    assert (apron.state, apron.price_amount, apron.category and apron.category.name) == (
        ProductState.PUBLISHED,
        4800,
        "Kitchen",
    )
    assert product("knitting-pattern").state is ProductState.DRAFT, "buyers would get nothing"
    again = bring((DATA / "shopify.csv").read_bytes(), with_pictures=True)
    assert counts(again) == (0, 0, 4, 1)


def test_woocommerce_file_comes_in_and_again_changes_nothing() -> None:
    assert counts(bring((DATA / "woocommerce.csv").read_bytes())) == (5, 0, 0, 1)
    hoodie = product("hoodie")
    assert [(each.title, each.options, each.price_amount) for each in hoodie.variants] == [
        ("Blue", {"Colour": "Blue"}, 4200),
        ("Red", {"Colour": "Red"}, 4500),
    ]
    assert hoodie.category
    assert hoodie.category.name == "Hoodies"
    assert counts(bring((DATA / "woocommerce.csv").read_bytes())) == (0, 0, 5, 1)


@pytest.mark.parametrize("name", ["apparel.csv", "home-and-garden.csv"])
def test_files_as_shopify_gives_them_come_in_whole(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip("Shopify's sample files are not on this machine")
    content = (SHARED / name).read_bytes()
    assert counts(bring(content, dry_run=True)) == (20, 0, 0, 0)
    assert counts(bring(content)) == (20, 0, 0, 0)
    assert counts(bring(content)) == (0, 0, 20, 0)


def test_looking_through_a_file_changes_nothing() -> None:
    run = bring((DATA / "shopify.csv").read_bytes(), dry_run=True)
    assert (run.state, counts(run)) == (RunState.CHECKED, (4, 0, 0, 1))
    assert [
        db.session().scalar(select(func.count()).select_from(table)) for table in (Product, Category)
    ] == [0, 0]


def test_imported_products_are_found_and_sold() -> None:
    bring(HEADING + "pot,Celadon teapot 青瓷茶壶,physical,POT,80,yes,3\n".replace("POT,", "POT-1,"))
    made = product("pot")
    assert (made.state, made.is_available, made.price_amount) == (ProductState.DRAFT, True, 8000)
    bring("slug,state\npot,published\n")
    assert search_products("青瓷", size=5).product_ids == [made.id]


def test_errors_name_row_column_and_reason_and_leave_the_product_out() -> None:
    with db.unit_of_work():
        make_product("Taken")
        sku = db.session().scalar(select(Variant.sku))
    run = bring(
        HEADING
        + "good,Good,physical,G-1,10,yes,\n"
        + "bad-price,Bad,physical,G-2,ten,yes,\n"
        + ",Bad,physical,,1,yes,\n"
        + "No Slug,Bad,physical,G-3,1,yes,\n"
        + "dear,Bad,physical,G-4,1,perhaps,2.5\n"
        + "odd,Bad,balloon,G-5,1,yes,-3\n"
        + "twice,Bad,physical,G-1,1,yes,\n"
        + f"stolen,Good,physical,{sku}x,1,yes,\n"
    )
    assert counts(run) == (2, 0, 0, 5)
    assert {(line, column) for line, column, _ in errors(run)} == {
        (3, "price"),
        (4, ""),
        (5, "slug"),
        (6, "requires_shipping"),
        (6, "stock"),
        (7, "kind"),
        (7, "stock"),
        (8, "SKU"),
    }
    assert run.error_count == len(errors(run))


def test_a_price_list_by_sku_changes_prices_and_nothing_else() -> None:
    with db.unit_of_work():
        made = make_product("Book", stock=7)
        sku = db.session().scalar(select(Variant.sku))
        before = (made.title, made.translations, made.state, made.description)
    run = bring(f"sku,price\n{sku},21.50\nUNKNOWN,1\n")
    assert counts(run) == (0, 1, 0, 1)
    after = product(made.slug)
    assert (after.price_amount, after.variants[0].price_amount, after.variants[0].stock) == (2150, 2150, 7)
    assert (after.title, after.translations, after.state, after.description) == before
    entry = journal.entries_of(editing.topic_of(after))[0]
    assert entry.data["changed"] == {f"price {sku}": [1900, 2150]}


def test_stock_from_a_file_keeps_the_books() -> None:
    with db.unit_of_work():
        make_product("Book", stock=7)
        variant = db.session().scalars(select(Variant)).one()
        variant.stock, variant.reserved, variant.sold = 4, 1, 2
    bring(f"sku,stock\n{variant.sku},10\n")
    db.close_reader()
    now = db.session().scalars(select(Variant)).one()
    assert (now.stock, now.reserved, now.sold, now.received) == (10, 1, 2, 13)


ODD = {
    "slug": "odd",
    "title": 'A "quoted", title',
    "title_zh": "奇怪的标题",
    "summary": "=1+1",
    "description": "Line one\nLine two\r\n'-three\ttab",
    "description_zh": "中文\\",
    "kind": "physical",
    "state": "published",
    "published_at": "2026-01-02T03:04:05.000006+00:00",
    "requires_shipping": "yes",
    "category": "tea/green-tea",
    "category_name": "Tea \\> more > Green",
    "category_name_zh": "茶 > 绿茶",
    "tags": "=Odd, Ｗide, 茶",
    "tags_zh": "怪, 宽, ",
    "specifications": '[{"name": "Paper", "translations": {"zh": {"name": "纸"}}, "value": "120 g"}]',
    "sku": "+SKU-1",
    "variant": "Red / L",
    "variant_zh": "红",
    "option1_name": "Colour",
    "option1_name_zh": "颜色",
    "option1_value": "Red",
    "option1_value_zh": "红",
    "option2_name": "Size",
    "option2_value": "L",
    "currency": "BHD",
    "price": "1.230",
    "compare_at": "2.000",
    "sale_price": "1.000",
    "sale_starts_at": "2026-01-02T00:00:00+00:00",
    "sale_ends_at": "2026-02-02T00:00:00+00:00",
    "other_prices": "CNY 20.00; JPY 400",
    "cost": "0.500",
    "stock": "5",
    "low_stock": "2",
    "weight_grams": "120",
    "barcode": "0012",
}
OTHER = {
    "slug": "odd",
    "sku": "@SKU-2",
    "variant": "Red / M",
    "option1_name": "Colour",
    "option1_value": "Red",
    "option1_value_zh": "红",
    "option2_name": "Size",
    "option2_value": "M",
    "currency": "BHD",
    "price": "0.010",
    "archived": "yes",
    "pay_what_they_want": "yes",
    "suggested_price": "0.010",
}
PLAIN = {"slug": "plain", "title": "Plain", "kind": "download", "state": "draft", "requires_shipping": "no"}


def _file(*rows: dict[str, str]) -> bytes:
    """Write a file as the export does."""
    buffer = io.StringIO()
    for cells in (dict(zip(COLUMNS, COLUMNS, strict=True)), *rows):
        csv.writer(buffer).writerow([defused(cells.get(column, "")) for column in COLUMNS])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def test_export_comes_back_byte_for_byte_into_an_empty_shop(app: Flask) -> None:
    content = _file(ODD, OTHER, PLAIN | {"sku": "PLAIN-1", "currency": "BHD", "price": "0.000"})
    first = bring(content)
    assert (counts(first), errors(first)) == ((2, 0, 0, 0), [])
    assert shop.get_profile().currency == "BHD"
    odd = product("odd")
    assert (odd.summary, odd.option_names) == ("=1+1", ["Colour", "Size"])
    assert [(each.sku, each.price_amount) for each in odd.variants] == [("+SKU-1", 1230), ("@SKU-2", 10)]
    assert exported() == content
    assert counts(bring(content)) == (0, 0, 2, 0)
    _empty()
    assert counts(bring(content)) == (2, 0, 0, 0)
    assert exported() == content
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS, _TEXTS), min_size=1, max_size=6))
def test_any_texts_come_back_byte_for_byte(app: Flask, texts: list[tuple[str, str, str, str]]) -> None:
    _empty()
    rows = [
        PLAIN
        | {"slug": f"plain-{number}", "title": f"T{title}", "summary": summary, "description": text}
        | {
            "description_zh": text[::-1],
            "sku": f"SKU-{number}",
            "variant": name,
            "currency": "EUR",
            "price": "1.00",
        }
        | {"barcode": name}
        for number, (title, summary, text, name) in enumerate(texts)
    ]
    content = _file(*rows)
    run = bring(content)
    assert (errors(run), counts(run)) == ([], (len(rows), 0, 0, 0))
    assert exported() == content


def test_another_currency_is_refused_where_products_are() -> None:
    with db.unit_of_work():
        make_product("Book")
    run = bring("slug,title,kind,sku,currency,price\nnew-one,New,physical,N-1,USD,5\n")
    assert counts(run) == (0, 0, 0, 1)


def test_killed_in_the_middle_nothing_is_missing_or_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    content = HEADING + "".join(
        f"item-{number},Item {number},physical,I-{number},5,yes,2\n" for number in range(120)
    )
    monkeypatch.setattr(running, "reach", _die)
    with pytest.raises(KilledHere):
        bring(content)
    monkeypatch.undo()
    db.close_reader()
    run = db.session().scalars(select(ImportRun)).one()
    assert (run.created_count, run.position, _count(Product)) == (25, 25, 25)
    with closing(spool_of(content.encode())) as spool:
        assert running.go_on(run.id, spool)
    assert _count(Product) == _count(Variant) == 120
    assert counts(db.session().scalars(select(ImportRun)).one()) == (120, 0, 0, 0)
    assert counts(bring(content)) == (0, 0, 120, 0)


class KilledHere(Exception):
    """As if the process had died between two batches."""


def _die(_point: str) -> None:
    raise KilledHere


def _count(table: Any) -> int:
    return db.session().scalar(select(func.count()).select_from(table)) or 0


def test_what_the_file_does_not_know_stays() -> None:
    bring(HEADING + "pot,Pot,physical,POT-1,80,yes,3\n")
    with db.unit_of_work():
        made = editing.lock("pot")
        made.translations = {"zh": {"title": "壶"}}
    assert counts(bring(HEADING + "pot,Pot,physical,POT-1,80,yes,3\npot,,,POT-2,90,,\n")) == (0, 1, 0, 0)
    after = product("pot")
    assert after.translations == {"zh": {"title": "壶"}}
    assert [(each.sku, each.position) for each in after.variants] == [("POT-1", 0), ("POT-2", 1)]


def test_products_keep_their_old_addresses_and_are_found_by_them() -> None:
    bring(HEADING + "pot,Pot,physical,POT-1,80,yes,3\n")
    with db.unit_of_work():
        editing._save_slug(editing.lock("pot"), "tea-pot")
    run = bring(HEADING + "pot,Big pot,physical,POT-1,80,yes,3\n")
    assert counts(run) == (0, 1, 0, 0)
    assert product("tea-pot").title == "Big pot"


def test_published_without_anything_to_hand_over_is_said() -> None:
    run = bring("slug,title,kind,sku,price,state\nbook,Book,download,B-1,5,published\n")
    assert (counts(run), [line for line, _, _ in hints(run)]) == ((1, 0, 0, 0), [2])


def test_what_is_no_table_ends_the_run_with_a_reason() -> None:
    run = bring(b"\x00\x01\x02")
    assert (run.state, bool(run.failure)) == (RunState.FAILED, True)
    assert db.session().scalar(select(func.count()).select_from(ImportRun)) == 1


def _empty() -> None:
    with db.unit_of_work() as session:
        session.execute(delete(Product))
        session.execute(update(Category).values(parent_id=None))
        session.execute(delete(Category))
        shop.get_profile().currency = "EUR"
    db.close_reader()
