"""Finding products by words, on both databases."""

from dataclasses import dataclass

from sqlalchemy import TextClause, bindparam, select, text

from storefront.catalog.models import Category, Product
from storefront.core import db
from storefront.core.clock import now
from storefront.core.db import UtcDateTime
from storefront.search.models import SearchEntry
from storefront.search.words import index_text, query_terms

# Only so many of the newest hits are ranked: ranking a million costs a second (docs/decisions/search.md).
MOST_RANKED = 1000


@dataclass(slots=True)
class Hits:
    """Products found, best first, and whether there are more behind them."""

    product_ids: list[int]
    total: int
    is_capped: bool


def index_product(product_id: int) -> None:
    """Write the words of a product into the index. Must run in the unit that changed the product."""
    session = db.session()
    session.flush()
    product = session.get_one(Product, product_id)
    category = session.get(Category, product.category_id) if product.category_id else None
    translated = list((product.translations or {}).values())
    title = " ".join([product.title, *(texts.get("title", "") for texts in translated)])
    body = " ".join(
        [
            product.summary,
            product.description,
            *(texts.get(field, "") for texts in translated for field in ("summary", "description")),
            *(
                [category.name, *(texts.get("name", "") for texts in category.translations.values())]
                if category
                else []
            ),
        ]
    )
    entry = session.get(SearchEntry, product_id) or SearchEntry(product_id=product_id)
    entry.title, entry.body = index_text(title), index_text(body)
    session.add(entry)


def search_products(text_wanted: str, *, size: int, offset: int = 0) -> Hits:
    """Return the published products that hold all the words, those with the words in the title first.

    The last word may be unfinished. Costs one query; at most ``MOST_RANKED`` hits are ranked and counted.
    """
    terms = query_terms(text_wanted)
    if not terms:
        return Hits([], 0, False)
    query = _sqlite_query(terms) if db.is_sqlite() else _postgresql_query(terms)
    statement = _SQLITE if db.is_sqlite() else _POSTGRESQL
    found = list(db.session().scalars(statement, {"query": query, "most": MOST_RANKED, "now": now()}))
    return Hits(found[offset : offset + size], len(found), len(found) >= MOST_RANKED)


def unindexed_products(limit: int) -> list[int]:
    """Return products that the index does not know yet."""
    known = select(SearchEntry.product_id)
    return list(db.session().scalars(select(Product.id).where(Product.id.not_in(known)).limit(limit)))


def _sqlite_query(terms: list[list[str]]) -> str:
    quoted = [f'"{" ".join(term)}"' for term in terms]
    return " ".join(quoted) + ("*" if len(terms[-1]) == 1 else "")


def _postgresql_query(terms: list[list[str]]) -> str:
    phrases = ["(" + " <-> ".join(f"'{word}'" for word in term) + ")" for term in terms]
    if len(terms[-1]) == 1:
        phrases[-1] = f"'{terms[-1][0]}':*"
    return " & ".join(phrases)


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("now", type_=UtcDateTime()))


_SQLITE = _statement(
    """
    SELECT id FROM (
        SELECT product.id AS id, bm25(search_fts, 10.0, 1.0) AS badness
        FROM search_fts JOIN product ON product.id = search_fts.rowid
        WHERE search_fts MATCH :query AND product.state = 'published' AND product.published_at <= :now
        ORDER BY search_fts.rowid DESC LIMIT :most
    ) ORDER BY badness, id DESC
    """
)
_POSTGRESQL = _statement(
    """
    SELECT id FROM (
        SELECT product.id AS id, ts_rank(search_entry.search_fts, query) AS goodness
        FROM to_tsquery('simple', :query) AS query, search_entry
        JOIN product ON product.id = search_entry.product_id
        WHERE search_entry.search_fts @@ query AND product.state = 'published' AND product.published_at <= :now
        ORDER BY search_entry.product_id DESC LIMIT :most
    ) AS hits ORDER BY goodness DESC, id DESC
    """
)
