"""WooCommerce's product file: simple products in one row, variable ones with a row for each variation.

Rows of variations name their parent by SKU or as ``id:44`` and may stand anywhere. The file knows no addresses, so
products are found again by SKU, or by what this shop has noted at the first import.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from storefront.catalog.service.tags import split_tags
from storefront.catalog.states import ProductKind, ProductState
from storefront.core.clock import UTC, datetime
from storefront.core.errors import N_
from storefront.importing.formats import Surroundings
from storefront.importing.formats.cells import (
    HIGHEST_STOCK,
    HIGHEST_WEIGHT,
    LONGEST_SKU,
    LONGEST_SUMMARY,
    LONGEST_TEXT,
    LONGEST_TITLE,
    LONGEST_VARIANT,
    Cells,
    SourceRow,
    is_web_address,
    known_tags,
)
from storefront.importing.records import (
    MOST_OPTIONS,
    PictureRecord,
    ProductRecord,
    Shelf,
    VariantRecord,
    key_of,
)
from storefront.importing.states import Source
from storefront.importing.tidying import markdown_of, plain_text_of

_MEANINGS = {
    "id": N_("address"),
    "type": N_("kind"),
    "sku": N_("SKU"),
    "gtin, upc, ean, or isbn": N_("barcode"),
    "name": N_("title"),
    "published": N_("state"),
    "visibility in catalog": N_("state"),
    "short description": N_("summary"),
    "description": N_("description"),
    "date sale price starts": N_("price"),
    "date sale price ends": N_("price"),
    "in stock?": N_("stock"),
    "stock": N_("stock"),
    "backorders allowed?": N_("stock"),
    "sale price": N_("price"),
    "regular price": N_("price"),
    "categories": N_("category"),
    "tags": N_("tags"),
    "images": N_("pictures"),
    "parent": N_("variant"),
    "position": N_("variant"),
}
_WEIGHT = re.compile(r"weight \((kg|g|lbs|oz)\)")
_ATTRIBUTE = re.compile(r"attribute \d+ (name|value\(s\))")
_DOWNLOAD = re.compile(r"download (\d+) url")
_GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125")}
_ESCAPED = re.compile(r"'(?=[=+\-@\t\r])")
_MOST_ATTRIBUTES = 20
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class WooCommerceFormat:
    """Reads WooCommerce's product file."""

    source = Source.WOOCOMMERCE
    also_called: Mapping[str, str] = MappingProxyType({})

    def meaning_of(self, column: str) -> str:
        """Return the word for what a column is used for; empty when it is not."""
        if _WEIGHT.fullmatch(column):
            return N_("weight")
        if _ATTRIBUTE.fullmatch(column):
            return N_("option")
        return _MEANINGS.get(column, "")

    def recognises(self, columns: list[str]) -> bool:
        """Whether it has WooCommerce's names for the price and the name."""
        return "regular price" in columns and bool({"name", "sku"} & set(columns))

    def unpack(self, cell: str) -> str:
        """WooCommerce, too, puts an apostrophe before what would be a formula."""
        return _ESCAPED.sub("", cell, count=1) if cell[:1] == "'" else cell

    def names_of(self, row: SourceRow) -> list[str]:
        """Variations belong to their parent, named by SKU or id; others are called both ways."""
        parent = row.cells.get("parent", "").strip()
        if "variation" in _types(row) and parent:
            return [parent if parent.startswith("id:") else f"sku:{parent}"]
        sku, number = row.cells.get("sku", "").strip(), row.cells.get("id", "").strip()
        return [*([f"sku:{sku}"] if sku else []), *([f"id:{number}"] if number else [])]

    def sku_of(self, row: SourceRow) -> str:
        """Return the SKU of the variant in this row; that of a variable product is none of ours."""
        return "" if "variable" in _types(row) else row.cells.get("sku", "").strip()

    def read(self, rows: list[SourceRow], around: Surroundings) -> ProductRecord:
        """Return the product with its variants and pictures."""
        head = next((row for row in rows if "variation" not in _types(row)), None)
        record = ProductRecord((head or rows[0]).line, currency=around.currency)
        if head is None:
            record.refuse(rows[0].line, "parent", N_("The product of this variation is not in the file."))
            return record
        first = Cells(head, record)
        others = [Cells(row, record) for row in rows if row is not head]
        record.key = key_of("woocommerce", self.names_of(head)[0])
        types = _types(head)
        if not types & {"simple", "variable"}:
            first.refuse(
                "type", N_("Products of the kind “%(kind)s” can't be imported."), kind=first.word("type")[:40]
            )
            return record
        _read_texts(first, record)
        _read_facts(first, others, types, record)
        record.pictures = _pictures([first, *others])
        if first.has("tags"):
            # What is a comma within a tag there separates tags here.
            names = split_tags(", ".join(_split(first.raw("tags"))))
            record.tags = known_tags(first, "tags", ((name, {}) for name in names))
        record.option_names = []
        if "variable" in types:
            others.sort(key=_position)
            record.variants = [_variant(cells, first, record, is_variation=True) for cells in others]
            record.option_names = list(
                dict.fromkeys(name for each in record.variants for name in each.fields["options"])
            )
        else:
            for cells in others:
                cells.refuse("sku", N_("Another row of this file has the same name."))
            record.variants = [_variant(first, first, record, is_variation=False)]
        return record


def _types(row: SourceRow) -> set[str]:
    return {word.strip() for word in row.cells.get("type", "simple").casefold().split(",")}


def _read_texts(cells: Cells, record: ProductRecord) -> None:
    record.fields["title"] = cells.text("name", LONGEST_TITLE)
    if not record.fields["title"]:
        cells.refuse("name", N_("A product needs a title."))
    if cells.has("description"):
        text = markdown_of(_with_lines(cells.raw("description")), is_broken_by_lines=True)
        if len(text) > LONGEST_TEXT:
            cells.refuse("description", N_("Please use at most %(max)d characters."), max=LONGEST_TEXT)
        record.fields["description"] = text
    if cells.has("short description"):
        record.fields["summary"] = plain_text_of(_with_lines(cells.raw("short description")))[
            :LONGEST_SUMMARY
        ]


def _read_facts(first: Cells, others: list[Cells], types: set[str], record: ProductRecord) -> None:
    rows = [first, *others]
    is_digital = all({"virtual", "downloadable"} & _kinds(cells) for cells in (others or rows))
    record.defaults["kind"] = ProductKind.DOWNLOAD if is_digital else ProductKind.PHYSICAL
    record.defaults["requires_shipping"] = not is_digital
    record.state = ProductState.PUBLISHED if first.word("published") == "1" else ProductState.DRAFT
    if record.state is ProductState.PUBLISHED and first.word("visibility in catalog") == "hidden":
        record.state = ProductState.DRAFT
        first.warn("visibility in catalog", N_("Hidden products become drafts."))
    if ways := _split(first.raw("categories")):
        record.shelves = [
            Shelf("", step.strip()[:LONGEST_VARIANT], {}) for step in ways[0].split(">") if step.strip()
        ]
    for cells in rows:
        for column in cells.columns():
            if _DOWNLOAD.fullmatch(column) and cells.word(column):
                cells.warn(
                    column, N_("The files that buyers get are not in a CSV file. Please upload them by hand.")
                )
                break


def _kinds(cells: Cells) -> set[str]:
    return {word.strip() for word in cells.raw("type").casefold().split(",")}


def _position(cells: Cells) -> tuple[int, int]:
    word = cells.word("position")
    return (int(word) if word.isascii() and word.isdigit() and len(word) < 9 else 0, cells.line)


def _variant(cells: Cells, parent: Cells, record: ProductRecord, *, is_variation: bool) -> VariantRecord:
    variant = VariantRecord(cells.line, cells.text("sku", LONGEST_SKU))
    options = _options(cells) if is_variation else {}
    variant.fields["options"] = options
    variant.fields["title"] = " / ".join(options.values())[:LONGEST_VARIANT]
    regular = cells.amount("regular price", record.currency)
    sale = cells.amount("sale price", record.currency)
    if regular is None and not record.is_refused():
        cells.refuse("regular price", N_("A variant needs a price."))
    _set_prices(cells, variant, regular or 0, sale)
    variant.fields["weight_grams"] = _weight(cells) or (_weight(parent) if is_variation else None)
    variant.fields["barcode"] = cells.text("gtin, upc, ean, or isbn", LONGEST_SKU)
    if cells.has("published") and is_variation:
        variant.is_archived = cells.word("published") != "1"
    variant.has_stock = cells.has("stock") or cells.has("in stock?")
    variant.stock = _stock(cells, parent)
    return variant


def _options(cells: Cells) -> dict[str, str]:
    options: dict[str, str] = {}
    for number in range(1, _MOST_ATTRIBUTES + 1):
        name = cells.text(f"attribute {number} name", LONGEST_VARIANT)
        value = cells.text(f"attribute {number} value(s)", LONGEST_VARIANT)
        if name and value and len(options) < MOST_OPTIONS:
            options[name] = value
    return options


def _set_prices(cells: Cells, variant: VariantRecord, regular: int, sale: int | None) -> None:
    """A sale with dates runs by the clock here too; without any its price is the price, with the other crossed out."""
    starts_at, ends_at = _day(cells, "date sale price starts"), _day(cells, "date sale price ends")
    starts_at = starts_at or (_LONG_AGO if ends_at else None)
    is_sale = sale is not None and sale < regular
    has_begin = is_sale and starts_at is not None
    variant.fields |= {
        "price_amount": regular if has_begin or not is_sale else sale,
        "compare_at_amount": regular if is_sale and not has_begin else None,
        "sale_amount": sale if has_begin else None,
        "sale_starts_at": starts_at if has_begin else None,
        "sale_ends_at": ends_at if has_begin else None,
    }


def _day(cells: Cells, column: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(cells.word(column))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _weight(cells: Cells) -> int | None:
    for column in cells.columns():
        if (found := _WEIGHT.fullmatch(column)) is not None:
            return cells.scaled(column, _GRAMS[found[1]], HIGHEST_WEIGHT) or None
    return None


def _stock(cells: Cells, parent: Cells) -> int | None:
    """Return how many there are: none means that they are not counted, or sold on when they are gone."""
    if cells.word("backorders allowed?") in ("1", "notify"):
        return None
    word = cells.word("stock")
    if word.casefold() == "parent":
        cells.warn(
            "stock", N_("Variants can't share one stock. Each now has the whole of it: please look at it.")
        )
        return max(parent.whole("stock", HIGHEST_STOCK) or 0, 0)
    count = cells.whole("stock", HIGHEST_STOCK)
    if count is not None:
        return max(count, 0)
    return 0 if cells.word("in stock?") == "0" else None


def _pictures(every: list[Cells]) -> list[PictureRecord]:
    found: dict[str, None] = {}
    for cells in every:
        for url in _split(cells.raw("images")):
            if is_web_address(url):
                found.setdefault(url)
            else:
                cells.warn("images", N_("This is no address of a picture."))
    return [PictureRecord(url, "") for url in found]


def _with_lines(text: str) -> str:
    """WooCommerce writes line ends as two letters."""
    return text.replace("\\r", "").replace("\\n", "\n")


def _split(cell: str) -> list[str]:
    """Return the parts of a list in a cell; a comma with a backslash before belongs to a part."""
    return [part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),", cell) if part.strip()]
