"""What applications ask: good keys, seats, limits, refunds; twenty at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.fulfilment.models import Entitlement, KeyState
from storefront.licensing import activating, api
from storefront.licensing.models import Activation
from tests.checkout.buying import (
    Work,
    buy,
    come_back,
    complaints,
    count,
    events,
    go_to_pay,
    post_events,
    session_id_of,
    the_order,
)
from tests.licensing.having import ask, keys, library, licence, outcome
from tests.selling import Till, make_product, send

GOOD = (200, None)


def test_key_is_activated_to_its_limit_freed_and_activated_elsewhere(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=2)
    buy(client, till, product)
    work()
    (key,) = keys()
    first = ask(client, "activate", product, key, instance="one", label="Desk")
    assert first.json is not None
    assert (first.json["activated"], first.json["activations"]) == (True, {"used": 1, "limit": 2})
    again = ask(client, "activate", product, key, instance="one")
    assert again.json is not None
    assert (again.json["activated"], again.json["activations"]["used"]) == (False, 1)
    assert outcome(ask(client, "activate", product, key, instance="two")) == GOOD
    full = ask(client, "activate", product, key, instance="three")
    assert outcome(full) == (409, "no_seats")
    assert full.json is not None
    assert full.json["activations"] == {"used": 2, "limit": 2}
    seen = ask(client, "verify", product, key, instance="three")
    assert seen.json is not None
    assert (seen.json["valid"], seen.json["instance"]) == (True, {"name": "three", "active": False})
    freed = ask(client, "deactivate", product, key, instance="one")
    assert freed.json is not None
    assert (freed.json["deactivated"], freed.json["activations"]["used"]) == (True, 1)
    assert ask(client, "deactivate", product, key, instance="one").json["deactivated"] is False  # type: ignore[index]
    assert outcome(ask(client, "activate", product, key, instance="three")) == GOOD
    assert complaints() == {}


def test_forms_are_as_good_as_json_and_no_cookie_is_given_or_taken(
    client: FlaskClient, till: Till, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activating, "MOST_ACTIVATIONS", 1)
    product = licence()
    buy(client, till, product)
    work()
    (key,) = keys()
    stranger = client.application.test_client()
    fields = {"key": f" {key} ", "product": product.slug, "instance": "form"}
    answer = stranger.post("/api/licences/activate", data=fields, headers={"Origin": "https://app.example"})
    assert outcome(answer) == GOOD
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    asked_first = stranger.options("/api/licences/activate", headers={"Origin": "https://app.example"})
    assert asked_first.headers["Access-Control-Allow-Headers"] == "Content-Type"
    with db.unit_of_work() as session:
        other = make_product("Another")
        old = product.slug
        session.execute(update(type(product)).where(type(product).id == product.id).values(slug="renamed"))
        session.add(_old_slug(old, product.id))
    full = ask(client, "activate", product, key, instance="one too many for anybody")
    assert outcome(full) == (409, "no_seats")
    assert outcome(ask(client, "verify", other, key)) == (404, "unknown_key")
    assert outcome(ask(client, "verify", product, key)) == GOOD, "an address from before goes on working"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"key", "product", "instance"}),
        ({"key": "x", "product": "y", "instance": " "}, {"instance"}),
        ({"key": 1, "product": ["y"], "instance": None}, {"key", "product", "instance"}),
        ({"key": "x" * 121, "product": "y\x00", "instance": "z" * 201}, {"key", "product", "instance"}),
        ([], set()),
    ],
)
def test_what_is_wrong_is_named(client: FlaskClient, body: object, named: set[str]) -> None:
    answer = client.post("/api/licences/activate", json=body)
    assert outcome(answer) == (422, "invalid")
    assert answer.json is not None
    assert set(answer.json["fields"]) == named


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"{", "application/json"), (b"\xff\xfe", "application/x-www-form-urlencoded"), (b"x", "text/plain")],
)
def test_odd_bodies_are_refused_in_json(client: FlaskClient, data: bytes, kind: str) -> None:
    answer = client.post("/api/licences/verify", data=data, content_type=kind)
    assert outcome(answer) == (422, "invalid")
    long = client.post("/api/licences/verify", data=b"x" * 20_000, content_type="application/json")
    assert outcome(long) == (413, "unreadable")


def test_twenty_at_once_get_as_many_seats_as_there_are(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=5)
    buy(client, till, product)
    work()
    (key,) = keys()

    def activate(number: int) -> tuple[int, str | None]:
        return outcome(ask(app.test_client(), "activate", product, key, instance=f"machine {number % 15}"))

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(activate, range(20)))
    assert set(found) == {GOOD, (409, "no_seats")}
    db.close_reader()
    held = set(db.session().scalars(select(Activation.instance)))
    assert len(held) == 5
    assert all(
        (outcome == GOOD) == (f"machine {number % 15}" in held) for number, outcome in enumerate(found)
    )


def test_refund_closes_key_api_and_file(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=1)
    buy(client, till, product)
    work()
    (key,) = keys()
    assert outcome(ask(client, "activate", product, key, instance="one")) == GOOD
    page = client.get(f"{library()}/keys").text
    assert key in page
    send(owner_client, f"/admin/orders/{the_order().number}/refund", page="/admin/orders")
    work()
    for what in ("verify", "activate", "deactivate"):
        assert outcome(ask(client, what, product, key, instance="one")) == (409, "revoked")
    for path in ("", "/keys"):
        assert client.get(library() + path).status_code == 404
    assert (keys(), keys(KeyState.BURNT), count(Activation), complaints()) == ([], [key], 0, {})


def test_disputed_key_is_suspended_and_comes_back_with_its_seats(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=1)
    payment_page = go_to_pay(client, product)
    come_back(client, till.pay(payment_page))
    work()
    (key,) = keys()
    ask(client, "activate", product, key, instance="one")
    dispute = till.control(f"charges/{session_id_of(payment_page)}/dispute")
    post_events(client, events(till))
    work()
    assert outcome(ask(client, "verify", product, key)) == (409, "suspended")
    assert (keys(KeyState.SUSPENDED), complaints()) == ([key], {})
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    post_events(client, events(till))
    work()
    back = ask(client, "verify", product, key, instance="one")
    assert back.json is not None
    assert (back.status_code, back.json["instance"]["active"]) == (200, True)


def test_key_counts_as_long_as_the_access(client: FlaskClient, till: Till, work: Work) -> None:
    product = licence()
    buy(client, till, product)
    work()
    (key,) = keys()
    with db.unit_of_work() as session:
        session.execute(update(Entitlement).values(starts_at=now() + timedelta(days=1)))
    assert outcome(ask(client, "verify", product, key)) == (409, "not_yet_valid")
    with db.unit_of_work() as session:
        session.execute(
            update(Entitlement).values(starts_at=now() - timedelta(days=2), ends_at=now() - timedelta(days=1))
        )
    assert outcome(ask(client, "verify", product, key)) == (409, "expired")


def test_who_guesses_or_asks_too_often_must_wait(
    client: FlaskClient, till: Till, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST_WRONG", 3)
    monkeypatch.setattr(api, "MOST_FOR_KEY", 4)
    product = licence()
    buy(client, till, product)
    work()
    (key,) = keys()
    tomorrow = (now() + timedelta(days=1)).replace(minute=1, second=0)
    with time_machine.travel(tomorrow, tick=False):
        for number in range(3):
            assert outcome(ask(client, "verify", product, f"GUESS-{number}")) == (404, "unknown_key")
        stopped = ask(client, "verify", product, key)
        assert outcome(stopped) == (429, "too_many")
        assert int(stopped.headers["Retry-After"]) == stopped.json["retry_after"] == 540  # type: ignore[index]
        elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
        body = {"key": key, "product": product.slug}
        statuses = [
            client.post("/api/licences/verify", json=body, environ_overrides=elsewhere).status_code
            for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429], "the one that was stopped counts for the key, too"


def _old_slug(slug: str, product_id: int) -> object:
    from storefront.catalog.models import OldSlug

    return OldSlug(slug=slug, product_id=product_id)
