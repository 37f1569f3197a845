"""Our own kind of file: what ``exporting`` writes. Any of its columns may be missing; then nothing changes there.

The first row of a product says what the product is, each row says one variant.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from storefront.catalog.service import naming
from storefront.catalog.service.tags import TAG_SEPARATOR
from storefront.catalog.states import ProductKind, ProductState
from storefront.core.errors import N_
from storefront.core.settings import LANGUAGES
from storefront.importing.defusing import restored
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
    TagRecord,
    VariantRecord,
)
from storefront.importing.states import Source

OTHER_LANGUAGES = tuple(language for language in LANGUAGES if language != "en")
PRODUCT_TEXTS = {"title": LONGEST_TITLE, "summary": LONGEST_SUMMARY, "description": LONGEST_TEXT}
CATEGORY_STEP = " > "
# How a product's translations call the names of its options.
OPTION_WORDS = ("option", "option2", "option3")

# What each column means, as the owner is shown it.
_MEANINGS = {
    "slug": N_("address"),
    "title": N_("title"),
    "summary": N_("summary"),
    "description": N_("description"),
    "kind": N_("kind"),
    "state": N_("state"),
    "published_at": N_("published since"),
    "requires_shipping": N_("sent by post"),
    "category": N_("category"),
    "category_name": N_("category"),
    "tags": N_("tags"),
    "sku": N_("SKU"),
    "variant": N_("variant"),
    "currency": N_("currency"),
    "price": N_("price"),
    "compare_at": N_("price before"),
    "sale_price": N_("sale"),
    "sale_starts_at": N_("sale"),
    "sale_ends_at": N_("sale"),
    "pay_what_they_want": N_("Pay what you want"),
    "suggested_price": N_("Pay what you want"),
    "other_prices": N_("price"),
    "cost": N_("cost"),
    "stock": N_("stock"),
    "low_stock": N_("stock"),
    "specifications": N_("Specifications"),
    "weight_grams": N_("weight"),
    "barcode": N_("barcode"),
    "archived": N_("archived"),
    "images": N_("pictures"),
}


def _columns() -> tuple[str, ...]:
    def spoken(*names: str) -> list[str]:
        return [
            column for name in names for column in (name, *(f"{name}_{each}" for each in OTHER_LANGUAGES))
        ]

    options = [
        f"option{number}_{part}" for number in range(1, MOST_OPTIONS + 1) for part in ("name", "value")
    ]
    return (
        "slug",
        *spoken(*PRODUCT_TEXTS),
        "specifications",
        *("kind", "state", "published_at", "requires_shipping", "category"),
        *spoken("category_name", "tags"),
        "sku",
        *spoken("variant"),
        *options,
        *("currency", "price", "compare_at", "sale_price", "sale_starts_at", "sale_ends_at"),
        *("pay_what_they_want", "suggested_price", "other_prices", "cost"),
        *("stock", "low_stock", "weight_grams", "barcode", "archived"),
    )


COLUMNS = _columns()


class OwnFormat:
    """Reads what ``exporting`` writes."""

    source = Source.OWN
    also_called: Mapping[str, str] = MappingProxyType({})

    def meaning_of(self, column: str) -> str:
        """Return the word for what a column is used for; empty when it is not."""
        if column in COLUMNS and column.startswith("option"):
            return N_("option")
        for language in OTHER_LANGUAGES:
            if column in COLUMNS:
                column = column.removesuffix(f"_{language}")
        return _MEANINGS.get(column, "")

    def recognises(self, columns: list[str]) -> bool:
        """Whether it names products by address or SKU and something of ours about them."""
        known = {column for column in columns if self.meaning_of(column)}
        return bool(known & {"slug", "sku"}) and len(known) >= 2

    def unpack(self, cell: str) -> str:
        """Return a cell as it was before the export."""
        return restored(cell)

    def names_of(self, row: SourceRow) -> list[str]:
        """Rows belong together by address; without one each SKU stands for itself."""
        slug = row.cells.get("slug", "").strip()
        sku = row.cells.get("sku", "").strip()
        return [f"slug:{slug}"] if slug else [f"sku:{sku}"] if sku else []

    def sku_of(self, row: SourceRow) -> str:
        """Return the SKU of the variant in this row."""
        return row.cells.get("sku", "").strip()

    def read(self, rows: list[SourceRow], around: Surroundings) -> ProductRecord:
        """Return the product; a cell that is empty empties what it stands for."""
        record = ProductRecord(rows[0].line, is_exact=True)
        first = Cells(rows[0], record)
        record.slug = first.word("slug")
        if record.slug and not naming.is_slug(record.slug):
            first.refuse("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
        _read_texts(first, record)
        _read_facts(first, record)
        if first.has("category"):
            record.shelves = _shelves(first)
        if first.has("tags"):
            record.tags = _read_tags(first)
        record.currency = first.word("currency").upper() or around.currency
        if first.has("images"):
            urls = dict.fromkeys(first.raw("images").split())
            record.pictures = [PictureRecord(url, "") for url in urls if is_web_address(url)]
        if first.has("option1_name"):
            _read_options(first, record)
        record.variants = [_variant(Cells(row, record), record) for row in rows]
        return record


def split_steps(text: str) -> list[str]:
    """Return the names of a way such as ``Books > Fiction``; a sign that belongs to a name has a backslash before."""
    steps = [""]
    place = 0
    while place < len(text):
        if text[place] == "\\" and place + 1 < len(text):
            steps[-1] += text[place + 1]
            place += 2
        elif text.startswith(CATEGORY_STEP, place):
            steps.append("")
            place += len(CATEGORY_STEP)
        else:
            steps[-1] += text[place]
            place += 1
    return steps


def joined_steps(names: list[str]) -> str:
    """Return the way that ``split_steps`` reads."""
    return CATEGORY_STEP.join(name.replace("\\", "\\\\").replace(">", "\\>") for name in names)


def _read_texts(cells: Cells, record: ProductRecord) -> None:
    for name, most in PRODUCT_TEXTS.items():
        if cells.has(name):
            record.fields[name] = cells.text(name, most, exact=True)
        for language in OTHER_LANGUAGES:
            if cells.has(f"{name}_{language}"):
                text = cells.text(f"{name}_{language}", most, exact=True)
                record.translations.setdefault(language, {})[name] = text
    if cells.has("specifications"):
        record.fields["specifications"] = _read_specifications(cells)
    if "title" in record.fields and not record.fields["title"].strip():
        cells.refuse("title", N_("A product needs a title."))


def _read_options(cells: Cells, record: ProductRecord) -> None:
    names = [cells.raw(f"option{number}_name") for number in range(1, MOST_OPTIONS + 1)]
    record.option_names = [name for name in names if name]
    for language in OTHER_LANGUAGES:
        for number, word in enumerate(OPTION_WORDS, 1):
            if cells.has(column := f"option{number}_name_{language}"):
                text = cells.text(column, LONGEST_VARIANT, exact=True)
                record.translations.setdefault(language, {})[word] = text


def _read_specifications(cells: Cells) -> list[dict[str, Any]] | None:
    text = cells.word("specifications")
    if not text:
        return None
    try:
        rows = json.loads(text)
        sound = isinstance(rows, list) and all(
            isinstance(row, dict)
            and isinstance(row.get("name"), str)
            and isinstance(row.get("value"), str)
            and isinstance(row.get("translations", {}), dict)
            for row in rows
        )
    except (ValueError, RecursionError):
        sound = False
    if not sound or "\\u0000" in text:
        cells.refuse(
            "specifications", N_('This must be a list such as [{"name": "Paper", "value": "120 g"}].')
        )
        return None
    return [{"translations": {}, **row} for row in rows]


def _read_facts(cells: Cells, record: ProductRecord) -> None:
    if cells.word("kind"):
        try:
            record.fields["kind"] = ProductKind(cells.word("kind"))
        except ValueError:
            cells.refuse("kind", N_("This must be one of: %(words)s."), words=", ".join(ProductKind))
    if cells.word("state"):
        try:
            record.state = ProductState(cells.word("state"))
        except ValueError:
            cells.refuse("state", N_("This must be one of: %(words)s."), words=", ".join(ProductState))
    if cells.has("published_at"):
        record.fields["published_at"] = cells.moment("published_at")
        if record.state is ProductState.PUBLISHED and not cells.word("published_at"):
            record.fields.pop("published_at")
    if cells.has("requires_shipping"):
        record.fields["requires_shipping"] = cells.yes("requires_shipping")
    elif "kind" in record.fields:
        record.defaults["requires_shipping"] = record.fields["kind"] is ProductKind.PHYSICAL


def _shelves(cells: Cells) -> list[Shelf]:
    way = cells.word("category")
    if not way:
        return []
    slugs = way.split("/")
    if not all(naming.is_slug(slug) for slug in slugs):
        cells.refuse("category", N_("Use small letters, digits and single dashes, such as two-inks."))
        return []
    named = {language: _names(cells, f"category_name_{language}", len(slugs)) for language in OTHER_LANGUAGES}
    names = _names(cells, "category_name", len(slugs))
    return [
        Shelf(
            slug,
            names[place] or slug,
            {language: {"name": each[place]} for language, each in named.items() if each[place]},
        )
        for place, slug in enumerate(slugs)
    ]


def _names(cells: Cells, column: str, count: int) -> list[str]:
    text = cells.raw(column)
    names = split_steps(text) if text else []
    if names and len(names) != count:
        cells.refuse(
            column,
            N_("This names %(names)s categories, but the way has %(steps)s."),
            names=len(names),
            steps=count,
        )
        names = []
    if any(len(name) > LONGEST_VARIANT for name in names):
        cells.refuse(column, N_("Please use at most %(max)d characters."), max=LONGEST_VARIANT)
        names = []
    return names or [""] * count


def _read_tags(cells: Cells) -> list[TagRecord]:
    """Names and, in the same order, what they are called in other languages."""
    names = _listed(cells.word("tags"))
    words: list[dict[str, dict[str, str]]] = [{} for _ in names]
    for language in OTHER_LANGUAGES:
        translated = _listed(cells.word(f"tags_{language}"))
        if translated and len(translated) != len(names):
            cells.refuse(
                f"tags_{language}",
                N_("This names %(names)s tags, but there are %(tags)s."),
                names=len(translated),
                tags=len(names),
            )
            continue
        for each, text in zip(words, translated, strict=False):
            if text:
                each[language] = {"name": text}
    return known_tags(cells, "tags", zip(names, words, strict=True))


def _listed(text: str) -> list[str]:
    return [" ".join(part.split()) for part in TAG_SEPARATOR.split(text)] if text else []


def _variant(cells: Cells, record: ProductRecord) -> VariantRecord:
    variant = VariantRecord(cells.line, cells.text("sku", LONGEST_SKU))
    if cells.has("variant"):
        variant.fields["title"] = cells.text("variant", LONGEST_VARIANT, exact=True)
    for language in OTHER_LANGUAGES:
        if cells.has(f"variant_{language}"):
            text = cells.text(f"variant_{language}", LONGEST_VARIANT, exact=True)
            variant.translations.setdefault(language, {})["title"] = text
    if cells.has("option1_name"):
        variant.fields["options"] = _options(cells)
        _read_values(cells, record)
    currency = cells.word("currency").upper() or record.currency
    if currency != record.currency:
        cells.refuse("currency", N_("All variants of a product have the same currency."))
    amount = cells.amount("price", record.currency)
    if amount is not None:
        variant.fields["price_amount"] = amount
    if cells.has("compare_at"):
        variant.fields["compare_at_amount"] = cells.amount("compare_at", record.currency)
    _read_offers(cells, variant, record.currency)
    if cells.has("stock"):
        variant.has_stock = True
        variant.stock = _not_negative(cells, "stock", HIGHEST_STOCK)
    if cells.has("weight_grams"):
        variant.fields["weight_grams"] = _not_negative(cells, "weight_grams", HIGHEST_WEIGHT)
    if cells.has("barcode"):
        variant.fields["barcode"] = cells.text("barcode", LONGEST_SKU, exact=True)
    if cells.has("archived"):
        variant.is_archived = cells.yes("archived")
    return variant


def _read_offers(cells: Cells, variant: VariantRecord, currency: str) -> None:
    """The sale, paying what one wants, prices elsewhere, and what it costs the shop."""
    for column, name in (
        ("sale_price", "sale_amount"),
        ("suggested_price", "suggested_amount"),
        ("cost", "cost_amount"),
    ):
        if cells.has(column):
            variant.fields[name] = cells.amount(column, currency)
    for column in ("sale_starts_at", "sale_ends_at"):
        if cells.has(column):
            variant.fields[column] = cells.moment(column)
    if cells.has("pay_what_they_want"):
        variant.fields["pays_what_they_want"] = cells.yes("pay_what_they_want")
    if cells.has("low_stock"):
        variant.fields["low_stock"] = _not_negative(cells, "low_stock", HIGHEST_STOCK)
    if cells.has("other_prices"):
        variant.other_prices = cells.prices("other_prices")


def _read_values(cells: Cells, record: ProductRecord) -> None:
    """A value is translated once for the product, wherever it stands."""
    for number in range(1, MOST_OPTIONS + 1):
        for language in OTHER_LANGUAGES:
            text = cells.text(f"option{number}_value_{language}", LONGEST_VARIANT, exact=True)
            if text and (value := cells.raw(f"option{number}_value")):
                record.translations.setdefault(language, {})[f"value:{value}"] = text


def _options(cells: Cells) -> dict[str, str]:
    options = {}
    for number in range(1, MOST_OPTIONS + 1):
        name, value = cells.raw(f"option{number}_name"), cells.raw(f"option{number}_value")
        if name:
            options[name] = value
    return options


def _not_negative(cells: Cells, column: str, highest: int) -> int | None:
    number = cells.whole(column, highest)
    if number is not None and number < 0:
        cells.refuse(column, N_("This can't be less than nothing."))
        return None
    return number
