"""Finding products by words, on both databases."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product as combinations

from sqlalchemy import Text, TextClause, bindparam, func, select, text

from storefront.catalog import facets
from storefront.catalog.models import Category, Product
from storefront.core import db
from storefront.core.clock import now
from storefront.core.db import UtcDateTime
from storefront.search import spelling
from storefront.search.models import SearchEntry
from storefront.search.words import index_text, is_by_character, query_terms

# Only so many of the newest hits are looked at: ordering a million costs a second (docs/decisions/search.md).
MOST_RANKED = 240
# Of these, those that have all words in the title come first, the closest first.
_MOST_TITLED = 100
# An unfinished word of more letters than this is looked for as the words of the shop that it may become.
_INDEXED_BEGINNING = 3
_MOST_FINISHED = 20
# Gathering a product from anywhere takes so many times as long as looking at the next one, and so does finding in the
# lists of products that have a word those that have the others too.
_GATHERING_COSTS = 4.0
_MERGING_COSTS = 0.3
# With fewer hits than that, what was typed may be a mistake.
_FEW = 3
_MOST_TRIED = 3
_Terms = list[list[str]]


@dataclass(slots=True)
class Hits:
    """Products found, best first, and whether there are more behind them."""

    product_ids: list[int]
    total: int
    is_capped: bool


@dataclass(slots=True)
class Found:
    """What was found for some words: all ids that are ranked, best first.

    ``instead`` are the words that were searched for because nothing has those that were typed, ``perhaps`` words that
    would find more.
    """

    product_ids: list[int]
    is_capped: bool = False
    instead: str | None = None
    perhaps: str | None = None


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
    entry = session.get(SearchEntry, product_id) or SearchEntry(product_id=product_id, title="", body="")
    before = entry.title, entry.body
    entry.title, entry.body = index_text(title), index_text(body)
    session.add(entry)
    if before != (entry.title, entry.body):
        spelling.note_words(before, (entry.title, entry.body))
    facets.mark(product_id)


def find_products(words: str, *, exactly: bool = False) -> Found:
    """Return the published products that hold all the words, those with the words in the title first.

    The last word may be unfinished. When nothing has them, words with a mistake are mended, unless ``exactly`` these
    are wanted. Costs two queries, some more when little is found; at most ``MOST_RANKED`` products are returned.
    """
    terms = query_terms(words)
    if not terms:
        return Found([])
    ids = _search(terms)
    found = Found(ids, len(ids) >= MOST_RANKED)
    if len(ids) >= _FEW or exactly:
        return found
    return _with_mended(terms, found)


def search_products(text_wanted: str, *, size: int, offset: int = 0) -> Hits:
    """Return a piece of what is found for the words, mistakes forgiven."""
    found = find_products(text_wanted)
    ids = found.product_ids
    return Hits(ids[offset : offset + size], len(ids), found.is_capped)


def unindexed_products(limit: int) -> list[int]:
    """Return products that the index does not know yet."""
    known = select(SearchEntry.product_id)
    return list(db.session().scalars(select(Product.id).where(Product.id.not_in(known)).limit(limit)))


def _with_mended(terms: _Terms, found: Found) -> Found:
    """Try the likeliest words for those that occur nowhere."""
    latin = [term[0] for term in terms if len(term) == 1 and not is_by_character(term[0])]
    unknown = set(latin) - set(spelling.counts_of(latin)) if latin else set()
    if not unknown:
        return found
    choices = [spelling.mend(term[0]) or [term[0]] if term[0] in unknown else [None] for term in terms]
    for tried in list(combinations(*choices))[:_MOST_TRIED]:
        mended = [[word] if word is not None else term for word, term in zip(tried, terms, strict=True)]
        if mended == terms:
            continue
        ids = _search(mended)
        if len(ids) > len(found.product_ids):
            words = " ".join("".join(term) for term in mended)
            if found.product_ids:
                found.perhaps = words
                return found
            return Found(ids, len(ids) >= MOST_RANKED, instead=words)
    return found


def _search(terms: _Terms) -> list[int]:
    if db.is_sqlite():
        query, statement = _sqlite_query(terms), _SQLITE
    else:
        query = _postgresql_query(terms)
        statement = _postgresql_statement(*_are_rare(terms))
    values = {
        "query": query,
        "titled": f"title : ({query})",  # said to SQLite only
        "most": MOST_RANKED,
        "most_titled": _MOST_TITLED,
        "now": now(),
    }
    by_title, others = [], []
    phrase = " ".join(word for term in terms for word in term)
    for place, (product_id, title) in enumerate(db.session().execute(statement, values)):
        if title is None:
            others.append(product_id)
        else:
            by_title.append((_distance(phrase, title), place, product_id))
    ids = dict.fromkeys(product_id for *_, product_id in sorted(by_title))
    ids.update(dict.fromkeys(others))
    return list(ids)[:MOST_RANKED]


def _are_rare(terms: _Terms) -> tuple[bool, bool]:
    """Say of titles and of whole products whether so few have the words that it is quicker to gather them all.

    Otherwise it is quicker to look through the newest products until enough are found. PostgreSQL would guess, and is
    wrong by seconds for words that begin alike.
    """
    counts = spelling.counts_of(word for term in terms for word in term)
    everything = max(db.session().scalar(_NEWEST) or 0, 1)
    zero = spelling.Count(0, 0)
    found = [[counts.get(word, zero) for word in term] for term in terms]
    if _may_be_unfinished(terms):
        found[-1] = [spelling.count_beginning(terms[-1][0])]
    in_titles = [min(count.titles for count in term) for term in found]
    in_products = [min(count.products for count in term) for term in found]
    return (
        _is_rare(in_titles, everything, _MOST_TITLED),
        _is_rare(in_products, everything, MOST_RANKED),
    )


def _is_rare(counts: list[int], everything: int, wanted: int) -> bool:
    """Compare what gathering and looking through cost, when each word occurs by itself."""
    hits = everything * math.prod(count / everything for count in counts)
    gathering = _GATHERING_COSTS * hits + _MERGING_COSTS * sum(counts)
    return gathering <= min(wanted / hits, 1) * everything if hits else True


def _distance(phrase: str, title: str) -> int:
    """Titles that begin with what was typed stand before those that hold it, and these before scattered words."""
    return 0 if title.startswith(phrase) else 1 if f" {phrase}" in title else 2


def _may_be_unfinished(terms: _Terms) -> bool:
    last = terms[-1]
    return len(last) == 1 and len(last[0]) > 1 and not is_by_character(last[0])


def _sqlite_query(terms: _Terms) -> str:
    """FTS5 has an index of beginnings of two and three letters; of longer ones it is told the words, if few."""
    quoted = [f'"{" ".join(term)}"' for term in terms]
    if _may_be_unfinished(terms):
        last = terms[-1][0]
        finished = spelling.finish_word(last, _MOST_FINISHED) if len(last) > _INDEXED_BEGINNING else []
        if finished and len(finished) < _MOST_FINISHED:
            quoted[-1] = "(" + " OR ".join(f'"{word}"' for word in dict.fromkeys([last, *finished])) + ")"
        else:
            quoted[-1] += "*"
    return " AND ".join(quoted)


def _postgresql_query(terms: _Terms) -> str:
    phrases = ["(" + " <-> ".join(f"'{word}'" for word in term) + ")" for term in terms]
    if _may_be_unfinished(terms):
        phrases[-1] = f"'{terms[-1][0]}':*"
    return " & ".join(phrases)


_SQLITE = text(
    """
    SELECT id, words FROM (
        SELECT product.id AS id, search_fts.title AS words
        FROM search_fts JOIN product ON product.id = search_fts.rowid
        WHERE search_fts MATCH :titled AND product.state = 'published' AND product.published_at <= :now
        ORDER BY search_fts.rowid DESC LIMIT :most_titled
    )
    UNION ALL SELECT id, NULL FROM (
        SELECT product.id AS id
        FROM search_fts JOIN product ON product.id = search_fts.rowid
        WHERE search_fts MATCH :query AND product.state = 'published' AND product.published_at <= :now
        ORDER BY search_fts.rowid DESC LIMIT :most
    )
    """
).bindparams(bindparam("now", type_=UtcDateTime()))
_NEWEST = select(func.max(SearchEntry.product_id))


@lru_cache(maxsize=4)
def _postgresql_statement(are_titles_rare: bool, are_products_rare: bool) -> TextClause:
    # Where all products are gathered, titles are too: of words so rare PostgreSQL would not walk through them anyway.
    by_title = _newest("search_fts_title", "most_titled", gathered=are_titles_rare or are_products_rare)
    by_words = _newest("search_fts", "most", gathered=are_products_rare)
    statement = f"SELECT id, title FROM ({by_title}) AS t UNION ALL SELECT id, NULL FROM ({by_words}) AS w"  # noqa: S608 - our own pieces
    # The words stand in the statement itself: what PostgreSQL plans for any words is wrong for rare ones.
    return text(statement).bindparams(
        bindparam("now", type_=UtcDateTime()), bindparam("query", type_=Text(), literal_execute=True)
    )


def _newest(words: str, most: str, *, gathered: bool) -> str:
    place, order = _GATHERED if gathered else _WALKED
    return _NEWEST_HITS.format(words=words, place=place, order=order, most=most)


# The newest hits, through which one walks until enough are found; or all of them, gathered and sorted, before products
# are looked at. A number that is no column has no index by which one could walk.
_WALKED = ("product_id AS place", "")
_GATHERED = ("product_id + 0 AS place", "ORDER BY place DESC OFFSET 0")
_NEWEST_HITS = """
    SELECT product.id AS id, hit.title AS title
    FROM (
        SELECT product_id, {place}, title FROM search_entry WHERE {words} @@ to_tsquery('simple', :query) {order}
    ) AS hit JOIN product ON product.id = hit.product_id
    WHERE product.state = 'published' AND product.published_at <= :now
    ORDER BY place DESC LIMIT :{most}
"""
