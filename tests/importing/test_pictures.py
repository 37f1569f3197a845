"""Pictures from elsewhere: fetched later, never from our own network, never in anyone's way."""

import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from storefront.catalog.models import Picture
from storefront.core import db
from storefront.gateways import fetching
from storefront.gateways.fetching import NotFetched, fetch, is_public
from storefront.importing import pictures, service
from storefront.importing.models import ImportRun, PictureWish
from storefront.importing.states import WishState
from storefront.jobs.service import count_resting
from tests.importing.bringing import bring, product

HEADING = "slug,title,kind,sku,price,requires_shipping,images\n"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Somebody else's server, which for once stands on this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    monkeypatch.setattr(fetching, "is_public", lambda address: address == "127.0.0.1")
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class _Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved.jpg":
            self.send_response(302)
            self.send_header("Location", "/good.jpg")
            self.end_headers()
        elif self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "http://10.0.0.1/secret")
            self.end_headers()
        elif self.path.startswith("/circle"):
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
        elif self.path == "/good.jpg":
            self._answer(_jpeg())
        elif self.path == "/words.jpg":
            self._answer(b"<html>no picture</html>")
        elif self.path == "/endless.jpg":
            self._answer(bytes(300_000))
        else:
            self.send_error(404)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 - refused
        "224.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "255.255.255.255", "nonsense",
    ],
)  # fmt: skip
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_addresses_of_the_internet_are() -> None:
    assert is_public("93.184.216.34")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://localhost/x", "http://[::1]/x", "http://0x7f000001/x", "http://2130706433/x",
        "ftp://example.org/x", "file:///etc/passwd", "gopher://x", "http://", "http://user:pass@example.org/x",
        "http://[broken", "https://127.0.0.1:6379/",
    ],
)  # fmt: skip
def test_what_leads_into_our_own_network_is_never_asked(url: str) -> None:
    with pytest.raises(NotFetched):
        fetch(url, 1000)


def test_what_is_elsewhere_is_fetched_within_its_limits(elsewhere: str) -> None:
    assert fetch(f"{elsewhere}/moved.jpg", 100_000) == _jpeg()
    for path in ("/nothing.jpg", "/endless.jpg", "/circle", "/inside"):
        with pytest.raises(NotFetched) as refused:
            fetch(elsewhere + path, 100_000)
        assert refused.value.is_final, path


def test_pictures_come_after_the_import_and_failures_are_told(
    app: Flask, work: Callable[[], int], elsewhere: str
) -> None:
    urls = " ".join(f"{elsewhere}/{name}" for name in ("good.jpg", "nothing.jpg", "words.jpg", "moved.jpg"))
    run = bring(f"{HEADING}pot,Pot,physical,POT-1,5,yes,{urls}\nbowl,Bowl,physical,BOWL-1,5,yes,{elsewhere}/good.jpg\n",
                with_pictures=True)  # fmt: skip
    assert pictures.counts(run.id)[WishState.WAITING] == 5
    work()
    db.close_reader()
    assert pictures.counts(run.id) == {WishState.WAITING: 0, WishState.FETCHED: 3, WishState.FAILED: 2}
    pot = product("pot")
    assert len(list(db.session().scalars(select(Picture).where(Picture.product_id == pot.id)))) == 2
    assert pot.cover
    assert [wish.reason for wish in pictures.failed(run.id, 10)] == [
        "There is nothing at this address.",
        "This is not a picture that the shop can show. Please send a JPEG, PNG, WebP, AVIF or GIF file.",
    ]
    again = bring(f"{HEADING}pot,Pot,physical,POT-1,5,yes,{urls}\n", with_pictures=True)
    assert again.unchanged_count == 1
    with db.unit_of_work():
        assert service.fetch_pictures_again(run.public_id) == 2


def test_a_server_that_is_not_there_stalls_nothing(app: Flask, work: Callable[[], int]) -> None:
    bring(f"{HEADING}pot,Pot,physical,POT-1,5,yes,http://no-such-host.invalid/a.jpg\n", with_pictures=True)
    for _ in range(pictures.MOST_TRIES):
        work()
        with db.unit_of_work():
            run_id = db.session().scalars(select(ImportRun.id)).one()
            pictures.fetch_later(run_id)
    db.close_reader()
    wish = db.session().scalars(select(PictureWish)).one()
    assert (wish.state, count_resting()) == (WishState.FAILED, 0)
