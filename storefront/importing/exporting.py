"""The catalogue as a CSV file that this shop, or another like it, can read back; see ``formats.own``.

One row a variant; what is said of the product stands in its first row. The bytes depend on nothing but what they
say, so that an import into an empty shop and another export give the same bytes.
"""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from storefront.catalog.choosing import option_names
from storefront.catalog.models import Category, Product, Variant, VariantPrice
from storefront.catalog.queries import list_categories
from storefront.catalog.service.tags import tags_of
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.importing.defusing import defused
from storefront.importing.formats.own import (
    COLUMNS,
    OPTION_WORDS,
    OTHER_LANGUAGES,
    PRODUCT_TEXTS,
    joined_steps,
)
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
    Product.option_names,
    Product.specifications,
).order_by(Product.id)
_VARIANTS = select(
    Variant.id,
    Variant.product_id,
    Variant.sku,
    Variant.title,
    Variant.translations,
    Variant.options,
    Variant.currency,
    Variant.price_amount,
    Variant.compare_at_amount,
    Variant.sale_amount,
    Variant.sale_starts_at,
    Variant.sale_ends_at,
    Variant.pays_what_they_want,
    Variant.suggested_amount,
    Variant.cost_amount,
    Variant.stock,
    Variant.low_stock,
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
        prices, tags = _other_prices(list(variants)), _tags(list(variants))
        db.close_reader()
        yield "".join(
            _line(cells)
            for product in products
            for cells in _rows(
                product,
                variants[product.id],
                ways.get(product.category_id, {}) | tags.get(product.id, {}),
                prices,
            )
        ).encode()


def _other_prices(product_ids: list[int]) -> dict[int, str]:
    """Return the cell of prices in other currencies, by variant."""
    statement = (
        select(VariantPrice.variant_id, VariantPrice.currency, VariantPrice.amount)
        .join(Variant, Variant.id == VariantPrice.variant_id)
        .where(Variant.product_id.in_(product_ids))
        .order_by(VariantPrice.variant_id, VariantPrice.currency)
    )
    found: dict[int, list[str]] = {}
    for variant_id, currency, amount in db.session().execute(statement):
        found.setdefault(variant_id, []).append(f"{currency} {_amount(amount, currency)}")
    return {variant_id: "; ".join(parts) for variant_id, parts in found.items()}


def _tags(product_ids: list[int]) -> dict[int, dict[str, str]]:
    """Return the cells of the tags, by product; no tag has a comma in it."""
    found = {}
    for product_id, tags in tags_of(product_ids).items():
        cells = {"tags": ", ".join(tag.name for tag in tags)}
        for language in OTHER_LANGUAGES:
            names = [(tag.translations or {}).get(language, {}).get("name", "") for tag in tags]
            cells[f"tags_{language}"] = ", ".join(names) if any(names) else ""
        found[product_id] = cells
    return found


def _rows(
    product: Any, variants: list[Any], where: dict[str, str], prices: dict[int, str]
) -> Iterator[dict[str, str]]:
    names = option_names(product.option_names, [variant.options for variant in variants])[:MOST_OPTIONS]
    about = _about(product, names) | where
    for variant in variants:
        options = _options(variant.options, names, product.translations or {})
        other = {"other_prices": prices.get(variant.id, "")}
        yield {"slug": product.slug} | about | _offer(variant) | options | other
        about = {}


def _about(product: Any, names: list[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name in PRODUCT_TEXTS:
        cells |= _spoken(name, getattr(product, name), product.translations, name)
    for number, name in enumerate(names):
        cells |= _spoken(f"option{number + 1}_name", name, product.translations, OPTION_WORDS[number])
    if product.specifications:
        cells["specifications"] = json.dumps(product.specifications, ensure_ascii=False, sort_keys=True)
    return cells | {
        "kind": product.kind.value,
        "state": product.state.value,
        "published_at": _moment(product.published_at),
        "requires_shipping": _yes(product.requires_shipping),
    }


def _options(
    options: dict[str, str], names: list[str], translations: dict[str, dict[str, str]]
) -> dict[str, str]:
    cells: dict[str, str] = {}
    for number, name in enumerate(names, 1):
        if name in options:
            value = options[name]
            cells[f"option{number}_name"] = name
            cells |= _spoken(f"option{number}_value", value, translations, f"value:{value}")
    return cells


def _offer(variant: Any) -> dict[str, str]:
    def amount(minor: int | None) -> str:
        return _amount(minor, variant.currency)

    return {
        "sku": variant.sku,
        **_spoken("variant", variant.title, variant.translations, "title"),
        "currency": variant.currency,
        "price": amount(variant.price_amount),
        "compare_at": amount(variant.compare_at_amount),
        "sale_price": amount(variant.sale_amount),
        "sale_starts_at": _moment(variant.sale_starts_at),
        "sale_ends_at": _moment(variant.sale_ends_at),
        "pay_what_they_want": "yes" if variant.pays_what_they_want else "",
        "suggested_price": amount(variant.suggested_amount),
        "cost": amount(variant.cost_amount),
        "stock": _number(variant.stock),
        "low_stock": _number(variant.low_stock),
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
