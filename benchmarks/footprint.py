"""What a visit weighs, what the shop takes of the machine, and how soon the goods are there."""

import re
import sqlite3
import statistics
import time
from pathlib import Path
from urllib.parse import urljoin

import requests

from benchmarks.processes import resident_mib
from benchmarks.rows import Row, at_least, at_most, told
from benchmarks.sale import visit
from benchmarks.servers import Server, Shop
from storefront.app import create_app
from storefront.core import db
from storefront.core.settings import Settings
from storefront.jobs import worker
from storefront.jobs.registry import job
from storefront.jobs.service import enqueue

_BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd", "Accept-Language": "en"}
_LINKED = re.compile(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"')
_PURCHASES = 7
_JOBS = 600


def measure_visit(shop: Server) -> list[Row]:
    """Weigh the first visit of the list: the page, its style and scripts, and the small personal fragment."""
    for _ in range(3):
        page = requests.get(f"{shop.url}/products", headers=_BROWSER, stream=True, timeout=10)
        html, page_bytes = _text_and_bytes(page)
    files = [urljoin(page.url, address) for address in _LINKED.findall(html)] + [f"{shop.url}/me"]
    weights = [_weight(address) for address in files]
    return [
        at_most("first visit of the list", (page_bytes + sum(weights)) / 1000, "KB", 35),
        at_most("first visit of the list", 1 + len(weights), "requests", 6),
        at_most("HTML of the list", page_bytes / 1000, "KB", 5),
    ]


def measure_start(var_dir: Path, environment: dict[str, str]) -> list[Row]:
    """Start a shop that has nothing to prepare, three times, then use it and look at its memory."""
    times = []
    for _ in range(3):
        shop = Shop("start", var_dir, environment, with_worker=True)
        with shop:
            times.append(shop.started_in)
            rss, pss = _used(shop) if len(times) == 3 else (0.0, 0.0)
    return [
        at_most("start to the first 200 (median)", statistics.median(times), "s", 1.5),
        at_most("memory: web and worker, after use", rss, "MiB RSS", 130),
        told("memory: the same, shared pages once", pss, "MiB PSS"),
    ]


def measure_delivery(shop: Server, database_file: Path, variant_id: int) -> list[Row]:
    """Buy a file at rest and wait for the right to download it."""
    waits = []
    for number in range(_PURCHASES):
        visitor = visit(shop, variant_id)
        headers = {"Cookie": visitor.cookies}
        form = {**visitor.fields, "email": f"waits-{number}@example.org"}
        page = requests.post(
            f"{shop.url}/checkout", data=form, headers=headers, allow_redirects=False, timeout=10
        )
        before = _granted(database_file)
        time.sleep(0.3)
        payment = {"email": form["email"], "action": "pay"}
        paid = requests.post(page.headers["Location"], data=payment, allow_redirects=False, timeout=10)
        assert paid.status_code == 303, paid.text[:300]
        began = time.perf_counter()
        while _granted(database_file) == before and time.perf_counter() - began < 20:
            time.sleep(0.005)
        waits.append(time.perf_counter() - began)
    return [
        at_most("paid to granted at rest (median)", statistics.median(waits), "s", 0.5),
        told("paid to granted at rest (slowest)", max(waits), "s"),
    ]


def measure_jobs(settings: Settings) -> list[Row]:
    """Do jobs of one small transaction each, in one worker."""
    create_app(settings)
    worker.drain()

    @job("bench.small")
    def _small(number: int) -> None:
        db.session().connection()

    try:
        for _ in range(_JOBS // 100):
            with db.unit_of_work():
                for number in range(100):
                    enqueue("bench.small", number=number)
        began = time.perf_counter()
        done = worker.drain(_JOBS)
        took = time.perf_counter() - began
    finally:
        db.disconnect()
    assert done == _JOBS
    return [at_least("jobs of one small transaction, one worker", done / took, "jobs/s", 150)]


def _used(shop: Server) -> tuple[float, float]:
    """Use it as customers do, so that all is loaded that is ever loaded, then weigh it."""
    with requests.Session() as browser:
        for number in range(60):
            for path in (
                "/",
                "/products",
                f"/products/generated-{number}",
                "/cart",
                "/me",
                "/zh/products?q=课程",
            ):
                browser.get(shop.url + path, headers=_BROWSER, timeout=10)
    return resident_mib(shop.pids)


def _granted(database_file: Path) -> int:
    with sqlite3.connect(f"file:{database_file}?mode=ro", uri=True, timeout=5) as connection:
        found: int = connection.execute("SELECT count(*) FROM entitlement").fetchone()[0]
    connection.close()
    return found


def _weight(address: str) -> int:
    return _text_and_bytes(requests.get(address, headers=_BROWSER, stream=True, timeout=10))[1]


def _text_and_bytes(answer: requests.Response) -> tuple[str, int]:
    """Return the text and how many bytes came over the wire, without headers."""
    answer.raise_for_status()
    declared = int(answer.headers["Content-Length"])
    return answer.text, declared
