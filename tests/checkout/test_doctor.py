"""Each invariant is broken on purpose and found; a healthy shop gives nothing."""
# ruff: noqa: S608 - statements that are put together from words of this file

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from storefront.accounts import service as accounts
from storefront.catalog.states import ContentKind
from storefront.checkout import doctor, sweeping
from storefront.core import db
from storefront.core.clock import now
from tests.checkout.buying import (
    Work,
    buy,
    complaints,
    events,
    go_to_pay,
    post_events,
    sell,
    session_id_of,
    stripe,
)
from tests.selling import OWNER, PASSWORD, Till, log_in

OLD = "'2020-01-01 00:00:00.000000'"
ORDER = "(SELECT min(id) FROM shop_order)"

# For each invariant the statements that break it.
CODE = (
    "INSERT INTO discount_code (code, key, kind, percent, amounts, minimums, is_scoped, used, note, created_at) "
    f"VALUES ('A', 'A', 'percent', 1000, '{{}}', '{{}}', false, 1, '', {OLD})"
)
SERIES = "INSERT INTO invoice_series (prefix, year, last_number) VALUES ('X', 2026, 3)"


def _seats(count: int) -> tuple[str, ...]:
    """Return what gives away so many places of a purchase."""
    kept = "order_id, order_line_id, product_id, variant_id, quantity, granted_at, starts_at, awaits_release"
    return tuple(
        f"INSERT INTO entitlement (public_id, email, parent_id, seat_position, {kept}) "
        f"SELECT 's{place}', 's{place}@example.org', id, {place}, {kept} FROM entitlement WHERE parent_id IS NULL"
        for place in range(count)
    )


BREAKS: dict[str, tuple[str, ...]] = {
    "too_many_seats": _seats(2),
    "seat_outlives_purchase": (
        *_seats(1),
        f"UPDATE entitlement SET revoked_at = {OLD} WHERE parent_id IS NULL",
    ),
    "sent_pieces": (
        "INSERT INTO line_count (order_line_id, ordered, sent, kept_back, asked_back, came_back) "
        "SELECT id, quantity, 1, 0, 0, 0 FROM order_line",
        "INSERT INTO shipment (public_id, order_id, number, page_key, state, is_pickup, carrier, tracking_number, "
        f"tracking_url, sent_at) SELECT 'p1', id, 1, 'k1', 'sent', false, '', '', '', {OLD} FROM shop_order",
    ),
    "returned_pieces": (
        "INSERT INTO line_count (order_line_id, ordered, sent, kept_back, asked_back, came_back) "
        "SELECT id, quantity, 1, 0, 1, 0 FROM order_line",
    ),
    "unbalanced_books": (
        "INSERT INTO unbalanced_day (day, currency, expected_amount, booked_amount, numbers, found_at) "
        f"VALUES ('2020-01-01', 'EUR', 1, 2, 'X', {OLD})",
    ),
    "paid_without_money": ("UPDATE payment SET captured_amount = 0",),
    "money_without_order": ("UPDATE shop_order SET payment_state = 'unpaid'",),
    "wrong_amount_unseen": ("UPDATE payment SET captured_amount = captured_amount + 1",),
    "paid_without_access": (
        "DELETE FROM licence_key",
        "DELETE FROM entitlement",
        f"UPDATE shop_order SET paid_at = {OLD}",
    ),
    "access_without_money": ("UPDATE shop_order SET payment_state = 'refunded'",),
    "keys_missing": ("DELETE FROM licence_key", f"UPDATE entitlement SET granted_at = {OLD}"),
    "burnt_key_in_use": (
        "UPDATE licence_key SET state = 'burnt'",
        "INSERT INTO activation (public_id, licence_key_id, instance, label, activated_at, seen_at) "
        f"SELECT 'a', id, 'machine', '', {OLD}, {OLD} FROM licence_key",
    ),
    "key_without_access": (f"UPDATE entitlement SET revoked_at = {OLD}",),
    "reserved_stock": ("UPDATE variant SET stock = stock - 1, reserved = reserved + 1",),
    "sold_stock": ("UPDATE variant SET stock = stock - 1, sold = sold + 1",),
    "stock_movements": ("UPDATE variant SET stock = stock + 1, received = received + 1",),
    "stale_reservation": (f"UPDATE stock_reservation SET state = 'held', expires_at = {OLD}",),
    "subtotal": (
        "UPDATE shop_order SET subtotal_amount = subtotal_amount + 1, total_amount = total_amount + 1",
    ),
    "refunded_too_much": (
        "INSERT INTO refund (public_id, payment_id, amount, currency, status, reason, created_at) "
        f"SELECT 'r1', id, captured_amount + 1, currency, 'requested', '', {OLD} FROM payment",
    ),
    "refunded_pieces": (
        "INSERT INTO refund (public_id, payment_id, amount, currency, status, reason, created_at) "
        f"SELECT 'r3', id, 1, currency, 'requested', '', {OLD} FROM payment",
        "INSERT INTO refund_line (refund_id, order_line_id, quantity, amount, access) "
        "SELECT r.id, l.id, l.quantity + 1, 1, 'keep' FROM refund r, order_line l",
    ),
    "transfer_sums": ("UPDATE payment SET method = 'transfer'",),
    "refund_state": (
        "INSERT INTO refund (public_id, payment_id, amount, currency, status, reason, created_at) "
        f"SELECT 'r2', id, captured_amount, currency, 'succeeded', '', {OLD} FROM payment",
    ),
    "unjournalled_state": ("DELETE FROM journal_entry WHERE action = 'order.state'",),
    "unhandled_event": (
        "INSERT INTO incoming_event (stripe_id, type, object_id, payload, received_at) "
        f"VALUES ('e', 't', '', '{{}}', {OLD})",
    ),
    "overdue_job": (
        "INSERT INTO job (kind, args, outside, run_after, attempts, created_at) "
        f"VALUES ('nothing', '{{}}', false, {OLD}, 0, {OLD})",
    ),
    "silent_message": (
        f"UPDATE message SET state = 'queued', sent_at = NULL, created_at = {OLD}",
        "DELETE FROM job",
    ),
    "reviews_counted": ("UPDATE product SET review_count = 1, rating_sum = 5",),
    "disabled_session": (f"UPDATE account SET disabled_at = {OLD}",),
    "code_uses": (CODE,),
    "code_of_unpaid": (
        CODE,
        "INSERT INTO code_use (order_id, code_id, customer, state, amount) "
        "SELECT o.id, c.id, 'x', 'held', 1 FROM shop_order o, discount_code c",
    ),
    "discounts": (
        "UPDATE shop_order SET discount_amount = discount_amount + 1, total_amount = total_amount - 1",
    ),
    "invoice_numbers": (SERIES,),
    "credited_too_much": (
        SERIES,
        "INSERT INTO invoice (public_id, kind, number, series_id, sequence, order_id, currency, total_amount, "
        "snapshot, issued_at) SELECT 'i1', 'invoice', 'X1', s.id, 1, o.id, 'EUR', 1, "
        f"'{{}}', {OLD} FROM invoice_series s, shop_order o",
        "INSERT INTO invoice (public_id, kind, number, series_id, sequence, order_id, corrects_id, currency, "
        "total_amount, snapshot, issued_at) SELECT 'i2', 'credit', 'X2', series_id, 2, order_id, id, 'EUR', 2, "
        f"'{{}}', {OLD} FROM invoice",
    ),
}


class BackOut(Exception):
    """Ends a unit whose changes are not meant to stay."""


def test_each_broken_invariant_is_found(app: Flask, client: FlaskClient, till: Till, work: Work) -> None:
    with app.app_context(), db.unit_of_work():
        accounts.create_owner(OWNER, PASSWORD)
    log_in(client, OWNER)
    buy(client, till, sell(stock=9, content=ContentKind.LICENCE))
    work()
    assert complaints() == {}
    missed = {}
    for name in doctor._INVARIANTS:
        found = _break(BREAKS[name])
        if name not in found:
            missed[name] = found
    assert missed == {}
    assert complaints() == {}


def _break(statements: tuple[str, ...]) -> set[str]:
    """Return the names of what is found after these statements, which are then undone."""
    found: set[str] = set()
    try:
        with db.unit_of_work() as session:
            for statement in statements:
                changed: Any = session.execute(text(statement))
                assert changed.rowcount, statement
            found = {finding.name for finding in doctor.findings()}
            raise BackOut
    except BackOut:
        return found


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that were sent since the list was emptied last."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine(), "before_cursor_execute", note)


def test_shop_is_healthy_after_many_odd_sales(
    app: Flask, client: FlaskClient, till: Till, work: Work, statements: list[str]
) -> None:
    """Random sales, refunds, disputes, delays and events in any order, as a month of a small shop."""
    chance = random.Random(7)
    products = [sell(stock=chance.randint(3, 6), content=ContentKind.LICENCE) for _ in range(2)] + [
        sell(amount=0)
    ]
    for _ in range(10):
        visitor = app.test_client()
        product = chance.choice(products)
        if product.price_amount == 0:
            go_to_pay(visitor, product)
            continue
        try:
            page = go_to_pay(visitor, product)
        except (AssertionError, ValueError):
            continue  # sold out
        action = chance.choice(["pay", "pay", "pay_delayed", "decline", "nothing"])
        if action == "nothing":
            continue
        till.pay(page, action)
        session = session_id_of(page)
        if action == "pay_delayed" and chance.random() < 0.8:
            till.control(f"delayed/{session}/{chance.choice(['confirm', 'fail'])}")
        if action == "pay" and chance.random() < 0.6:
            what = chance.choice(["refund", "dispute"])
            till.control(f"charges/{session}/{what}", amount=chance.choice([500, 1900]))
    happened = events(till)
    chance.shuffle(happened)
    post_events(client, happened)
    work()
    for minutes in (3, 60):
        with time_machine.travel(now() + timedelta(minutes=minutes)):
            sweeping.sweep(stripe(app))
            work()
    sweeping.reconcile(stripe(app), now() - timedelta(days=1))
    work()
    with time_machine.travel(now() + timedelta(hours=2)):
        work()
        statements.clear()
        began = time.perf_counter()
        found = complaints()
        assert (found, len(statements)) == ({}, len(doctor._INVARIANTS))
        assert time.perf_counter() - began < 1


def test_what_was_found_is_remembered_for_the_admin_page(app: Flask, client: FlaskClient, till: Till) -> None:
    buy(client, till, sell())
    with db.unit_of_work() as session:
        session.execute(text("UPDATE payment SET captured_amount = 0"))
    with app.app_context():
        from storefront.checkout.jobs import look_after_invariants

        look_after_invariants()
    assert [finding.name for finding in doctor.remembered()] == [
        "paid_without_money",
        "refund_state",
        "wrong_amount_unseen",
    ]
