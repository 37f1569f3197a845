"""Shopify's product file, with the headings of before and after 2025.

One row a variant; only the first row of a handle says what the product is; rows without a variant bring pictures.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from storefront.catalog.service import naming
from storefront.catalog.service.tags import split_tags
from storefront.catalog.states import ProductKind, ProductState
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

_NEW_HEADINGS = {
    "url handle": "handle",
    "description": "body (html)",
    "published on online store": "published",
    "sku": "variant sku",
    "barcode": "variant barcode",
    "price": "variant price",
    "compare-at price": "variant compare at price",
    "weight value (grams)": "variant grams",
    "requires shipping": "variant requires shipping",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "product image url": "image src",
    "product category": "standard product type",
}
_MEANINGS = {
    "handle": N_("address"),
    "title": N_("title"),
    "body (html)": N_("description"),
    "type": N_("category"),
    "tags": N_("tags"),
    "standard product type": N_("category"),
    "published": N_("state"),
    "status": N_("state"),
    "variant sku": N_("SKU"),
    "variant grams": N_("weight"),
    "variant inventory tracker": N_("stock"),
    "variant inventory qty": N_("stock"),
    "variant inventory policy": N_("stock"),
    "variant price": N_("price"),
    "variant compare at price": N_("price before"),
    "cost per item": N_("cost"),
    "variant requires shipping": N_("sent by post"),
    "variant barcode": N_("barcode"),
    "image src": N_("pictures"),
    "image position": N_("pictures"),
    "image alt text": N_("pictures"),
    "gift card": N_("kind"),
    "seo description": N_("summary"),
    **{
        f"option{number} {part}": N_("option")
        for number in range(1, MOST_OPTIONS + 1)
        for part in ("name", "value")
    },
}
_NO_OPTION = ("title", "default title")


class ShopifyFormat:
    """Reads Shopify's product file."""

    source = Source.SHOPIFY
    also_called: Mapping[str, str] = MappingProxyType(_NEW_HEADINGS)

    def meaning_of(self, column: str) -> str:
        """Return the word for what a column is used for; empty when it is not."""
        return _MEANINGS.get(_NEW_HEADINGS.get(column, column), "")

    def recognises(self, columns: list[str]) -> bool:
        """Whether products have a handle and a title."""
        old = {_NEW_HEADINGS.get(column, column) for column in columns}
        return {"handle", "title"} <= old

    def unpack(self, cell: str) -> str:
        """Shopify writes cells as they are."""
        return cell

    def names_of(self, row: SourceRow) -> list[str]:
        """Rows belong together by their handle."""
        handle = row.cells.get("handle", row.cells.get("url handle", "")).strip()
        return [handle] if handle else []

    def sku_of(self, row: SourceRow) -> str:
        """Return the SKU of the variant in this row."""
        return row.cells.get("variant sku", row.cells.get("sku", "")).strip()

    def read(self, rows: list[SourceRow], around: Surroundings) -> ProductRecord:
        """Return the product with its variants and pictures."""
        rows = [_with_old_headings(row) for row in rows]
        record = ProductRecord(rows[0].line, currency=around.currency)
        every = [Cells(row, record) for row in rows]
        first = every[0]
        handle = first.word("handle")
        if naming.is_slug(handle):
            record.slug = handle
        else:
            record.key = key_of("shopify", handle)
        _read_texts(first, record)
        _read_facts(first, every, record)
        names = [_option_name(every, number) for number in range(1, MOST_OPTIONS + 1)]
        record.option_names = _ordered(names, first)
        record.variants = [_variant(cells, names, record) for cells in every if _is_variant(cells)]
        record.pictures = _pictures(every)
        if first.has("tags"):
            record.tags = known_tags(first, "tags", ((name, {}) for name in split_tags(first.raw("tags"))))
        return record


def _with_old_headings(row: SourceRow) -> SourceRow:
    if "handle" in row.cells:
        return row
    return SourceRow(
        row.line, {_NEW_HEADINGS.get(column, column): cell for column, cell in row.cells.items()}
    )


def _read_texts(cells: Cells, record: ProductRecord) -> None:
    record.fields["title"] = cells.text("title", LONGEST_TITLE)
    if not record.fields["title"]:
        cells.refuse("title", N_("A product needs a title."))
    if cells.has("body (html)"):
        text = markdown_of(cells.raw("body (html)"))
        if len(text) > LONGEST_TEXT:
            cells.refuse("body (html)", N_("Please use at most %(max)d characters."), max=LONGEST_TEXT)
        record.fields["description"] = text
    if summary := plain_text_of(cells.raw("seo description")):
        record.fields["summary"] = summary[:LONGEST_SUMMARY]


def _read_facts(first: Cells, every: list[Cells], record: ProductRecord) -> None:
    if first.word("gift card").casefold() == "true":
        first.refuse("gift card", N_("Gift cards can't be imported."))
    is_sent = any(cells.word("variant requires shipping").casefold() == "true" for cells in every)
    record.defaults["kind"] = ProductKind.PHYSICAL if is_sent else ProductKind.DOWNLOAD
    record.defaults["requires_shipping"] = is_sent
    record.state = _state(first)
    if name := first.word("type"):
        record.shelves = [Shelf("", name[:LONGEST_VARIANT], {})]
    elif way := first.word("standard product type"):
        record.shelves = [
            Shelf("", step.strip()[:LONGEST_VARIANT], {}) for step in way.split(">") if step.strip()
        ]


def _state(cells: Cells) -> ProductState | None:
    status = cells.word("status").casefold()
    if status == "archived":
        return ProductState.ARCHIVED
    if status in ("draft", "unlisted") or (cells.word("published") and not cells.yes("published")):
        return ProductState.DRAFT
    return ProductState.PUBLISHED if status == "active" or cells.word("published") else None


def _is_variant(cells: Cells) -> bool:
    return any(cells.word(column) for column in ("option1 value", "variant price", "variant sku"))


def _option_name(every: list[Cells], number: int) -> str:
    return next((name for cells in every if (name := cells.word(f"option{number} name"))), "")


def _ordered(names: list[str], first: Cells) -> list[str]:
    is_plain = (names[0].casefold(), first.word("option1 value").casefold()) == _NO_OPTION
    return [] if is_plain else [name[:LONGEST_VARIANT] for name in names if name]


def _variant(cells: Cells, names: list[str], record: ProductRecord) -> VariantRecord:
    variant = VariantRecord(cells.line, cells.text("variant sku", LONGEST_SKU))
    options = {}
    for number, name in enumerate(names, 1):
        value = cells.text(f"option{number} value", LONGEST_VARIANT)
        if name and value and (name.casefold(), value.casefold()) != _NO_OPTION:
            options[name[:LONGEST_VARIANT]] = value
    variant.fields["options"] = options
    variant.fields["title"] = " / ".join(options.values())[:LONGEST_VARIANT]
    amount = cells.amount("variant price", record.currency)
    if amount is None and not record.is_refused():
        cells.refuse("variant price", N_("A variant needs a price."))
    variant.fields["price_amount"] = amount or 0
    before = cells.amount("variant compare at price", record.currency)
    if before is not None and before <= (amount or 0):
        if before:
            cells.warn(
                "variant compare at price", N_("The price before is not above the price and is left out.")
            )
        before = None
    variant.fields["compare_at_amount"] = before
    if cells.has("cost per item"):
        variant.fields["cost_amount"] = cells.amount("cost per item", record.currency)
    variant.fields["weight_grams"] = cells.scaled("variant grams", Decimal(1), HIGHEST_WEIGHT) or None
    variant.fields["barcode"] = cells.text("variant barcode", LONGEST_SKU).lstrip("'")
    variant.has_stock = cells.has("variant inventory qty")
    variant.stock = _stock(cells)
    return variant


def _stock(cells: Cells) -> int | None:
    """Return how many there are: none means that Shopify does not count them or sells on when they are gone."""
    count = cells.whole("variant inventory qty", HIGHEST_STOCK)
    if not cells.word("variant inventory tracker"):
        return None
    if cells.word("variant inventory policy").casefold() in ("continue", "true"):
        return None
    return max(count or 0, 0)


def _pictures(every: list[Cells]) -> list[PictureRecord]:
    found: dict[str, tuple[int, str]] = {}
    for number, cells in enumerate(every):
        url = cells.word("image src")
        if not url or url in found:
            continue
        if not is_web_address(url):
            cells.warn("image src", N_("This is no address of a picture."))
            continue
        place = cells.word("image position")
        position = int(place) if place.isascii() and place.isdigit() and len(place) < 6 else number + 1
        found[url] = (position, cells.word("image alt text")[:300])
    return [PictureRecord(url, alt) for url, (_, alt) in sorted(found.items(), key=lambda each: each[1][0])]
