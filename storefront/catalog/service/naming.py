"""Addresses and stock keeping names: readable, unique, made from titles in any script."""

import re
import secrets
from collections.abc import Callable

from slugify import slugify
from sqlalchemy import Select, select

from storefront.catalog.models import (
    Category,
    Collection,
    OldCollectionSlug,
    OldSlug,
    OldTagSlug,
    Product,
    Tag,
    Variant,
)
from storefront.core import db
from storefront.core.ids import READABLE_LETTERS, new_public_id

LONGEST_SLUG = 80
# Words that stand at the same place in our own addresses.
_RESERVED = frozenset({"new", "preview"})
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")


def slug_of(title: str) -> str:
    """Return the title as part of an address: ``Two Inks`` is ``two-inks``, ``安静`` is ``an-jing``."""
    if _HAN.search(title):
        # Its dictionary takes 40 MB, which only a process that spells Chinese needs to hold.
        from pypinyin import lazy_pinyin
    spelled = _HAN.sub(lambda run: f" {' '.join(lazy_pinyin(run.group()))} ", title)
    return str(slugify(spelled, max_length=LONGEST_SLUG, word_boundary=True))


def is_slug(text: str) -> bool:
    """Whether the text may stand in an address as it is."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None and text not in _RESERVED


def free_product_slug(title: str) -> str:
    """Return an address for a new product that no product has or had."""
    return _free(slug_of(title) or "product", lambda slug: is_slug_taken(slug))


def free_category_slug(name: str) -> str:
    """Return an address for a new category that no other has."""
    return _free(slug_of(name) or "category", _is_category_slug_taken)


def free_collection_slug(title: str) -> str:
    """Return an address for a new collection that no other has or had."""
    return _free(slug_of(title) or "collection", _is_collection_slug_taken)


def free_tag_slug(name: str) -> str:
    """Return an address for a new tag that no tag has or had."""
    return _free(slug_of(name) or "tag", _is_tag_slug_taken)


def is_slug_taken(slug: str, product_id: int | None = None) -> bool:
    """Whether a product other than this one has or had the address."""
    has = select(Product.id).where(Product.slug == slug, Product.id != (product_id or 0))
    had = select(OldSlug.product_id).where(OldSlug.slug == slug, OldSlug.product_id != (product_id or 0))
    return _exists(has) or _exists(had)


def free_sku(slug: str, taken: set[str]) -> str:
    """Return a stock keeping name such as ``TWO-INKS-M4QX`` that nobody has; ``taken`` were given out now."""
    stem = slug[:24].strip("-").upper()
    while True:
        sku = f"{stem}-{_letters(4)}"
        if sku not in taken and not is_sku_taken(sku):
            return sku


def is_sku_taken(sku: str, variant_id: int | None = None) -> bool:
    """Whether a variant other than this one has the stock keeping name."""
    return _exists(select(Variant.id).where(Variant.sku == sku, Variant.id != (variant_id or 0)))


def _free(stem: str, is_taken: Callable[[str], bool]) -> str:
    """Count up for a while; a shop with so many equal titles gets random letters."""
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, 30))]
    found = next((slug for slug in candidates if slug not in _RESERVED and not is_taken(slug)), None)
    return found or f"{stem}-{slugify(new_public_id())}"


def _is_category_slug_taken(slug: str) -> bool:
    return _exists(select(Category.id).where(Category.slug == slug))


def _is_collection_slug_taken(slug: str) -> bool:
    return _exists(select(Collection.id).where(Collection.slug == slug)) or _exists(
        select(OldCollectionSlug.collection_id).where(OldCollectionSlug.slug == slug)
    )


def _is_tag_slug_taken(slug: str) -> bool:
    return _exists(select(Tag.id).where(Tag.slug == slug)) or _exists(
        select(OldTagSlug.tag_id).where(OldTagSlug.slug == slug)
    )


def _exists(statement: Select[int]) -> bool:
    """Ask without writing down first what is half changed."""
    with db.session().no_autoflush:
        return db.session().scalar(statement) is not None


def _letters(count: int) -> str:
    return "".join(secrets.choice(READABLE_LETTERS) for _ in range(count))
