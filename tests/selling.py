"""Making things to sell and buying them, as a person would, over HTTP. Plain functions without surprises."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from itertools import count
from typing import Any

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice_stripe import PracticeConfig
from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Content, Product, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ContentKind, ProductKind, ProductState
from storefront.catalog.stock import set_stock
from storefront.core import db, faults
from storefront.core.clock import now, timedelta
from storefront.search.service import index_product
from storefront.shipping import zoning
from storefront.shipping.models import ShippingMethod
from storefront.shipping.rates import Step
from storefront.shipping.states import RateBasis
from storefront.shipping.zoning import MethodInput

OWNER = "owner@example.org"
BUYER = "anna@example.org"
PASSWORD = "correct horse battery"
ADDRESS = {
    "name": "Anna Berg",
    "line1": "Lindenweg 3",
    "postal_code": "07743",
    "city": "Jena",
    "country": "DE",
}

_numbers = count(1)


@dataclass
class Till:
    """Practice Stripe as a test sees it: its address, and what a buyer does on its page."""

    config: PracticeConfig
    url: str
    delivered: list[str] = field(default_factory=list)

    def pay(self, page_url: str, action: str = "pay", **fields: str) -> str:
        """Press a button on the payment page and return where it leads."""
        answer = requests.post(
            page_url, data={"email": BUYER, "action": action, **fields}, allow_redirects=False, timeout=10
        )
        assert answer.status_code in (303, 402, 422), answer.text
        return answer.headers.get("Location", "")

    def control(self, path: str, **fields: object) -> dict[str, object]:
        """Use one of the practice controls, which are not part of Stripe's API."""
        headers = {"Authorization": f"Bearer {self.config.secret_key}"}
        answer = requests.post(f"{self.url}/practice/{path}", json=fields, headers=headers, timeout=10)
        assert answer.ok, answer.text
        found: dict[str, object] = answer.json()
        return found

    def get(self, path: str, **query: str) -> dict[str, object]:
        """Read from the API as Stripe's dashboard would."""
        headers = {"Authorization": f"Bearer {self.config.secret_key}"}
        answer = requests.get(f"{self.url}/v1/{path}", params=query, headers=headers, timeout=10)
        assert answer.ok, answer.text
        found: dict[str, object] = answer.json()
        return found


def make_product(
    title: str = "A small book",
    *,
    amount: int = 1900,
    stock: int | None = None,
    requires_shipping: bool = False,
    kind: ProductKind = ProductKind.DOWNLOAD,
    currency: str = "EUR",
    content: ContentKind | None = ContentKind.TEXT,
    state: ProductState = ProductState.PUBLISHED,
    weight_grams: int | None = None,
) -> Product:
    """Put one product with one variant into the shop; must run within a unit."""
    number = next(_numbers)
    product = Product(
        slug=f"product-{number}",
        kind=kind,
        state=state,
        title=title,
        summary=f"Summary {number}",
        description="Words.",
        translations={"zh": {"title": f"小书{number}"}},
        requires_shipping=requires_shipping,
        currency=currency,
        published_at=now() - timedelta(days=1),
    )
    db.session().add(product)
    db.session().flush()
    variant = Variant(
        product_id=product.id, sku=f"SKU-{number}", price_amount=amount, currency=currency, reserved=0, sold=0
    )
    variant.weight_grams = weight_grams
    set_stock(variant, stock)
    db.session().add(variant)
    if content is not None:
        db.session().add(_content(product, content))
    refresh_card(product.id)
    index_product(product.id)
    raise_stamp()
    db.session().flush()
    return product


def variant_of(product: Product) -> Variant:
    """Return the only variant of a product, as it is now."""
    found: Variant = db.session().query(Variant).filter_by(product_id=product.id).one()
    return found


def log_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    """Log in by the form."""
    return send(client, "/account/login", email=email, password=password)


def send(client: FlaskClient, path: str, page: str | None = None, **fields: str) -> TestResponse:
    """Open the page that holds the form, take its token, and send it."""
    token = token_of(client.get(page or path))
    return client.post(path, data={"csrf_token": token, **fields})


def token_of(page: TestResponse) -> str:
    """Return the CSRF token of a page."""
    found = re.search(r'name="csrf_token"\s+(?:type="hidden"\s+)?value="([^"]+)"', page.text)
    assert found, page.text[:2000]
    return unescape(found[1])


def put_into_cart(client: FlaskClient, product: Product, quantity: int = 1) -> None:
    """Add a product to the cart as the form on its page does."""
    answer = client.post("/cart/lines", data={"variant_id": variant_of(product).id, "quantity": quantity})
    assert answer.status_code == 303


def check_out(client: FlaskClient, email: str = BUYER, **other: str) -> TestResponse:
    """Send the checkout form as it stands on the cart page, or on the page of its own that parcels have."""
    return client.post("/checkout", data={**checkout_fields(client), "email": email, **other})


def checkout_fields(client: FlaskClient) -> dict[str, str]:
    """Return the hidden fields of the checkout form; for parcels also the chosen method, and an address."""
    page = client.get("/cart").text
    if 'action="/checkout"' not in page:
        page = client.get("/checkout").text
    form = page[page.index('action="/checkout"') :]
    hidden = re.findall(r'<input type="hidden" name="(csrf_token|key|total|currency)" value="([^"]*)"', form)
    method = re.search(r'name="method" id="[^"]*" value="([^"]*)" checked', form)
    place = {"method": method[1], **ADDRESS} if method else {}
    return {**{name: unescape(value) for name, value in hidden}, **place}


def ship(places: str = "DE, *", amount: int = 0, **other: Any) -> ShippingMethod:
    """Have a way of sending to these places that costs so much whatever the weight; must run within a unit."""
    zone = zoning.save_zone(None, f"Zone {next(_numbers)}", zoning.read_places(places))
    steps = other.pop("steps", (Step(None, amount),))
    wanted = MethodInput("Parcel", "EUR", other.pop("basis", RateBasis.WEIGHT), steps, **other)
    return zoning.save_method(zone, None, wanted)


def path_of(address: str) -> str:
    """Return the path and query of an address of the shop."""
    return re.sub(r"^https?://[^/]+", "", address)


def heading_of(page: TestResponse) -> str:
    """Return the words of the page's h1."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert found
    return unescape(found[1]).strip()


def _content(product: Product, kind: ContentKind) -> Content:
    return Content(
        product_id=product.id,
        kind=kind,
        title="What you get",
        body="The secret words.",
        pattern="TEST-****-****-****" if kind is ContentKind.LICENCE else "",
        translations={},
    )


@contextmanager
def broken_at(point: str) -> Iterator[None]:
    """Let the code break at a named point, as if the process died there, and be whole again afterwards."""
    faults._armed = faults._Armed(f"{point}:raise")
    try:
        yield
    finally:
        faults._armed = faults._Armed("")
