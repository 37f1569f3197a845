"""What we send to Stripe is held against its OpenAPI file, and always against the names that we know to be right."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe as sdk
from flask import Flask
from flask.testing import FlaskClient

from storefront.catalog.models import Product
from storefront.checkout import sweeping
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.promotions import service as promotions
from storefront.promotions.service import CodeInput
from storefront.promotions.states import CodeKind
from storefront.shop import service as shop
from tests.checkout.buying import (
    Work,
    buy,
    come_back,
    events,
    go_to_pay,
    orders,
    post_events,
    sell,
    session_id_of,
    stripe,
)
from tests.selling import Till, check_out, make_product, put_into_cart, send, ship

SHARED = Path(os.environ.get("SHARED_DIR") or Path(__file__).parents[3] / "shared")
KNOWN: dict[str, list[str]] = json.loads((Path(__file__).parent / "stripe_parameters.json").read_text())

Sent = tuple[str, str, dict[str, str], dict[str, str]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """Method, path, parameters and headers of each request to Stripe."""
    kept: list[Sent] = []
    ask = sdk.RequestsClient.request

    def request(self: Any, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        parts = urlsplit(url)
        body = post_data.decode() if isinstance(post_data, bytes) else post_data or ""
        fields = dict(
            parse_qsl(parts.query or body, keep_blank_values=True, strict_parsing=bool(parts.query or body))
        )
        kept.append((method.upper(), parts.path, fields, dict(headers)))
        return ask(self, method, url, headers, post_data)

    monkeypatch.setattr(sdk.RequestsClient, "request", request)
    return kept


def test_every_request_of_a_busy_day_is_in_the_contract(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work, sent: list[Sent]
) -> None:
    with db.unit_of_work():
        ship(amount=490)
    put_into_cart(client, sell(title="小海报" * 60, requires_shipping=True, stock=3), 2)
    first = check_out(client).headers["Location"]
    second = go_to_pay(client, sell())
    come_back(client, till.pay(second))
    buy(client, till, sell())
    work()
    send(owner_client, f"/admin/orders/{orders()[-1].number}/refund", page="/admin/orders")
    till.control(f"charges/{session_id_of(second)}/dispute")
    work()
    post_events(client, events(till))
    work()
    sweeping.sweep_strays(stripe(app))
    sweeping.reconcile(stripe(app), now() - timedelta(days=1))
    with pytest.raises(Exception, match="No such"):
        stripe(app).metadata_of_payment("pi_nobody")
    assert first != second
    used: dict[str, set[str]] = {}
    for method, path, fields, headers in sent:
        used.setdefault(_operation(method, path), set()).update(_names(fields))
        assert re.fullmatch(r"\d{4}-\d\d-\d\d\.\w+", headers["Stripe-Version"])
        if method == "POST":
            assert headers["Idempotency-Key"]
    unknown = {name: sorted(fields - set(KNOWN.get(name, []))) for name, fields in used.items()}
    assert {name: fields for name, fields in unknown.items() if fields or name not in KNOWN} == {}
    assert set(used) == set(KNOWN), "the list of what we use says more or less than what is used"
    if _spec_file():
        mistakes = [
            mistake for method, path, fields, _ in sent for mistake in _mistakes(method, path, fields)
        ]
        assert mistakes == []


def test_request_with_a_code_and_stripe_tax_is_in_the_contract(
    client: FlaskClient, till: Till, sent: list[Sent]
) -> None:
    with db.unit_of_work() as session:
        promotions.create(CodeInput("SPRING", CodeKind.PERCENT, 1000))
        shop.save_tax_facts("stripe", "DE", is_included=False)
        book = make_product()
        session.get_one(Product, book.id).tax_class = "reduced"
    shop.forget()
    put_into_cart(client, book, 3)
    send(client, "/cart/code", page="/cart", code="SPRING")
    assert check_out(client).status_code == 303
    [fields] = [
        fields for method, path, fields, _ in sent if (method, path) == ("POST", "/v1/checkout/sessions")
    ]
    assert _names(fields) - set(KNOWN["POST /v1/checkout/sessions"]) == set()
    assert fields["line_items[0][price_data][product_data][tax_code]"] == "txcd_10302000"
    assert fields["line_items[0][price_data][product_data][description]"] == "SPRING: €57.00 − €5.70"
    if _spec_file():
        assert _mistakes("POST", "/v1/checkout/sessions", fields) == []
    shop.forget()


def test_request_that_stripe_would_refuse_is_found() -> None:
    fields = {"mode": "paymnt", "ui_mode_": "x", "line_items[0][quantity]": "many"}
    assert _names(fields) - set(KNOWN["POST /v1/checkout/sessions"]) == {"ui_mode_"}
    if _spec_file():
        assert _mistakes("POST", "/v1/checkout/sessions", fields) == [
            "POST /v1/checkout/sessions: .mode may not be paymnt",
            "POST /v1/checkout/sessions: .ui_mode_ is unknown",
            "POST /v1/checkout/sessions: .line_items[].quantity is no integer: many",
        ]


def _names(fields: dict[str, str]) -> set[str]:
    """Return the names of parameters, with every place in a list called ``[]``."""
    names = {re.sub(r"\[\d+\]", "[]", name) for name in fields}
    return {re.sub(r"^(metadata|payment_intent_data\[metadata\])\[.*", r"\1", name) for name in names}


def _operation(method: str, path: str) -> str:
    return f"{method} {re.sub(r'/(cs|pi|re|dp|du)_[^/]+', '/{id}', path)}"


def _spec_file() -> Path | None:
    return next(iter(sorted((SHARED / "stripe").glob("openapi*.json"))), None)


@cache
def _spec() -> Any:
    file = _spec_file()
    assert file
    return json.loads(file.read_text())


def _mistakes(method: str, path: str, fields: dict[str, str]) -> list[str]:
    """Return what Stripe's own file has against a request."""
    for template, operations in _spec()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in operations:
            schema = _schema(operations[method.lower()], method)
            return [f"{method} {path}: {mistake}" for mistake in _check(_tree(fields), schema, "")]
    return [f"{method} {path} is not in the contract"]


def _schema(operation: Any, method: str) -> Any:
    """Return what the parameters of an operation must look like; the query has a schema of its own in this file."""
    if method == "POST":
        body = operation.get("requestBody", {"content": {"": {"schema": {"type": "object"}}}})
        return next(iter(body["content"].values()))["schema"]
    if "x-query-schema" in operation:
        return operation["x-query-schema"]
    named = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
    return {"type": "object", "properties": named}


def _tree(fields: dict[str, str]) -> Any:
    """Return nested parameters as Stripe reads them."""
    root: dict[str, Any] = {}
    for name, value in fields.items():
        parts = re.findall(r"[^\[\]]+", name)
        place = root
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return root


def _check(value: Any, schema: Any, at: str) -> list[str]:
    while "$ref" in schema:
        schema = _spec()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        tries = [_check(value, one, at) for one in schema["anyOf"]]
        return min(tries, key=len)
    kind = schema.get("type")
    if kind == "object":
        return _check_object(value, schema, at)
    if kind == "array":
        items = value.values() if isinstance(value, dict) else [value]
        return [mistake for item in items for mistake in _check(item, schema["items"], f"{at}[]")]
    if isinstance(value, dict):
        return [f"{at} is no {kind}"]
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        return [f"{at} is no integer: {value}"]
    if kind == "boolean" and value not in ("true", "false"):
        return [f"{at} is no boolean: {value}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at} may not be {value}"]
    return [f"{at} is too long"] if len(value) > schema.get("maxLength", 10**9) else []


def _check_object(value: Any, schema: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is no object"]
    known, more = schema.get("properties", {}), schema.get("additionalProperties")
    mistakes = [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, inner in value.items():
        if name in known:
            mistakes += _check(inner, known[name], f"{at}.{name}")
        elif isinstance(more, dict):
            mistakes += _check(inner, more, f"{at}.{name}")
        else:
            mistakes.append(f"{at}.{name} is unknown")
    return mistakes
