"""The served size: PostgreSQL, S3, Redis and a mail server, two web processes, and a worker of its own."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from tests.servers.postgres import PostgresCluster
from tests.servers.s3 import S3Store
from tests.servers.shop import LiveShop
from tests.servers.smtp import SmtpServer

_ROOT = Path(__file__).parents[2]
_DEMO = _ROOT / "demo" / "files"


@pytest.fixture
def served_shop(
    tmp_path: Path,
    postgres_server: PostgresCluster,
    s3_server: S3Store,
    redis_url: str,
    smtp_server: SmtpServer,
) -> Iterator[LiveShop]:
    """A shop without anything under var/ but its key; the worker runs beside it."""
    folder = tmp_path / "var"
    folder.mkdir()
    shop = LiveShop(
        folder,
        DATABASE_URL=postgres_server.new_database(),
        STORAGE_URL=s3_server.new_bucket(),
        REDIS_URL=redis_url,
        MAIL_URL=smtp_server.url,
        WEB_WORKERS="2",
    )
    yield shop
    shop.kill()


def test_sale_on_the_served_size(served_shop: LiveShop, smtp_server: SmtpServer) -> None:
    shop = served_shop.start("--no-worker")
    worker = subprocess.Popen(
        [sys.executable, "worker.py"], cwd=_ROOT, env=shop.environ(), start_new_session=True
    )
    try:
        order_page = _buy(shop, "margin-book")
        download = _wait_for_download(order_page)
        first = requests.get(urljoin(shop.url, download), allow_redirects=False, timeout=10)
        assert urlsplit(first.headers["Location"]).netloc != urlsplit(shop.url).netloc, (
            "the bytes come from S3"
        )
        file = requests.get(first.headers["Location"], timeout=20)
        assert file.content == (_DEMO / "the-margin-book.pdf").read_bytes()
        part = requests.get(first.headers["Location"], headers={"Range": "bytes=10-19"}, timeout=20)
        assert (part.status_code, part.content) == (206, file.content[10:20])
        mail = smtp_server.wait_for(1)[0]
        assert order_page in _text(mail.message)
        ready = requests.get(f"{shop.url}/readyz", timeout=10)
        assert ready.json() == {"database": "ok", "queue": "ok", "storage": "ok"}
        assert shop.command("doctor", "--thorough").stdout == "All is well.\n"
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0


def _buy(shop: LiveShop, slug: str) -> str:
    """Buy one thing as a guest and return the address of the order's page."""
    visitor = requests.Session()
    page = visitor.get(f"{shop.url}/products/{slug}", timeout=20).text
    variant = re.search(r'name="variant_id"[^>]*value="(\d+)"', page)
    assert variant
    cart = visitor.post(f"{shop.url}/cart/lines", data={"variant_id": variant[1]}, timeout=20).text
    form = cart[cart.index('action="/checkout"') :]
    hidden = re.findall(r'<input type="hidden" name="(csrf_token|key|total)" value="([^"]*)"', form)
    fields = {name: unescape(value) for name, value in hidden}
    answer = visitor.post(
        f"{shop.url}/checkout",
        data={**fields, "email": "anna@example.org"},
        allow_redirects=False,
        timeout=20,
    )
    payment = answer.headers["Location"]
    paid = visitor.post(
        payment, data={"email": "anna@example.org", "action": "pay"}, allow_redirects=False, timeout=20
    )
    return visitor.get(paid.headers["Location"], timeout=20).url


def _wait_for_download(order_page: str) -> str:
    """Look at the page again until the goods are there, as the page does by itself."""
    for _ in range(60):
        page = requests.get(order_page, timeout=10).text
        found = re.search(r'href="([^"]*/downloads/[^"]+)"', page)
        if found:
            return unescape(found[1])
        time.sleep(0.25)
    raise AssertionError("no download")


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
