"""The sitemap: an index, a part for the pages, and parts of products by ranges of their ids.

Each part holds at most ``PRODUCTS_PER_PART`` products in each language, which keeps it below the 50,000 addresses and
50 MiB of the protocol (sitemaps.org). A range of ids is found without counting what lies before it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import TextualSelect, bindparam, func, select
from sqlalchemy import text as text_of_sql

from storefront.catalog.models import Category, Collection, Product
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.db import UtcDateTime
from storefront.core.settings import LANGUAGES
from storefront.found.xml import text

PRODUCTS_PER_PART = 20_000

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_BATCH = 1000


class Part(NamedTuple):
    """A part of products, and when something in it last changed."""

    number: int
    changed_at: datetime


def list_parts() -> list[Part]:
    """Return the parts that hold something (one look into an index for each, with as many rows as a part has)."""
    last = db.session().scalar(select(func.max(Product.id))) or 0
    parts = [find_part(number) for number in range(last // PRODUCTS_PER_PART + 1)]
    return [part for part in parts if part is not None]


def find_part(number: int) -> Part | None:
    """Return the part, unless nothing is in it that may be seen."""
    changed_at = db.session().execute(_last_change(), _range(number)).scalar_one()
    return None if changed_at is None else Part(number, changed_at)


def _last_change() -> TextualSelect:
    """SQLite would rather open every row than read the index that has all of it, unless it is told to."""
    by_index = "INDEXED BY ix_product_found" if db.is_sqlite() else ""
    statement = text_of_sql(_LAST_CHANGE.format(by_index=by_index))
    return statement.bindparams(bindparam("now", type_=UtcDateTime())).columns(changed_at=UtcDateTime())


def write_index(base_url: str, parts: list[Part]) -> Iterator[str]:
    """Yield the index of all parts."""
    yield f"{_HEAD}<sitemapindex {_SPACES}>\n"
    yield f"<sitemap><loc>{text(base_url)}/sitemap-pages.xml</loc></sitemap>\n"
    for part in parts:
        address = f"{text(base_url)}/sitemap-products-{part.number}.xml"
        yield f"<sitemap><loc>{address}</loc><lastmod>{_moment(part.changed_at)}</lastmod></sitemap>\n"
    yield "</sitemapindex>\n"


def write_pages(base_url: str) -> Iterator[str]:
    """Yield the part with home, list, categories and collections."""
    yield _begin()
    for tail in ("/", "/products", *_category_tails(), *_collection_tails()):
        yield _in_all_languages(base_url, tail)
    yield "</urlset>\n"


def write_products(base_url: str, number: int) -> Iterator[str]:
    """Yield a part of products, some thousand at a time. No connection is held while a slow reader takes it."""
    yield _begin()
    values = _range(number)
    while True:
        rows = db.session().execute(_PRODUCTS, values).all()
        db.close_reader()
        for row in rows:
            changed_at = max(row.updated_at, row.published_at)
            yield _in_all_languages(base_url, f"/products/{row.slug}", changed_at)
        if len(rows) < _BATCH:
            break
        values["first"] = rows[-1].id + 1
    yield "</urlset>\n"


def _begin() -> str:
    return f'{_HEAD}<urlset {_SPACES} xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'


def _in_all_languages(base_url: str, tail: str, changed_at: datetime | None = None) -> str:
    """Return an entry for each language; each names all of them, itself too, as search engines want it."""
    base, tail = text(base_url), text(tail)
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{base}/{code}{tail}"/>' for code in LANGUAGES
    )
    links += f'<xhtml:link rel="alternate" hreflang="x-default" href="{base}/{LANGUAGES[0]}{tail}"/>'
    changed = f"<lastmod>{_moment(changed_at)}</lastmod>" if changed_at else ""
    return "".join(f"<url><loc>{base}/{code}{tail}</loc>{changed}{links}</url>\n" for code in LANGUAGES)


def _category_tails() -> list[str]:
    slugs = db.session().scalars(select(Category.slug).order_by(Category.position, Category.id))
    return [f"/products?category={slug}" for slug in slugs]


def _collection_tails() -> list[str]:
    shown = select(Collection.slug).where(Collection.published_at.is_not(None)).order_by(Collection.id)
    return [f"/collections/{slug}" for slug in db.session().scalars(shown)]


def _range(number: int) -> dict[str, Any]:
    first = number * PRODUCTS_PER_PART
    return {"first": first, "behind": first + PRODUCTS_PER_PART, "now": now()}


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


_product = Product.__table__.c
# A range of ids is narrower than all that is published, which the planner of SQLite does not know: it is not told of
# state and time in a form that an index could answer.
_VISIBLE = (
    _product.id >= bindparam("first"),
    _product.id < bindparam("behind"),
    func.coalesce(_product.state, "") == ProductState.PUBLISHED.value,
    func.coalesce(_product.published_at, _product.created_at)
    <= bindparam("now", type_=_product.published_at.type),
)
_LAST_CHANGE = """
    SELECT max(updated_at) AS changed_at FROM product {by_index}
    WHERE id >= :first AND id < :behind AND state = 'published' AND published_at <= :now
    """
_PRODUCTS = (
    select(_product.id, _product.slug, _product.published_at, _product.updated_at)
    .where(*_VISIBLE)
    .order_by(_product.id)
    .limit(_BATCH)
)
