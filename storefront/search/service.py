"""Finding products by words, on both databases."""

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
MOST_RANKED = 500
# Of these, those that have all words in the title come first, the closest first.
_MOST_TITLED = 200
# An unfinished word of more letters than this is looked for as the words of the shop that it may become.
_INDEXED_BEGINNING = 3
_MOST_FINISHED = 20
# Gathering a product from anywhere takes so many times as long as looking at the next one.
_GATHERING_COSTS = 6
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
        titled = f"title : ({query})"
    else:
        query = titled = _postgresql_query(terms)
        statement = _postgresql_statement(*_are_rare(terms))
    values = {
        "query": query,
        "titled": titled,
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
    titles = products = float(everything)
    for place, term in enumerate(terms):
        known = [counts.get(word, zero) for word in term]
        if place == len(terms) - 1 and _may_be_unfinished(terms):
            known = [spelling.count_beginning(term[0])]
        titles *= min(count.titles for count in known) / everything
        products *= min(count.products for count in known) / everything
    per_hit = everything / _GATHERING_COSTS
    return titles**2 <= _MOST_TITLED * per_hit, products**2 <= MOST_RANKED * per_hit


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
    """The newest that have the words, and of these the newest that are published.

    A number that is no column has no index by which the newest could be walked through: all are gathered and sorted,
    and only then products are looked at, until enough are found.
    """
    places = ["product_id + 0" if rare else "product_id" for rare in (are_titles_rare, are_products_rare)]
    # The words stand in the statement itself: what PostgreSQL plans for any words is wrong for rare ones.
    return text(
        f"""
        SELECT id, words FROM (
            SELECT product.id AS id, hit.title AS words
            FROM (
                SELECT product_id, {places[0]} AS place, title FROM search_entry
                WHERE search_fts_title @@ to_tsquery('simple', :titled) ORDER BY place DESC OFFSET 0
            ) AS hit JOIN product ON product.id = hit.product_id
            WHERE product.state = 'published' AND product.published_at <= :now
            ORDER BY hit.place DESC LIMIT :most_titled
        ) AS by_title
        UNION ALL SELECT id, NULL FROM (
            SELECT product.id AS id
            FROM (
                SELECT product_id, {places[1]} AS place FROM search_entry
                WHERE search_fts @@ to_tsquery('simple', :query) ORDER BY place DESC OFFSET 0
            ) AS hit JOIN product ON product.id = hit.product_id
            WHERE product.state = 'published' AND product.published_at <= :now
            ORDER BY hit.place DESC LIMIT :most
        ) AS by_words
        """  # noqa: S608 - two places of our own
    ).bindparams(
        bindparam("now", type_=UtcDateTime()),
        bindparam("query", type_=Text(), literal_execute=True),
        bindparam("titled", type_=Text(), literal_execute=True),
    )
