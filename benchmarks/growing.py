"""Writing a generated catalogue into SQLite and PostgreSQL at once, as fast as these can take it.

Not by the shop's services, which would take hours for a million products: rows go in by ``executemany`` and COPY, with
indexes made afterwards; what the services keep (facets, words, the index) is made for all at once.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine, Index, Table
from sqlalchemy.schema import CreateIndex

from benchmarks.generator import CATEGORIES, PER_CATEGORY, TAGS, Made, category_of, numbers, tag_of
from storefront.catalog import bits
from storefront.catalog.facets import Value, values_of
from storefront.schema import metadata
from storefront.search.spelling import misspellings
from storefront.search.words import index_text

_BATCH = 5_000
Row = tuple[Any, ...]
_TABLES = ("product", "variant", "product_tag", "search_entry")
_WHOLE = ("facet_block", "facet", "search_misspelling", "search_word")
_PRODUCT = [
    "id",
    "slug",
    "kind",
    "state",
    "title",
    "summary",
    "description",
    "translations",
    "category_id",
    "requires_shipping",
    "currency",
    "price_amount",
    "price_varies",
    "is_available",
    "facts",
    "preview_token",
    "version",
    "review_count",
    "rating_sum",
    "option_names",
    "published_at",
    "created_at",
    "updated_at",
]
_VARIANT = [
    "id",
    "product_id",
    "sku",
    "title",
    "options",
    "translations",
    "price_amount",
    "currency",
    "stock",
    "reserved",
    "sold",
    "received",
    "barcode",
    "position",
    "pays_what_they_want",
]


class Target(Protocol):
    """A database that is being filled."""

    def begin(self) -> None:
        """Take indexes away."""

    def put(self, table: str, columns: list[str], rows: list[Row]) -> None:
        """Add rows."""

    def clear(self, table: str) -> None:
        """Remove all rows."""

    def finish(self) -> None:
        """Make the indexes, and let the database look at what it has."""


class Catalogue:
    """What was generated so far, and the sets and words that follow from it."""

    def __init__(self) -> None:
        self.size = 0
        self._facets: dict[Value, bytearray] = {}
        self._titles: Counter[str] = Counter()
        self._words: Counter[str] = Counter()

    def grow(self, targets: list[Target], size: int) -> None:
        """Bring all targets to that number of products."""
        for target in targets:
            target.begin()
        if not self.size:
            self._put_shelves(targets)
        for begin in range(self.size + 1, size + 1, _BATCH):
            self._put(targets, list(numbers(begin, min(begin + _BATCH, size + 1))), size)
        self.size = size
        for target in targets:
            for table in _WHOLE:
                target.clear(table)
            self._put_facets(target)
            self._put_words(target)
            target.finish()

    def _put(self, targets: list[Target], made: list[Made], size: int) -> None:
        products = [_product_row(one) for one in made]
        variants = [row for one in made for row in _variant_rows(one)]
        tags = [(one.id, tag) for one in made for tag in one.tags]
        entries = [self._entry(one) for one in made]
        for one in made:
            self._note_facets(one, size)
        for target in targets:
            target.put("product", _PRODUCT, products)
            target.put("variant", _VARIANT, variants)
            target.put("product_tag", ["product_id", "tag_id"], tags)
            target.put("search_entry", ["product_id", "title", "body"], entries)

    def _entry(self, one: Made) -> Row:
        title = index_text(f"{one.title} {one.chinese}")
        body = index_text(f"{one.summary} {one.description} {' '.join(category_of(one.category))}")
        titled = set(title.split())
        self._titles.update(titled)
        self._words.update(titled | set(body.split()))
        return one.id, title, body

    def _note_facets(self, one: Made, size: int) -> None:
        number, place = one.id >> 3, 1 << (one.id & 7)
        options = [json.loads(option) for _, option, _ in one.variants]
        for value in values_of(_Facts(one), options, list(one.tags)):
            known = self._facets.get(value)
            if known is None:
                known = self._facets[value] = bytearray()
            if len(known) <= number:
                known.extend(bytes(size // 8 + 1 - len(known)))
            known[number] |= place

    def _put_shelves(self, targets: list[Target]) -> None:
        shelves, tags = [], []
        for number in range(1, CATEGORIES * PER_CATEGORY + 1):
            name, chinese = category_of(number)
            parent = None if number % PER_CATEGORY == 1 else (number - 1) // PER_CATEGORY * PER_CATEGORY + 1
            words = json.dumps({"zh": {"name": chinese}})
            shelves.append((number, parent, f"shelf-{number}", name, "", number, words))
        for number in range(1, TAGS + 1):
            name = tag_of(number)
            tags.append((number, name.replace(" ", "-"), name, name, "{}"))
        for target in targets:
            names = ["id", "parent_id", "slug", "name", "description", "position", "translations"]
            target.put("category", names, shelves)
            target.put("tag", ["id", "slug", "key", "name", "translations"], tags)

    def _put_facets(self, target: Target) -> None:
        facets, blocks = [], []
        for id_, ((name, value), members) in enumerate(sorted(self._facets.items()), 1):
            whole = int.from_bytes(members, "little")
            facets.append((id_, name, value, whole.bit_count(), "{}"))
            step = bits.BLOCK // 8
            for number in range(0, len(members), step):
                block = int.from_bytes(members[number : number + step], "little")
                if block:
                    blocks.append((id_, number // step, 1, bits.pack(block)))
        target.put("facet", ["id", "name", "value", "products", "labels"], facets)
        target.put("facet_block", ["facet_id", "block", "version", "bits"], blocks)

    def _put_words(self, target: Target) -> None:
        words = [(word, self._titles[word], products) for word, products in sorted(self._words.items())]
        target.put("search_word", ["word", "titles", "products"], words)
        for some in _in_batches((short, word) for word, *_ in words for short in misspellings(word)):
            target.put("search_misspelling", ["shortened", "word"], some)


class SqliteTarget:
    """The file of a shop."""

    def __init__(self, engine: Engine) -> None:
        self._path = str(engine.url.database)
        self._engine = engine
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._triggers: list[str] = []

    def begin(self) -> None:
        """Without triggers each product is indexed once, at the end, which takes a third of the time."""
        self._engine.dispose()
        ask = self._connection.execute
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
            ask(f"PRAGMA {pragma}")
        self._triggers = [
            row[0]
            for row in ask(
                "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'search_entry'"
            )
        ]
        for (name,) in ask(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'search_entry'"
        ).fetchall():
            ask(f"DROP TRIGGER {name}")
        for index in _indexes():
            ask(f"DROP INDEX IF EXISTS {index.name}")
        ask("BEGIN")

    def put(self, table: str, columns: list[str], rows: list[Row]) -> None:
        """Add rows."""
        marks = ", ".join("?" * len(columns))
        some = ((_plain(value) for value in row) for row in rows)
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            (tuple(row) for row in some),
        )

    def clear(self, table: str) -> None:
        """Remove all rows."""
        self._connection.execute(f"DELETE FROM {table}")

    def finish(self) -> None:
        """Make the indexes."""
        ask = self._connection.execute
        ask("INSERT INTO search_fts(search_fts) VALUES ('rebuild')")
        for trigger in self._triggers:
            ask(trigger)
        ask("COMMIT")
        for index in _indexes():
            ask(str(CreateIndex(index).compile(self._engine)))
        ask("PRAGMA journal_mode=WAL")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


class PostgresTarget:
    """A database on a PostgreSQL server."""

    _GIN = ("search_fts", "search_fts_title")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(address, autocommit=True)

    def begin(self) -> None:
        """References are right by construction; checking four million of them would take a minute."""
        ask = self._connection.execute
        ask("SET session_replication_role = replica")
        ask("SET maintenance_work_mem = '512MB'")
        ask("ALTER SYSTEM SET max_wal_size = '256MB'")
        ask("SELECT pg_reload_conf()")
        for column in self._GIN:
            ask(f"DROP INDEX {column}_index")
        for index in _indexes():
            index.drop(self._engine, checkfirst=True)

    def put(self, table: str, columns: list[str], rows: list[Row]) -> None:
        """Add rows."""
        into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def clear(self, table: str) -> None:
        """Remove all rows."""
        self._connection.execute(f"TRUNCATE {table} CASCADE")

    def finish(self) -> None:
        """Make the indexes."""
        for column in self._GIN:
            self._connection.execute(f"CREATE INDEX {column}_index ON search_entry USING gin ({column})")
        for index in _indexes():
            index.create(self._engine, checkfirst=True)
        self._connection.execute("VACUUM ANALYZE")

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class _Facts:
    """A generated product as the writer of facets wants it."""

    def __init__(self, one: Made) -> None:
        self.category_id = one.category
        self.price_amount = one.price
        self.is_available = one.is_available
        self.published_at = one.published_at
        self.review_count, self.rating_sum = one.reviews, one.stars


def _product_row(one: Made) -> Row:
    return (
        one.id, one.slug, one.kind, "published", one.title, one.summary, one.description,
        json.dumps({"zh": {"title": one.chinese}}, ensure_ascii=False), one.category, one.kind == "physical", "EUR",
        one.price, len(one.variants) > 1, one.is_available, '{"contents": []}', f"{one.id:022d}", 1, one.reviews,
        one.stars, json.dumps(one.option_names) if one.option_names else None, one.published_at, one.published_at,
        one.published_at,
    )  # fmt: skip


def _variant_rows(one: Made) -> Iterator[Row]:
    for place, (price, options, stock) in enumerate(one.variants):
        id_ = one.id * 10 + place
        yield (
            id_,
            one.id,
            f"G-{id_}",
            "",
            options,
            "{}",
            price,
            "EUR",
            stock,
            0,
            0,
            stock or 0,
            "",
            place,
            False,
        )


def _plain(value: Any) -> Any:
    """Return a value as SQLAlchemy writes it into SQLite."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _indexes() -> list[Index]:
    """Return the indexes of the large tables; primary keys and what must be unique stay while rows come."""
    tables: Iterable[Table] = (metadata.tables[name] for name in _TABLES)
    return sorted((index for table in tables for index in table.indexes), key=lambda index: str(index.name))


def _in_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) == 20_000:
            yield some
            some = []
    if some:
        yield some
