"""What binds: adding to the cart, the cart, the checkout and the webhook, each by visitors of their own."""

import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

import requests

from benchmarks.load import Load, request_bytes, run_for, run_once
from benchmarks.processes import cpu_seconds
from benchmarks.rows import Row, at_most, told
from benchmarks.servers import STRIPE_KEY, WEBHOOK_SECRET, Server
from storefront.gateways.stripe import StripeGateway

VISITORS = 240
_CALLS = 100
_FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept-Encoding": "gzip, br",
    "Accept-Language": "en",
}
_HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
_HIDDEN = re.compile(r'<input type="hidden" name="(csrf_token|key|total)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a full cart, ready to check out."""

    cookies: str
    fields: dict[str, str]


def measure_sale(shop: Server, database: str, variant_id: int, stripe_url: str) -> list[Row]:
    """Measure the four steps that write or bind. The goal of the checkout is without the time at Stripe, so what
    Stripe's library takes for its call is measured by itself and taken off."""
    put = urlencode({"variant_id": variant_id, "quantity": 1}).encode()
    add = request_bytes("/cart/lines", shop.port, {**_FORM, **_HTMX}, method="POST", body=put)
    run_once(shop.port, [add] * 30)
    rows = _measured(shop, f"{database}: add to cart", [add] * VISITORS, 200, 2.0)
    visitors = [visit(shop, variant_id) for _ in range(VISITORS)]
    looks = [request_bytes("/cart", shop.port, {**_FORM, "Cookie": one.cookies}) for one in visitors]
    rows += _measured(shop, f"{database}: cart page", looks, 200, 2.0, seconds=1.5)
    checkouts = [_checkout(shop, one, number) for number, one in enumerate(visitors)]
    run_once(shop.port, checkouts[:20], connections=4)
    call = call_to_stripe(stripe_url)
    rows += [told(f"{database}: call to Stripe by its library", call, "ms CPU")]
    rows += _measured(
        shop,
        f"{database}: checkout POST without the call",
        checkouts[20:],
        303,
        5.0,
        connections=4,
        elsewhere=call,
    )
    run_once(shop.port, [_event(shop, -number - 1) for number in range(20)], connections=4)
    events = [_event(shop, number) for number in range(VISITORS)]
    return rows + _measured(shop, f"{database}: webhook answer", events, 200, 3.0, connections=4)


def call_to_stripe(url: str) -> float:
    """Return the CPU milliseconds that one call takes in the process that makes it."""
    gateway = StripeGateway(STRIPE_KEY, (WEBHOOK_SECRET,), url)
    request = {
        "mode": "payment",
        "customer_email": "buyer@example.org",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 900,
                    "product_data": {"name": "One thing"},
                },
            }
        ],
        "metadata": {"shop": "bench", "order": "bench", "reference": "bench"},
        "success_url": "http://127.0.0.1/checkout/return?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1/cart",
    }
    for number in range(10):
        gateway.create_session(request, f"bench-warm-{number}")
    before = time.process_time()
    for number in range(_CALLS):
        gateway.create_session(request, f"bench-{number}")
    return (time.process_time() - before) / _CALLS * 1000


def visit(shop: Server, variant_id: int) -> Visitor:
    """Fill a cart and read the form on its page."""
    with requests.Session() as browser:
        browser.post(f"{shop.url}/cart/lines", data={"variant_id": variant_id}, timeout=10)
        page = browser.get(f"{shop.url}/cart", timeout=10).text
        form = page[page.index('action="/checkout"') :]
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    return Visitor(cookies, {name: unescape(value) for name, value in _HIDDEN.findall(form)})


def _checkout(shop: Server, visitor: Visitor, number: int) -> bytes:
    body = urlencode({**visitor.fields, "email": f"buyer-{number}@example.org"}).encode()
    return request_bytes(
        "/checkout", shop.port, {**_FORM, "Cookie": visitor.cookies}, method="POST", body=body
    )


def _event(shop: Server, number: int) -> bytes:
    """Make an event as Stripe signs it. Its session is nobody's, so the job that follows has little to do."""
    session: dict[str, object] = {
        "id": f"cs_test_bench_{number}",
        "object": "checkout.session",
        "payment_intent": None,
        "metadata": {},
    }
    event = {
        "id": f"evt_bench_{number}_{time.monotonic_ns()}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": session},
    }
    body = json.dumps(event).encode()
    moment = int(time.time())
    signature = hmac.new(WEBHOOK_SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={moment},v1={signature}"}
    return request_bytes("/webhooks/stripe", shop.port, headers, method="POST", body=body)


def _measured(
    shop: Server,
    name: str,
    sent: list[bytes],
    status: int,
    goal: float,
    *,
    connections: int = 8,
    seconds: float = 0,
    elsewhere: float = 0,
) -> list[Row]:
    """``elsewhere`` are CPU milliseconds of each request that the goal is not about."""
    before = cpu_seconds(shop.pids)
    load: Load = (
        run_for(shop.port, sent, seconds, connections) if seconds else run_once(shop.port, sent, connections)
    )
    cpu = cpu_seconds(shop.pids) - before
    if set(load.statuses) != {status}:
        raise RuntimeError(f"{name}: the shop answered {load.statuses} instead of {status}")
    return [
        at_most(name, cpu / load.requests * 1000 - elsewhere, "ms CPU", goal),
        told(name, load.per_second, "requests/s"),
    ]
