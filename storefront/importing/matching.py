"""Which product of ours a product of a file is, for a whole batch with a handful of statements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import OldSlug, Product, Variant
from storefront.catalog.service.tags import tags_of
from storefront.core import db
from storefront.core.errors import N_
from storefront.importing.models import ImportKey, PictureWish
from storefront.importing.records import ProductRecord

_AT_ONCE = 1000


@dataclass(slots=True)
class Known:
    """What the shop knows already of the products of a batch."""

    products: list[Product | None]
    sku_owners: dict[str, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    urls: dict[int, set[str]] = field(default_factory=dict)
    tags: dict[int, set[str]] = field(default_factory=dict)


def look_up(records: list[ProductRecord], *, locking: bool = False) -> Known:
    """Return the product of each record, by key, address or SKU, and what else is needed to compare them.

    With ``locking`` nobody else changes these products until the end of the unit.
    """
    keys = _map(
        select(ImportKey.key, ImportKey.product_id), ImportKey.key, (record.key for record in records)
    )
    slugs = _by_slug(record.slug for record in records)
    skus = _map(
        select(Variant.sku, Variant.product_id),
        Variant.sku,
        (variant.sku for record in records for variant in record.variants),
    )
    ids = [_id_of(record, keys, slugs, skus) for record in records]
    _refuse_doubles(records, ids)
    products = _load(sorted({each for each in ids if each}), locking=locking)
    urls, tags = _urls(list(products)), _tags(list(products))
    return Known([products.get(each or 0) for each in ids], skus, set(keys), urls, tags)


def _id_of(
    record: ProductRecord, keys: dict[str, int], slugs: dict[str, int], skus: dict[str, int]
) -> int | None:
    found = keys.get(record.key) or slugs.get(record.slug)
    if found:
        return found
    owners = {skus[variant.sku] for variant in record.variants if variant.sku in skus}
    if len(owners) > 1:
        record.refuse(record.line, "SKU", N_("These SKUs belong to several products of the shop."))
        return None
    return next(iter(owners), None)


def _refuse_doubles(records: list[ProductRecord], ids: list[int | None]) -> None:
    seen: set[int] = set()
    for record, found in zip(records, ids, strict=True):
        if found in seen:
            record.refuse(record.line, "", N_("Another row of this file means the same product of the shop."))
        elif found:
            seen.add(found)


def _by_slug(slugs: Iterable[str]) -> dict[str, int]:
    wanted = list(slugs)
    had = _map(select(OldSlug.slug, OldSlug.product_id), OldSlug.slug, wanted)
    return had | _map(select(Product.slug, Product.id), Product.slug, wanted)


def _load(ids: list[int], *, locking: bool) -> dict[int, Product]:
    """Variants are locked before products and all in the order of their ids, as a checkout does it."""
    session = db.session()
    products: dict[int, Product] = {}
    offers = selectinload(Product.variants).selectinload(Variant.other_prices)
    for some in _pieces(ids):
        wanted = select(Product).where(Product.id.in_(some)).order_by(Product.id)
        if locking:
            variants = select(Variant).where(Variant.product_id.in_(some)).order_by(Variant.id)
            session.scalars(_locked(variants)).all()
            wanted = _locked(wanted)
        for product in session.scalars(wanted.options(offers)):
            products[product.id] = product
    return products


def _locked(statement: Any) -> Any:
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


def _urls(ids: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for some in _pieces(ids):
        statement = select(PictureWish.product_id, PictureWish.url).where(PictureWish.product_id.in_(some))
        for product_id, url in db.session().execute(statement):
            found.setdefault(product_id, set()).add(url)
    return found


def _tags(ids: list[int]) -> dict[int, set[str]]:
    """Return the keys of the tags that the products have."""
    found: dict[int, set[str]] = {}
    for some in _pieces(ids):
        for product_id, tags in tags_of(some).items():
            found[product_id] = {tag.key for tag in tags}
    return found


def _map(statement: Any, column: Any, values: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _pieces(sorted({value for value in values if value})):
        found.update(
            (name, number) for name, number in db.session().execute(statement.where(column.in_(some)))
        )
    return found


def _pieces(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
