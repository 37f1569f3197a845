"""What tests of a sale do again and again: tell the shop what Stripe says, and look into the books of both."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from practice_stripe.webhooks import sign
from storefront.catalog.models import Product, Variant
from storefront.checkout import doctor
from storefront.checkout.jobs import gateway
from storefront.core import db
from storefront.core.clock import now
from storefront.core.db import Base
from storefront.fulfilment.models import Entitlement
from storefront.gateways.stripe import PaymentGateway
from storefront.notifications.models import Message
from storefront.orders.models import Order
from storefront.orders.queries import get_order
from tests.fixtures.app import WEBHOOK_SECRET
from tests.selling import Till, check_out, make_product, path_of, put_into_cart

Work = Callable[[], int]


def sell(**words: Any) -> Product:
    """Put a product into the shop."""
    with db.unit_of_work():
        return make_product(**words)


def go_to_pay(client: FlaskClient, product: Product, quantity: int = 1, **form: str) -> str:
    """Put so many into the cart and check out; return the address of the payment page."""
    put_into_cart(client, product, quantity)
    answer = check_out(client, **form)
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["Location"]


def come_back(client: FlaskClient, address: str) -> str:
    """Follow the way back from Stripe, and return the path of the page where it ends."""
    answer = client.get(path_of(address))
    assert answer.status_code == 303, answer.text[:3000]
    return path_of(answer.headers["Location"])


def buy(client: FlaskClient, till: Till, product: Product, quantity: int = 1) -> str:
    """Buy something by card, and return the path of the order's page."""
    return come_back(client, till.pay(go_to_pay(client, product, quantity)))


def session_id_of(payment_page: str) -> str:
    """Return the session whose page this is."""
    return payment_page.rpartition("/")[2].partition("?")[0]


def events(till: Till, *kinds: str) -> list[dict[str, Any]]:
    """Return what has happened at Stripe so far, first thing first."""
    found: Any = till.get("events", limit="100")["data"]
    return [event for event in reversed(found) if not kinds or event["type"] in kinds]


def post_event(client: FlaskClient, event: dict[str, Any], secret: str = WEBHOOK_SECRET) -> TestResponse:
    """Send one event as Stripe would."""
    body = json.dumps(event).encode()
    signature = sign(body, secret, int(now().timestamp()))
    return client.post(
        "/webhooks/stripe",
        data=body,
        headers={"Stripe-Signature": signature},
        content_type="application/json",
    )


def post_events(client: FlaskClient, some: Iterable[dict[str, Any]]) -> None:
    """Send events one after the other; each must be welcome."""
    for event in some:
        assert post_event(client, event).status_code == 200


def open_sessions(till: Till) -> list[str]:
    """Return the sessions that can be paid at this moment."""
    found: Any = till.get("checkout/sessions", status="open", limit="100")["data"]
    return [session["id"] for session in found]


def charges(till: Till) -> list[dict[str, Any]]:
    """Return the charges that brought money."""
    found: Any = till.get("charges", limit="100")["data"]
    return [charge for charge in found if charge["status"] == "succeeded"]


def refunds(till: Till) -> list[dict[str, Any]]:
    """Return the refunds that Stripe knows."""
    found: Any = till.get("refunds", limit="100")["data"]
    return list(found)


def end_faults(till: Till) -> None:
    """Withdraw all faults that were ordered of Stripe."""
    headers = {"Authorization": f"Bearer {till.config.secret_key}"}
    assert requests.delete(f"{till.url}/practice/faults", headers=headers, timeout=10).ok


def stripe(app: Flask) -> PaymentGateway:
    """Return the gateway of the shop under test."""
    with app.app_context():
        return gateway()


def the_order() -> Order:
    """Return the only order, as it is now."""
    db.close_reader()
    return get_order(db.session().scalars(select(Order.id)).one())


def orders() -> list[Order]:
    """Return all orders, first one first, as they are now."""
    db.close_reader()
    return [get_order(order_id) for order_id in db.session().scalars(select(Order.id).order_by(Order.id))]


def count(model: type[Base]) -> int:
    """Return how many rows there are."""
    db.close_reader()
    return db.session().scalar(select(func.count()).select_from(model)) or 0


def mails() -> list[str]:
    """Return the kinds of mail that were written, first one first."""
    db.close_reader()
    return list(db.session().scalars(select(Message.kind).order_by(Message.id)))


def access() -> list[bool]:
    """Return for each thing that was granted whether it is open now."""
    db.close_reader()
    found = db.session().scalars(select(Entitlement).order_by(Entitlement.id))
    return [entitlement.revoked_at is None for entitlement in found]


def stock_of(product: Product) -> tuple[int | None, int, int]:
    """Return how many units can be sold, are reserved, and were sold."""
    db.close_reader()
    variant = db.session().scalars(select(Variant).where(Variant.product_id == product.id)).one()
    return variant.stock, variant.reserved, variant.sold


def complaints() -> dict[str, list[str]]:
    """Return what the doctor finds; a healthy shop gives nothing."""
    db.close_reader()
    return {finding.name: finding.rows for finding in doctor.findings()}
