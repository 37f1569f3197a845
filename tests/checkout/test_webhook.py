"""The door for Stripe: who may come in, what is kept, and that nothing depends on order or number."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from practice_stripe.webhooks import sign
from storefront.checkout import sweeping
from storefront.checkout.jobs import compare_with_stripe
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.gateways.stripe import StripeGateway
from storefront.jobs.models import Job
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import Dispute, IncomingEvent
from storefront.shop.service import shop_mark
from tests.checkout.buying import (
    Work,
    access,
    buy,
    come_back,
    complaints,
    count,
    end_faults,
    events,
    go_to_pay,
    mails,
    post_event,
    post_events,
    sell,
    session_id_of,
    stripe,
    the_order,
)
from tests.fixtures.app import STRIPE_KEY, WEBHOOK_SECRET
from tests.selling import Till


def compare(app: Flask) -> None:
    """Do what a worker does every night."""
    with app.app_context():
        compare_with_stripe()
        db.close_reader()


def an_event(**other: Any) -> dict[str, Any]:
    """Return an event that nobody waits for."""
    return {
        "id": "evt_1",
        "object": "event",
        "type": "product.created",
        "created": 1,
        "data": {"object": {"id": "prod_1", "object": "product"}},
        **other,
    }


def test_event_is_kept_once_and_needs_neither_token_nor_cookie(client: FlaskClient) -> None:
    answers = [post_event(client, an_event()) for _ in range(2)]
    assert [(answer.status_code, answer.headers.getlist("Set-Cookie")) for answer in answers] == [
        (200, []),
        (200, []),
    ]
    assert (count(IncomingEvent), count(Job)) == (1, 0)


def test_event_signed_with_any_of_several_secrets_is_welcome(
    app: Flask, client: FlaskClient, till: Till
) -> None:
    app.extensions["payment_gateway"] = StripeGateway(STRIPE_KEY, ("whsec_new", WEBHOOK_SECRET), till.url)
    answers = [
        post_event(client, an_event(id=f"evt_{secret}"), secret).status_code
        for secret in ("whsec_new", WEBHOOK_SECRET, "whsec_old")
    ]
    assert (answers, count(IncomingEvent)) == ([200, 200, 400], 2)


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{}",
    b"\xff\xfe\x00",
    b'{"id": "evt_1"}',
    b'{"object": "event"}',
    b'{"id": "evt_1", "object": "event", "type": "x", "data": null}',
    b'{"id": "evt_1", "object": "event", "type": "x", "data": {"object": []}}',
    b'{"id": "evt_1", "object": "event", "data": {"object": {}}}',
    b"[" * 30_000,
    json.dumps({"object": "v2.core.event", "id": "evt_1", "type": "x"}).encode(),
]


def test_signed_bodies_that_are_no_events_are_refused(client: FlaskClient) -> None:
    kinds = (
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "\x00",
    )
    for body, kind in product(BODIES, kinds):
        headers = {
            "Stripe-Signature": sign(body, WEBHOOK_SECRET, int(now().timestamp())),
            "Content-Type": kind,
        }
        answer = client.post("/webhooks/stripe", data=body, headers=headers)
        assert (answer.status_code, answer.text) == (400, "signature\n"), (body[:80], kind)
    assert count(IncomingEvent) == 0


SIGNATURES = [
    "",
    "t=1",
    "v1=abc",
    "t=x,v1=y",
    "t=1,v1=",
    "=,=,=",
    "t" * 9000,
    "t=99999999999999999999999,v1=0",
    "t=-1,v1=é",
]


def test_missing_odd_and_old_signatures_are_refused(client: FlaskClient) -> None:
    body = json.dumps(an_event()).encode()
    old = sign(body, WEBHOOK_SECRET, int((now() - timedelta(hours=1)).timestamp()))
    assert client.post("/webhooks/stripe", data=body).status_code == 400
    for signature in (*SIGNATURES, old):
        answer = client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == 400, signature[:80]
    assert client.post("/webhooks/stripe", data=b"x" * 1_100_000).status_code == 400
    assert count(IncomingEvent) == 0


def test_charset_of_the_request_changes_nothing(client: FlaskClient) -> None:
    body = json.dumps(an_event()).encode()
    signature = sign(body, WEBHOOK_SECRET, int(now().timestamp()))
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-16"}
    assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200


def test_texts_that_no_database_keeps_do_not_stop_an_event(client: FlaskClient) -> None:
    odd = an_event(data={"object": {"id": "prod_\x00\ud800", "name": ["a\x00b", {"\x00": "\udfff"}]}})
    assert post_event(client, odd).status_code == 200
    db.close_reader()
    kept = db.session().scalars(select(IncomingEvent)).one()
    assert (kept.object_id, kept.payload["data"]["object"]["name"]) == ("prod_", ["ab", {"": ""}])


def test_other_methods_are_refused_in_words(client: FlaskClient) -> None:
    assert [
        client.open("/webhooks/stripe", method=method).status_code for method in ("GET", "PUT", "DELETE")
    ] == [405] * 3


def test_five_deliveries_at_once_are_one_sale(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    till.pay(go_to_pay(client, sell()))
    (completed,) = events(till, "checkout.session.completed")
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: post_event(app.test_client(), completed).status_code, range(5)))
    work()
    assert (answers, count(IncomingEvent), count(Entitlement), mails()) == ([200] * 5, 1, 1, ["order_paid"])


def test_webhook_before_the_return_and_the_other_way_round_are_the_same(
    client: FlaskClient, till: Till, work: Work
) -> None:
    first = till.pay(go_to_pay(client, sell()))
    post_events(client, events(till))
    work()
    come_back(client, first)
    second = till.pay(go_to_pay(client, sell()))
    come_back(client, second)
    post_events(client, events(till))
    work()
    assert (access(), mails(), complaints()) == ([True, True], ["order_paid"] * 2, {})


def test_refund_that_is_told_before_its_payment_waits_for_it(
    client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell())
    till.pay(page)
    till.control(f"charges/{session_id_of(page)}/refund")
    post_events(client, events(till, "charge.refunded", "refund.created", "refund.updated"))
    work()
    assert the_order().payment_state is PaymentState.UNPAID
    post_events(client, events(till))
    work()
    with time_machine.travel(now() + timedelta(seconds=20)):
        work()
    assert (the_order().payment_state, access(), complaints()) == (PaymentState.REFUNDED, [False], {})


def test_refund_of_a_delayed_payment_told_before_its_success_closes_access(
    client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell(stock=2))
    come_back(client, till.pay(page, "pay_delayed"))
    till.control(f"delayed/{session_id_of(page)}/confirm")
    till.control(f"charges/{session_id_of(page)}/refund")
    post_events(client, reversed(events(till)))
    work()
    assert (the_order().payment_state, any(access()), complaints()) == (PaymentState.REFUNDED, False, {})


def test_lost_webhooks_are_made_good_by_the_sweep(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    till.pay(go_to_pay(client, sell()))
    with time_machine.travel(now() + timedelta(minutes=3)):
        assert sweeping.sweep(stripe(app)) == 1
        work()
    assert (the_order().state, access(), mails()) == (OrderState.COMPLETED, [True], ["order_paid"])


def test_a_day_without_webhooks_is_repaired_by_one_comparison(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    paid, refunded, _ = (go_to_pay(app.test_client(), sell(stock=1)) for _ in range(3))
    till.pay(paid)
    till.pay(refunded)
    till.control(f"charges/{session_id_of(refunded)}/refund")
    with time_machine.travel(now() + timedelta(hours=24)):
        report = sweeping.reconcile(stripe(app), now() - timedelta(days=2))
        work()
        assert (report.compared, report.repaired, report.unknown) == (4, 4, 0)
        db.close_reader()
        states = list(db.session().scalars(select(Order.payment_state).order_by(Order.id)))
        assert states == [PaymentState.PAID, PaymentState.REFUNDED, PaymentState.UNPAID]
        assert (access(), complaints()) == ([True], {})


def test_session_of_somebody_else_is_ignored(app: Flask, client: FlaskClient, till: Till, work: Work) -> None:
    foreign = _foreign_session(app)
    till.pay(foreign["url"])
    post_events(client, events(till))
    work()
    assert client.get(f"/checkout/return?session_id={foreign['id']}").status_code == 404
    db.close_reader()
    waiting = db.session().scalars(select(Job.kind).where(Job.done_at.is_(None))).all()
    assert (waiting, count(Order), complaints()) == ([], 0, {})


def test_session_of_ours_whose_order_is_missing_is_tried_again(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    lost = _foreign_session(app, shop=_mark(app), reference="order-lost-1")
    till.pay(lost["url"])
    post_events(client, events(till, "checkout.session.completed"))
    work()
    db.close_reader()
    (job,) = db.session().scalars(select(Job)).all()
    assert (job.done_at, job.resting_since, job.attempts) == (None, None, 1)
    assert client.get(f"/checkout/return?session_id={lost['id']}").status_code == 404


def test_return_with_a_session_that_nobody_knows_is_not_found(client: FlaskClient) -> None:
    for session_id in ("", "cs_test_nobody", "a\x00b", "../../customers", "%", "x" * 5000):
        assert client.get("/checkout/return", query_string={"session_id": session_id}).status_code == 404, (
            session_id
        )


def test_return_while_stripe_is_down_shows_the_order_all_the_same(
    client: FlaskClient, till: Till, work: Work
) -> None:
    back = till.pay(go_to_pay(client, sell()))
    till.control("faults", kind="503", match="/v1/checkout/sessions", times=9)
    order_page = client.get(come_back(client, back))
    assert "We are asking about your payment." in order_page.text or "Not paid yet" in order_page.text
    end_faults(till)
    post_events(client, events(till))
    work()
    assert the_order().payment_state is PaymentState.PAID


def test_comparison_leaves_other_shops_alone_and_says_how_many(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    buy(client, till, sell())
    for metadata in ({}, {"shop": "storefront", "reference": "order-x-1"}, {"shop": "another-shop"}):
        foreign = _foreign_session(app, **metadata)
        till.pay(foreign["url"])
        till.control(f"charges/{foreign['id']}/refund", amount=100)
        till.control(f"charges/{foreign['id']}/dispute")
    with app.app_context():
        report = sweeping.reconcile(stripe(app), now() - timedelta(days=1))
    assert (report.compared, report.unknown, report.foreign) == (1, 0, 9)
    assert complaints() == {}


def test_dispute_whose_events_were_lost_is_found_by_the_nightly_comparison_and_followed_to_its_end(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    session = session_id_of(go_to_pay(client, sell()))
    till.pay(f"{till.url}/pay/{session}")
    work()
    dispute = till.control(f"charges/{session}/dispute")
    with ThreadPoolExecutor(2) as two:
        list(two.map(compare, [app, app]))
    work()
    assert (the_order().payment_state, access(), count(Dispute)) == (PaymentState.DISPUTED, [], 1)
    till.control(f"disputes/{dispute['id']}/close", outcome="won")
    with time_machine.travel(now() + timedelta(days=30)):
        compare(app)
        work()
        assert (the_order().payment_state, complaints()) == (PaymentState.PAID, {})


def _mark(app: Flask) -> str:
    with app.app_context():
        return shop_mark()


def _foreign_session(app: Flask, **metadata: str) -> Any:
    gateway: Any = stripe(app)
    return gateway._client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {"currency": "eur", "unit_amount": 700, "product_data": {"name": "x"}},
                }
            ],
            "success_url": "http://127.0.0.1/ok",
            "metadata": metadata,
        }
    )
