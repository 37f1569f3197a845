"""`python -m benchmarks [pages] [sale] [queries] [visit] [start] [jobs]`: all of them when none is named."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks import footprint
from benchmarks.catalogue import make_catalogue, shop_settings
from benchmarks.pages import hello_rows, measure_pages
from benchmarks.queries import count_queries
from benchmarks.rows import Row, print_rows, write_rows
from benchmarks.sale import measure_sale
from benchmarks.servers import Hello, Shop, Stripe
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerMissingError

PARTS = ("pages", "sale", "queries", "visit", "start", "jobs")
# The settings of one web process: granian's workers would compete with the load generator for the cores.
_ONE_PROCESS = {"WEB_WORKERS": "1", "LOG_LEVEL": "INFO"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A shop with its catalogue, at rest."""

    database: str
    var_dir: Path
    environment: dict[str, str]
    positions: list[str]
    variant_id: int


def main() -> int:
    """Measure what is asked for; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help="what to measure (default: everything)"
    )
    wanted = parser.parse_args().parts or PARTS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with us
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="storefront-bench-"))
    rows: list[Row] = []
    try:
        for prepared in _shops(folder):
            for found in _measure(prepared, folder, wanted):
                print_rows(found)
                rows += found
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    missed = [row for row in rows if row.holds is False]
    if tuple(wanted) == PARTS:
        print(f"Written to {write_rows(rows).relative_to(Path.cwd())}")
    print(
        f"{len(rows)} figures in {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}; "
        f"{len(missed)} goals missed"
    )
    return 1 if missed else 0


def _shops(folder: Path) -> Iterator[Prepared]:
    """Prepare the shop on SQLite and, where its server is, on PostgreSQL."""
    yield _prepared("sqlite", folder, {})
    try:
        server = PostgresServer(durable=True)
    except ServerMissingError as missing:
        print(f"PostgreSQL was not measured: {missing}")
        return
    with server:
        yield _prepared("postgresql", folder, {"DATABASE_URL": server.new_database()})


def _prepared(database: str, folder: Path, environment: dict[str, str]) -> Prepared:
    var_dir = folder / database
    var_dir.mkdir()
    settings = shop_settings(var_dir, environment)
    make_catalogue(settings)
    engine = create_engine(settings.database_dsn)
    with engine.connect() as connection:
        moment = "strftime('%s', published_at) || '000000'" if database == "sqlite" else (
            "(extract(epoch FROM published_at) * 1000000)::bigint"
        )  # fmt: skip
        found = connection.execute(
            text(f"SELECT {moment} || '-' || id FROM product WHERE slug LIKE 'generated-%' ORDER BY id")
        )
        positions = [str(row[0]) for row in found]
        bought = (
            "SELECT id FROM variant WHERE product_id = (SELECT id FROM product WHERE slug = 'generated-3')"
        )
        variant_id = connection.execute(text(bought)).scalar_one()
    engine.dispose()
    return Prepared(database, var_dir, environment, positions, variant_id)


def _measure(shop: Prepared, folder: Path, wanted: tuple[str, ...]) -> Iterator[list[Row]]:
    """Yield the rows of each part; what is weighed and timed once is weighed on SQLite, the default."""
    is_default = shop.database == "sqlite"
    if {"pages", "sale"} & set(wanted) or ("visit" in wanted and is_default):
        yield from _served(shop, folder, wanted)
    if "queries" in wanted:
        with _stripe(folder) as environment:
            yield count_queries(
                shop_settings(shop.var_dir, {**shop.environment, **environment, "LOG_LEVEL": "ERROR"}),
                shop.database,
                shop.variant_id,
            )
    if "jobs" in wanted:
        # What the sale has left to do asks Stripe, so it must be there.
        with _stripe(folder) as environment:
            settings = {**shop.environment, **environment, "LOG_LEVEL": "ERROR"}
            yield footprint.measure_jobs(shop_settings(shop.var_dir, settings))
    if "start" in wanted and is_default:
        yield footprint.measure_start(shop.var_dir, shop.environment)
    if "jobs" in wanted and is_default:
        with Shop("delivery", shop.var_dir, shop.environment, with_worker=True) as live:
            yield footprint.measure_delivery(live, shop.var_dir / "storefront.sqlite", shop.variant_id)


def _served(shop: Prepared, folder: Path, wanted: tuple[str, ...]) -> Iterator[list[Row]]:
    """Measure what needs the shop's server alone, with Stripe in another process."""
    with ExitStack() as stack:
        stripe = stack.enter_context(_stripe(folder))
        environment = {**shop.environment, **stripe, **_ONE_PROCESS}
        live = stack.enter_context(Shop("shop", shop.var_dir, environment, with_worker=False))
        hello = stack.enter_context(Hello(live, folder))
        if "pages" in wanted:
            yield hello_rows(hello, shop.database)
            yield measure_pages(live, hello, shop.database, shop.positions)
        if "sale" in wanted:
            yield measure_sale(live, shop.database, shop.variant_id, stripe["STRIPE_API_BASE"])
        if "visit" in wanted and shop.database == "sqlite":
            yield footprint.measure_visit(live)


@contextmanager
def _stripe(folder: Path) -> Iterator[dict[str, str]]:
    """Run the stand-in for Stripe and return the settings with which a shop speaks to it."""
    own = Path(tempfile.mkdtemp(dir=folder))
    with Stripe(own) as stripe:
        yield stripe.environment


if __name__ == "__main__":
    sys.exit(main())
