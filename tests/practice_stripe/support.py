"""A live Practice Stripe, a shop's ear for webhooks, and the real SDK to talk with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import stripe

from practice_stripe import PracticeConfig
from practice_stripe.serving import PracticeServer

KEY = "sk_test_practice_1234567890"
WEBHOOK_SECRET = "whsec_test"
SHOP = "http://shop.example"
BUYER = {"email": "ann@example.com"}


@dataclass(frozen=True)
class Heard:
    """One webhook as it arrived."""

    body: bytes
    signature: str
    at: float

    @property
    def event(self) -> Any:
        """The event, its signature checked by the SDK."""
        return stripe.Webhook.construct_event(self.body, self.signature, WEBHOOK_SECRET)


class Ear:
    """Listens for webhooks; ``statuses`` are answered first, then 200."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.statuses: list[int] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append(Heard(body, self.headers["Stripe-Signature"], time.time()))
                self.send_response(ear.statuses.pop(0) if ear.statuses else 200)
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Shop</title><h1>Shop</h1>")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.shop = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.shop}/webhooks/stripe"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def types(self) -> list[str]:
        """The types of the events heard, in order."""
        return [heard.event.type for heard in self.heard]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Practice:
    """Everything a test needs."""

    config: PracticeConfig
    server: PracticeServer
    ear: Ear
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.new_client()

    @property
    def url(self) -> str:
        return self.server.address

    def new_client(self, retries: int = 0, key: str = KEY, timeout: float = 10, **more: Any) -> Any:
        """An SDK client for this Practice Stripe; untyped, because tests send odd things on purpose."""
        http = more.pop("http_client", None) or stripe.RequestsClient(timeout=timeout)
        return stripe.StripeClient(
            key, base_addresses={"api": self.url}, max_network_retries=retries, http_client=http, **more
        )

    def new_session(self, **changes: Any) -> Any:
        """A session for two courses of $12.50, changed as told."""
        return self.client.v1.checkout.sessions.create(wish(**changes))

    def press(self, session_id: str, action: str = "pay", **fields: str) -> requests.Response:
        """Press a button of the hosted page."""
        form = {**BUYER, "action": action, **fields}
        url = f"{self.url}/pay/{session_id}"
        return requests.post(url, data=form, allow_redirects=False, timeout=30)

    def pay(self, session_id: str, **fields: str) -> Any:
        """Pay a session on the hosted page and return it with its payment and charge."""
        assert self.press(session_id, "pay", **fields).status_code == 303
        return self.get(session_id)

    def get(self, session_id: str) -> Any:
        """A session with its payment and charge."""
        expand = ["payment_intent.latest_charge"]
        return self.client.v1.checkout.sessions.retrieve(session_id, {"expand": expand})

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use a practice control and return its JSON."""
        answer = self.raw(method, f"/practice{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask with the key, without the SDK."""
        headers = {"Authorization": f"Bearer {KEY}", **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **more)

    def events(self, **params: Any) -> list[Any]:
        """The newest events, oldest first."""
        return list(reversed(self.client.v1.events.list({"limit": 100, **params}).data))

    def event_types(self) -> list[str]:
        """The types of all events, oldest first."""
        return [event.type for event in self.events()]


def wish(**changes: Any) -> dict[str, Any]:
    """The parameters of an ordinary session."""
    line = {
        "price_data": {
            "currency": "usd",
            "unit_amount": 1250,
            "product_data": {"name": "Course", "description": "Ten lessons"},
            "tax_behavior": "exclusive",
        },
        "quantity": 2,
    }
    ordinary: dict[str, Any] = {
        "mode": "payment",
        "line_items": [line],
        "success_url": f"{SHOP}/checkout/return?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{SHOP}/cart",
        "customer_email": "ann@example.com",
        "client_reference_id": "order-7",
        "metadata": {"order": "7"},
    }
    return {key: value for key, value in {**ordinary, **changes}.items() if value is not None}


def line(amount: int, currency: str = "usd", quantity: int = 1, **product: Any) -> dict[str, Any]:
    """One line item."""
    data = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Thing", **product}}
    return {"price_data": data, "quantity": quantity}


def wait_for(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
