"""Pages of the catalogue, kept and not kept, against hello in the same rounds."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

from benchmarks.load import Load, request_bytes, run_for, run_once
from benchmarks.processes import cpu_seconds
from benchmarks.rows import Row, at_least, at_most, told
from benchmarks.servers import Server

ROUNDS = 7
SECONDS = 0.6
CPU_GOAL = {"sqlite": 1.0, "postgresql": 1.4}
RATIO_GOAL = {"sqlite": 0.15, "postgresql": 0.11}
PAGES = {"home": "/", "list": "/products", "product": "/products/generated-7"}
_BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd", "Accept-Language": "en"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A load beside hello's: requests a second, their ratio (median of the rounds), and CPU milliseconds a request."""

    per_second: float
    ratio: float
    cpu_ms: float


def measure_pages(shop: Server, hello: Server, database: str, positions: Sequence[str]) -> list[Row]:
    """Measure home, list and product; ``positions`` are places in the list, each a page of its own."""
    rows: list[Row] = []
    for name, path in PAGES.items():
        rows += _kept(shop, hello, f"{database}: {name}", path)
    rows += _not_kept(shop, hello, database, "home", lambda n: f"/?after=x{n}", len(positions))
    rows += _not_kept(shop, hello, database, "list", lambda n: _list_path(positions, n), len(positions))
    rows += _not_kept(
        shop, hello, database, "product", lambda n: _product_path(n, len(positions)), len(positions)
    )
    return rows


def _list_path(positions: Sequence[str], number: int) -> str:
    return f"/products?after={positions[number % len(positions)]}&sort=x{number // len(positions)}"


def _product_path(number: int, products: int) -> str:
    return f"/products/generated-{number % products}?variant=x{number // products}"


def _kept(shop: Server, hello: Server, name: str, path: str) -> list[Row]:
    """Measure a page that the cache holds, whole and as 304."""
    whole = [request_bytes(path, shop.port, _BROWSER)]
    for _ in range(30):  # Each web process must have made and compressed it.
        etag = requests.get(shop.url + path, headers=_BROWSER, timeout=10).headers["ETag"]
    unchanged = [request_bytes(path, shop.port, {**_BROWSER, "If-None-Match": etag})]
    full = _beside_hello(shop, hello, lambda: run_for(shop.port, whole, SECONDS), 200)
    short = _beside_hello(shop, hello, lambda: run_for(shop.port, unchanged, SECONDS), 304)
    return [
        at_least(f"{name}, cached", full.ratio, "of hello", 0.80),
        told(f"{name}, cached", full.per_second, "requests/s"),
        told(f"{name}, cached", full.cpu_ms, "ms CPU"),
        at_least(f"{name}, 304", short.ratio, "of hello", 0.85),
    ]


def _not_kept(
    shop: Server, hello: Server, database: str, name: str, path: Callable[[int], str], number: int
) -> list[Row]:
    """Measure a page whose address is new each time, so that the shop makes it."""
    places = iter(range(10**9))

    def ask() -> Load:
        return run_once(
            shop.port, [request_bytes(path(next(places)), shop.port, _BROWSER) for _ in range(number // 3)]
        )

    ask()
    found = _beside_hello(shop, hello, ask, 200, rounds=5)
    return [
        at_most(f"{database}: {name}, not cached", found.cpu_ms, "ms CPU", CPU_GOAL[database]),
        at_least(f"{database}: {name}, not cached", found.ratio, "of hello", RATIO_GOAL[database]),
        told(f"{database}: {name}, not cached", found.per_second, "requests/s"),
    ]


def _beside_hello(
    shop: Server, hello: Server, ask: Callable[[], Load], status: int, rounds: int = ROUNDS
) -> Measured:
    """Take turns with hello, since the machine is never as quick as a second before."""
    greeting = [request_bytes("/", hello.port, _BROWSER)]
    ratios, rates, cpu, count = [], [], 0.0, 0
    for _ in range(rounds):
        usual = run_for(hello.port, greeting, SECONDS / 2)
        before = cpu_seconds(shop.pids)
        load = ask()
        cpu += cpu_seconds(shop.pids) - before
        if set(load.statuses) != {status}:
            raise RuntimeError(f"the shop answered {load.statuses} instead of {status}")
        count += load.requests
        rates.append(load.per_second)
        ratios.append(load.per_second / usual.per_second)
    return Measured(statistics.median(rates), statistics.median(ratios), cpu / count * 1000)


def hello_rows(hello: Server, database: str) -> list[Row]:
    """Tell what hello costs on this machine."""
    greeting = [request_bytes("/", hello.port, _BROWSER)]
    before = cpu_seconds(hello.pids)
    loads = [run_for(hello.port, greeting, SECONDS) for _ in range(3)]
    cpu = cpu_seconds(hello.pids) - before
    return [
        told(f"{database}: hello", statistics.median(load.per_second for load in loads), "requests/s"),
        told(f"{database}: hello", cpu / sum(load.requests for load in loads) * 1000, "ms CPU"),
    ]
