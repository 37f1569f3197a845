"""The catalogue as a CSV file that this shop, or another like it, can read back; see ``formats.own``.

One row a variant; what is said of the product stands in its first row. The bytes depend on nothing but what they
say, so that an import into an empty shop and another export give the same bytes.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from storefront.catalog.models import Category, Product, Variant
from storefront.catalog.queries import list_categories
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.importing.defusing import defused
from storefront.importing.formats.own import COLUMNS, OTHER_LANGUAGES, PRODUCT_TEXTS, joined_steps
from storefront.importing.records import MOST_OPTIONS

_AT_ONCE = 500
# Excel takes a file without it for one in the machine's own encoding.
_BOM = "\ufeff"

_PRODUCTS = select(
    Product.id,
    Product.slug,
    Product.title,
    Product.summary,
    Product.description,
    Product.translations,
    Product.kind,
    Product.state,
    Product.published_at,
    Product.requires_shipping,
    Product.category_id,
).order_by(Product.id)
_VARIANTS = select(
    Variant.product_id,
    Variant.sku,
    Variant.title,
    Variant.translations,
    Variant.options,
    Variant.currency,
    Variant.price_amount,
    Variant.compare_at_amount,
    Variant.stock,
    Variant.weight_grams,
    Variant.barcode,
    Variant.archived_at,
).order_by(Variant.product_id, Variant.position, Variant.id)


def export_products() -> Iterator[bytes]:
    """Yield the file piece by piece; never more than some hundred products are held."""
    yield (_BOM + _line(dict(zip(COLUMNS, COLUMNS, strict=True)))).encode()
    ways = _ways()
    last = 0
    while products := db.session().execute(_PRODUCTS.where(Product.id > last).limit(_AT_ONCE)).all():
        last = products[-1].id
        variants: dict[int, list[Any]] = {product.id: [] for product in products}
        for variant in db.session().execute(_VARIANTS.where(Variant.product_id.in_(variants))):
            variants[variant.product_id].append(variant)
        db.close_reader()
        yield "".join(
            _line(cells) for product in products for cells in _rows(product, variants[product.id], ways)
        ).encode()


def _rows(product: Any, variants: list[Any], ways: dict[int, dict[str, str]]) -> Iterator[dict[str, str]]:
    about = _about(product) | ways.get(product.category_id, {})
    for variant in variants:
        yield {"slug": product.slug} | about | _offer(variant)
        about = {}


def _about(product: Any) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name in PRODUCT_TEXTS:
        cells |= _spoken(name, getattr(product, name), product.translations, name)
    return cells | {
        "kind": product.kind.value,
        "state": product.state.value,
        "published_at": _moment(product.published_at),
        "requires_shipping": _yes(product.requires_shipping),
    }


def _offer(variant: Any) -> dict[str, str]:
    cells = {"sku": variant.sku, **_spoken("variant", variant.title, variant.translations, "title")}
    for number, (name, value) in enumerate(list(variant.options.items())[:MOST_OPTIONS], 1):
        cells |= {f"option{number}_name": name, f"option{number}_value": value}
    return cells | {
        "currency": variant.currency,
        "price": _amount(variant.price_amount, variant.currency),
        "compare_at": _amount(variant.compare_at_amount, variant.currency),
        "stock": _number(variant.stock),
        "weight_grams": _number(variant.weight_grams),
        "barcode": variant.barcode,
        "archived": "yes" if variant.archived_at else "",
    }


def _ways() -> dict[int, dict[str, str]]:
    """Return the cells of each category: the way to it by addresses and by names."""
    categories = {category.id: category for category in list_categories()}
    ways = {}
    for category in categories.values():
        way = _way_to(category, categories)
        cells = {
            "category": "/".join(step.slug for step in way),
            "category_name": joined_steps([step.name for step in way]),
        }
        for language in OTHER_LANGUAGES:
            names = [(step.translations or {}).get(language, {}).get("name", "") for step in way]
            cells[f"category_name_{language}"] = joined_steps(names) if any(names) else ""
        ways[category.id] = cells
    return ways


def _way_to(category: Category, categories: dict[int, Category]) -> list[Category]:
    way = [category]
    while way[0].parent_id is not None:
        way.insert(0, categories[way[0].parent_id])
    return way


def _spoken(
    column: str, text: str, translations: dict[str, dict[str, str]] | None, name: str
) -> dict[str, str]:
    translated = {
        f"{column}_{language}": (translations or {}).get(language, {}).get(name, "")
        for language in OTHER_LANGUAGES
    }
    return {column: text, **translated}


def _amount(amount: int | None, currency: str) -> str:
    return "" if amount is None else f"{Money(amount, currency).decimal:f}"


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _line(cells: dict[str, str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([defused(cells.get(column, "")) for column in COLUMNS])
    return buffer.getvalue()
