"""Rows and products of files, read without any database."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.catalog.states import ProductKind, ProductState
from storefront.core.clock import UTC, datetime
from storefront.importing.decoding import (
    LONGEST_FIELD,
    LONGEST_LINE,
    UnreadableFile,
    find_encoding,
    read_rows,
)
from storefront.importing.defusing import defused, restored
from storefront.importing.formats import Surroundings
from storefront.importing.formats.own import joined_steps, split_steps
from storefront.importing.records import ProductRecord
from storefront.importing.spool import Spool
from storefront.importing.states import Source
from storefront.importing.tidying import markdown_of
from storefront.web.markdown import render_markdown
from tests.importing.bringing import DATA, spool_of

AROUND = Surroundings("EUR", datetime(2026, 11, 20, tzinfo=UTC))


def read(content: bytes | str, currency: str = "EUR") -> list[ProductRecord]:
    """Return the products of a file."""
    spool = spool_of(content.encode() if isinstance(content, str) else content)
    around = Surroundings(currency, AROUND.moment)
    return [spool.format.read(group.rows, around) for group in spool.groups(0, 1000)]


def test_shopify_rows_become_products_with_variants_and_pictures() -> None:
    apron, cup, pattern, mug, card = read((DATA / "shopify.csv").read_bytes())
    assert apron.slug == "linen-apron"
    assert apron.fields["description"] == (
        "Washed **linen**, two pockets.\n\n- Machine wash\n- Made in [Porto](https://example.com/porto)"
    )
    assert [(each.sku, each.fields["title"], each.stock) for each in apron.variants] == [
        ("APRON-S-S", "Sand / Small", 4),
        ("APRON-S-L", "Sand / Large", 0),
        ("APRON-I-S", "Ink / Small", None),
    ]
    assert apron.variants[0].fields["options"] == {"Colour": "Sand", "Size": "Small"}
    assert [picture.alt for picture in apron.pictures] == ["An apron in sand", "From behind", ""]
    assert [shelf.name for shelf in apron.shelves or []] == ["Kitchen"]
    assert (cup.slug, cup.key) == ("", "shopify:茶-cup")
    assert pattern.defaults["kind"] is ProductKind.DOWNLOAD
    assert mug.state is ProductState.ARCHIVED
    assert [note.sentence for note in card.notes] == ["Gift cards can't be imported."]


def test_shopify_headings_of_today_mean_the_same() -> None:
    [board] = read((DATA / "shopify_2025.csv").read_bytes())
    assert [(each.sku, each.fields["price_amount"], each.stock) for each in board.variants] == [
        ("BOARD-S", 2995, 7),
        ("BOARD-L", 3995, 3),
    ]
    assert [shelf.name for shelf in board.shelves or []] == ["Home & Garden", "Kitchen & Dining"]


def test_woocommerce_variations_find_their_parents_wherever_they_stand() -> None:
    hoodie, cap, book, lamp, scarf, draft = read((DATA / "woocommerce.csv").read_bytes())
    assert [(each.sku, each.fields["options"], each.stock) for each in hoodie.variants] == [
        ("HOODIE-BLUE", {"Colour": "Blue"}, 5),
        ("", {"Colour": "Red"}, 0),
    ]
    assert hoodie.fields["description"] == "First line.\n\nSecond *line*."
    assert len(hoodie.pictures) == 3
    assert cap.fields["description"] == "=not a formula"
    assert (cap.variants[0].fields["weight_grams"], cap.variants[0].fields["barcode"]) == (
        120,
        "0012345678905",
    )
    assert book.defaults == {"kind": ProductKind.DOWNLOAD, "requires_shipping": False}
    assert lamp.is_refused()
    assert draft.state is ProductState.DRAFT
    assert scarf.variants[0].fields["sale_amount"] == 1000
    assert scarf.variants[0].fields["sale_ends_at"] == datetime(2020, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.90", "EUR", 1990),
        ("19,90", "EUR", 1990),
        ("19.900", "EUR", 1990),
        ("1200", "JPY", 1200),
        ("1.230", "BHD", 1230),
        ("0", "EUR", 0),
    ],
)
def test_prices_are_exact_in_every_currency(text: str, currency: str, amount: int) -> None:
    [record] = read(f'sku,title,price\nA,Thing,"{text}"\n', currency)
    assert record.variants[0].fields["price_amount"] == amount


@pytest.mark.parametrize("text", ["19.999", "-1", "free", "1e3", "NaN", "1" * 40, "99999999999"])
def test_what_is_no_price_is_an_error_of_its_row(text: str) -> None:
    [record] = read(f"sku,title,price\nA,Thing,{text}\n")
    assert [(note.line, note.column) for note in record.notes] == [(2, "price")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_all_spreadsheets_are_read(encoding: str, delimiter: str) -> None:
    buffer = io.StringIO()
    rows = [
        ["slug", "title", "price"],
        ["cha-hu", "紫砂茶壶，手工制作", "128.00"],
        ["bei", "白瓷杯", "36.00"],
    ]
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    records = read(buffer.getvalue().encode(encoding))
    assert [record.fields["title"] for record in records] == ["紫砂茶壶，手工制作", "白瓷杯"]


def test_western_accents_are_not_taken_for_chinese() -> None:
    data = "slug,title,price\ncafe,Café crème à la française,3.00\nuber,Über Größe,4.00\n".encode("cp1252")
    assert find_encoding(io.BytesIO(data)) == "cp1252"
    assert [record.fields["title"] for record in read(data)] == ["Café crème à la française", "Über Größe"]


def test_one_broken_letter_is_the_trouble_of_its_row_alone() -> None:
    good = "".join(f"a{number},Größe {number} 茶,1\n" for number in range(50)).encode()
    spool = spool_of(b"slug,title,price\n" + good + b"bad,Gr\xf6\xdfe,1\n")
    assert [(note.line, note.is_error) for note in spool.stray_notes()] == [(52, True)]
    assert spool.total == 50


def test_broken_rows_are_errors_and_the_rest_is_read() -> None:
    spool = spool_of(
        b"slug,title,price\n"
        b"a,A,1\n"
        b"b,B\n"
        b"c,C,1,surplus\n"
        b"d,D,1,,\n"
        b"\n"
        b",nobody,1\n" + b"e," + b"x" * (LONGEST_FIELD + 10) + b",1\n"
        b"f," + b"y" * (LONGEST_LINE + 10) + b",1\n"
        b"g,G,1\n"
        b'h,"never ends'
    )
    notes = {note.line: note.sentence for group in spool.groups(0, 50) for note in group.notes}
    notes |= {note.line: note.sentence for note in spool.stray_notes()}
    assert sorted(notes) == [3, 4, 7, 8, 9, 11]
    assert [group.rows[0].cells["slug"] for group in spool.groups(0, 50) if not group.notes] == [
        "a",
        "d",
        "g",
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"name,surname\na,b\n", b"PK\x03\x04" + bytes(400)]
)
def test_what_is_no_product_file_is_said_so(data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        spool_of(data)


@given(st.binary(max_size=400))
def test_no_bytes_at_all_crash_the_reader(data: bytes) -> None:
    stream = io.BytesIO(b"slug,title,price\n" + data)
    try:
        spool = Spool(stream)
    except UnreadableFile:
        return
    for group in spool.groups(0, 100):
        spool.format.read(group.rows, AROUND)
    spool.close()


@given(st.text())
def test_defused_cells_come_back_as_they_were(text: str) -> None:
    assert restored(defused(text)) == text
    assert defused(text)[:1] not in {*"=+-@\t\r", "\n"} - {""}


@pytest.mark.parametrize(
    "text", ["=1+1", "'=1+1", "''=x", "'quoted'", "+49 30", "-5", "@you", "\tx", "＝1", "plain", ""]
)
def test_formulas_are_defused(text: str) -> None:
    assert restored(defused(text)) == text
    assert not defused(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_names_of_categories_come_back_from_their_way(names: list[str]) -> None:
    assert split_steps(joined_steps(names)) == names


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines"),
        ("<h1>Big</h1><h3>Small</h3>text", "## Big\n\n### Small\n\ntext"),
        ("<ol><li>a</li><li>b<ul><li>c</li></ul></li></ol>", "1. a\n2. b\n    - c"),
        ("a * b _c_ [d] `e` # f", "a \\* b \\_c\\_ \\[d\\] \\`e\\` # f"),
        ("# no heading", "\\# no heading"),
        ("snake_case", "snake_case"),
        ("<script>alert(1)</script><style>p{}</style>safe", "safe"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ("<b></b>empty", "empty"),
        ("&amp;lt; &lt;b&gt;", "\\&lt; \\<b>"),
    ],
)
def test_html_of_other_shops_becomes_markdown(html: str, markdown: str) -> None:
    assert "\n".join(line.rstrip() for line in markdown_of(html).split("\n")) == markdown


@given(st.text(alphabet="ab*_#<>&[]()`~-1. \n", max_size=60))
def test_words_are_never_lost_or_run_on_the_way_through_markdown(text: str) -> None:
    shown = render_markdown(markdown_of(text.replace("&", "&amp;").replace("<", "&lt;")))
    assert "<script" not in shown


def test_a_file_that_says_little_wants_little() -> None:
    [record] = read("sku,price\nA,5\n")
    assert record.fields == {}
    assert record.variants[0].fields == {"price_amount": 500}
    assert not record.variants[0].has_stock


def test_each_kind_is_recognised_by_its_heading() -> None:
    names = {
        "shopify.csv": Source.SHOPIFY,
        "shopify_2025.csv": Source.SHOPIFY,
        "woocommerce.csv": Source.WOOCOMMERCE,
    }
    assert {name: spool_of((DATA / name).read_bytes()).format.source for name in names} == names
    assert spool_of(b"slug,price\n").format.source is Source.OWN


def test_the_reader_gives_line_numbers_of_the_file() -> None:
    rows = list(read_rows(io.BytesIO(b'slug,title\na,"two\nlines"\nb,B\n'), "utf-8"))
    assert [row.line for row in rows] == [1, 2, 4]
