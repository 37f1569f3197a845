"""`python -m benchmarks.growth [SIZE...] [--only sqlite|postgresql]`: how pages grow with the catalogue.

Whole pages in this process, without the page cache, at 1,000, 10,000, 100,000 and 1,000,000 products on both databases.
The figures are milliseconds: of each address the best of some rounds, which other work on the machine disturbs least,
and of these the median. How pages grow is measured by turns: a small shop and the large one, again and again, since the
machine is never as quick as ten minutes before.
"""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from flask import Flask
from sqlalchemy import text

from benchmarks.catalogue import shop_settings
from benchmarks.generator import make, tag_of
from benchmarks.growing import Catalogue, PostgresTarget, SqliteTarget
from benchmarks.rows import Row, at_most, print_rows, told, write_rows
from storefront.app import create_app
from storefront.core import db
from storefront.core.migrating import migrate
from storefront.core.settings import Settings
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerMissingError

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_RATIO, _MOST_MS = 1.3, 20.0
_ROUNDS, _REQUESTS = 5, 8
_TURNS = 5
# Nobody in particular is served from memory; somebody gets a page that is made for them.
_SOMEBODY = {"Cookie": "account=nobody"}
# What must not grow, and what may take so long at any size.
_STEADY = (
    "first page",
    "deep page",
    "category",
    "category deep",
    "tag",
    "by price",
    "by price deep",
    "product page",
)
_FREE_TO_GROW = (
    "facets open", "facet: option", "facets: three", "facets: deep", "facets by price", "search: frequent word",
    "search: two words", "search: rare word", "search: beginning", "search: rare beginning", "search: Chinese",
    "search: mistake", "search: nothing", "search with facets", "suggestions", "suggestions: Chinese",
)  # fmt: skip


class Shop:
    """A shop on one database."""

    def __init__(self, database: str, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.engine = db.make_engine(settings.database_dsn)
        migrate(self.engine)
        self.target: SqliteTarget | PostgresTarget = (
            SqliteTarget(self.engine) if database == "sqlite" else PostgresTarget(self.engine)
        )

    def measure(self, size: int, names: tuple[str, ...] = ()) -> dict[str, float]:
        """Return milliseconds by what was asked for: of these names, or of all."""
        app = create_app(self.settings)
        try:
            wanted = dict(_wanted(self._deep("published_at", size), self._deep("price_amount", size), size))
            return _times(app, {name: wanted[name] for name in names or wanted})
        finally:
            db.disconnect()

    def megabytes(self) -> float:
        """Return what the database takes on the disk."""
        with self.engine.connect() as connection:
            asked = (
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                if self.database == "sqlite"
                else "SELECT pg_database_size(current_database())"
            )
            return float(connection.execute(text(asked)).scalar_one()) / 1e6

    def _deep(self, column: str, size: int) -> str:
        """Return where the page begins that comes after nine tenths of a list."""
        direction = "DESC" if column == "published_at" else "ASC"
        with self.engine.connect() as connection:
            row = connection.execute(
                text(f"SELECT id FROM product ORDER BY {column} {direction} LIMIT 1 OFFSET {size * 9 // 10}")
            ).one()
        one = make(row.id)
        number = int(one.published_at.timestamp()) * 1_000_000 if column == "published_at" else one.price
        return f"{number}-{one.id}"


def main() -> int:
    """Grow and measure; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="numbers of products")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="measure on one database")
    parser.add_argument("--file", default="growth.json", help="where in benchmarks/results the rows go")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with us
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    folder = Path(tempfile.mkdtemp(prefix="storefront-growth-"))
    try:
        with ExitStack() as stack:
            rows = list(_measure(list(_shops(folder, stack, wanted.only)), sorted(wanted.sizes)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    missed = [row for row in rows if row.holds is False]
    print(f"Written to {write_rows(rows, wanted.file)}; {len(missed)} goals missed")
    return 1 if missed else 0


def _shops(folder: Path, stack: ExitStack, only: str | None) -> Iterator[tuple[Shop, Shop]]:
    """Yield for each database a shop that stays small and one that grows."""
    if only != "postgresql":
        yield _pair("sqlite", folder, ({}, {}))
    if only == "sqlite":
        return
    try:
        server = stack.enter_context(PostgresServer())
    except ServerMissingError as missing:
        print(f"PostgreSQL was not measured: {missing}")
        return
    yield _pair(
        "postgresql",
        folder,
        ({"DATABASE_URL": server.new_database()}, {"DATABASE_URL": server.new_database()}),
    )


def _pair(
    database: str, folder: Path, environments: tuple[dict[str, str], dict[str, str]]
) -> tuple[Shop, Shop]:
    small, large = (
        Shop(database, _settings(folder / f"{database}-{name}", environment))
        for name, environment in zip(("small", "large"), environments, strict=True)
    )
    return small, large


def _settings(var_dir: Path, environment: dict[str, str]) -> Settings:
    var_dir.mkdir()
    return shop_settings(var_dir, {**environment, "LOG_LEVEL": "ERROR"})


def _measure(pairs: list[tuple[Shop, Shop]], sizes: list[int]) -> Iterator[Row]:
    catalogue = Catalogue()
    Catalogue().grow([small.target for small, _ in pairs], sizes[0])
    for size in sizes:
        began = time.monotonic()
        catalogue.grow([large.target for _, large in pairs], size)
        print(f"\n{size:,} products, written in {time.monotonic() - began:.0f} s", flush=True)
        for _, shop in pairs:
            rows = [told(f"{shop.database}: on disk at {size}", shop.megabytes(), "MB")]
            rows += [
                _row(shop.database, name, size, milliseconds)
                for name, milliseconds in shop.measure(size).items()
            ]
            print_rows(rows)
            yield from rows
    print(f"\nfrom {sizes[0]:,} to {sizes[-1]:,}")
    for small, large in pairs:
        rows = list(_growth(small, sizes[0], large, sizes[-1]))
        print_rows(rows)
        yield from rows
        for shop in (small, large):
            shop.target.close()
            shop.engine.dispose()


def _growth(small: Shop, least: int, large: Shop, most: int) -> Iterator[Row]:
    """Measure both by turns and compare the best of each."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(_TURNS):
        before, after = small.measure(least, _STEADY), large.measure(most, _STEADY)
        for name in _STEADY:
            known = best.get(name, (before[name], after[name]))
            best[name] = min(known[0], before[name]), min(known[1], after[name])
    for name, (first, last) in best.items():
        title = f"{small.database}: {name}, growth {least} to {most}"
        yield at_most(title, last / first, "×", _RATIO)


def _row(database: str, name: str, size: int, milliseconds: float) -> Row:
    title = f"{database}: {name} at {size}"
    return (
        told(title, milliseconds, "ms") if name in _STEADY else at_most(title, milliseconds, "ms", _MOST_MS)
    )


def _wanted(newest: str, price: str, size: int) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Yield what is asked for, as an address for each number of a request."""
    newest_second = f"{int(newest.partition('-')[0]) // 1_000_000}-{newest.partition('-')[2]}"
    some = [make(1 + number * 37 % size) for number in range(_REQUESTS)]
    brand = [one.title.split()[-1].lower() for one in some]
    paths: dict[str, Callable[[int], str]] = {
        "first page": lambda _: "/products",
        "deep page": lambda _: f"/products?after={newest}",
        "category": lambda n: f"/products?category=shelf-{n % 6 + 2}",
        "category deep": lambda n: f"/products?category=shelf-{n % 6 + 2}&after={newest}",
        "tag": lambda n: f"/products?tag={_tag(n)}",
        "by price": lambda _: "/products?sort=price",
        "by price deep": lambda _: f"/products?sort=price&after={price}",
        "product page": lambda n: f"/products/{some[n % len(some)].slug}",
        "facets open": lambda _: "/products?filters=1",
        "facet: option": lambda n: f"/products?option.Size={('S', 'M', 'L')[n % 3]}",
        "facets: three": lambda n: (
            f"/products?option.Colour=Red&category=shelf-{1 + 6 * (n % 3)}&min=10&max={60 + n}"
        ),
        "facets: deep": lambda n: f"/products?stock=1&rating=4&after={newest_second}&max={300 + n}",
        "facets by price": lambda n: f"/products?tag={_tag(n)}&stock=1&sort=-price",
        "search: frequent word": lambda n: f"/products?q={('lamp', 'small', 'oak')[n % 3]}",
        "search: two words": lambda n: f"/products?q=small+{('chair', 'mug', 'desk')[n % 3]}",
        "search: rare word": lambda n: f"/products?q={brand[n % len(brand)]}",
        "search: beginning": lambda n: f"/products?q={('smal', 'blan', 'guit')[n % 3]}",
        "search: rare beginning": lambda n: f"/products?q={brand[n % len(brand)][:5]}",
        "search: Chinese": lambda n: f"/zh/products?q={quote(('台灯', '书架', '手工吉他')[n % 3])}",
        "search: mistake": lambda n: f"/products?q={('blnaket', 'guittar', 'notbook')[n % 3]}",
        "search: nothing": lambda n: f"/products?q=xqzzt{n}",
        "search with facets": lambda n: f"/products?q={('lamp', 'small', 'oak')[n % 3]}&stock=1&filters=1",
        "suggestions": lambda n: f"/suggestions?q={('la', 'sma', 'guita')[n % 3]}",
        "suggestions: Chinese": lambda n: f"/zh/suggestions?q={quote(('台灯', '书', '手工')[n % 3])}",
    }
    assert set(paths) == {*_STEADY, *_FREE_TO_GROW}
    yield from paths.items()


def _tag(number: int) -> str:

    return tag_of(1 + number % 5).replace(" ", "-")


def _times(app: Flask, wanted: dict[str, Callable[[int], str]]) -> dict[str, float]:
    """Return the milliseconds of each; in rounds, so that a slow moment of the machine does not hit one alone."""
    client = app.test_client(use_cookies=False)
    best: dict[str, dict[int, float]] = {name: {} for name in wanted}
    for round_ in range(_ROUNDS):
        for name, path_of in wanted.items():
            for number in range(_REQUESTS):
                path = path_of(number)
                began = time.perf_counter()
                answer = client.get(path, headers=_SOMEBODY)
                milliseconds = (time.perf_counter() - began) * 1000
                assert answer.status_code == 200, (path, answer.status_code)
                # The first round gets the process and the database acquainted.
                if round_:
                    best[name][number] = min(milliseconds, best[name].get(number, milliseconds))
    return {name: statistics.median(times.values()) for name, times in best.items()}


if __name__ == "__main__":
    sys.exit(main())
