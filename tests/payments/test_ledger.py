"""Each movement of money is one line of the ledger, and what does not agree is found."""

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from storefront.checkout import sweeping, transfers
from storefront.checkout.jobs import balance_books
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.ids import new_public_id
from storefront.payments import balancing
from storefront.payments import service as payments
from storefront.payments.models import Dispute, LedgerEntry, Payment, Refund
from storefront.payments.states import EntryKind, RefundStatus
from storefront.shop import service as shop
from tests.checkout.buying import (
    Work,
    buy,
    complaints,
    events,
    go_to_pay,
    post_events,
    refunds,
    sell,
    session_id_of,
    stripe,
    the_order,
)
from tests.selling import Till, send


def test_money_that_comes_goes_and_comes_back_is_a_line_each(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    page = go_to_pay(client, sell(amount=1900))
    till.pay(page)
    charge = f"charges/{session_id_of(page)}"
    post_events(client, events(till))
    work()
    till.control(f"{charge}/refund", amount=500)
    till.control("refunds/next", outcome="pending")
    till.control(f"{charge}/refund", amount=400)
    post_events(client, reversed(events(till)))
    work()
    pending = next(each for each in refunds(till) if each["status"] == "pending")
    till.control(f"refunds/{pending['id']}/settle", outcome="failed")
    till.control(f"{charge}/dispute")
    post_events(client, events(till))
    sweeping.sweep(stripe(app))
    work()
    found = till.get("disputes", limit="10")["data"]
    assert isinstance(found, list)
    till.control(f"disputes/{found[0]['id']}/close", outcome="won")
    for _ in range(2):
        post_events(client, events(till))
        work()
    held = found[0]["amount"]
    assert sorted(_lines()) == sorted([
        (EntryKind.PAYMENT, 1900), (EntryKind.REFUND, -500), (EntryKind.REFUND, -400),
        (EntryKind.REFUND_BACK, 400), (EntryKind.DISPUTE, -held), (EntryKind.DISPUTE_BACK, held),
    ])  # fmt: skip
    assert _unbalanced() == []


def test_what_was_given_away_is_no_money(client: FlaskClient, work: Work) -> None:
    assert "/orders/" in go_to_pay(client, sell(amount=0))  # there is no payment page for it
    work()
    assert _lines() == []


@pytest.mark.parametrize("harm", ["refund without a line", "line without a payment", "changed", "dispute"])
def test_books_that_do_not_add_up_are_red_with_day_and_order(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work, harm: str
) -> None:
    buy(client, till, sell(amount=1900))
    work()
    assert _unbalanced() == []
    payment, order = _payment(), the_order()
    with db.unit_of_work() as session:
        if harm == "refund without a line":
            succeeded, amount = RefundStatus.SUCCEEDED, 700
            session.add(Refund(payment_id=payment.id, amount=amount, currency="EUR", status=succeeded))
        elif harm == "line without a payment":
            row = {"order_id": order.id, "payment_id": payment.id, "currency": "EUR", "key": "payment:0"}
            session.add(LedgerEntry(**row, kind=EntryKind.PAYMENT, amount=5, at=now(), day=now().date()))
        elif harm == "changed":
            session.execute(update(Payment).values(captured_amount=1800))
        else:
            row = {"payment_id": payment.id, "stripe_id": "du_1", "currency": "EUR", "status": "lost"}
            session.add(Dispute(**row, amount=1900))
    balance_books()
    finding = complaints()["unbalanced_books"]
    assert finding == [f"{now():%Y-%m-%d} EUR {order.number}"]
    send(owner_client, "/admin/health/examination", "/admin/health")
    page = owner_client.get("/admin/health").text
    assert "The ledger does not say what was paid and refunded on a day" in page
    assert finding[0] in page


def test_ledger_is_never_changed(client: FlaskClient, till: Till, work: Work) -> None:
    buy(client, till, sell())
    for statement in (update(LedgerEntry).values(amount=1), delete(LedgerEntry)):
        with pytest.raises(DBAPIError, match="never changed"), db.unit_of_work() as session:
            session.execute(statement)
    assert len(_lines()) == 1


def test_payment_settled_twice_is_one_line(client: FlaskClient, till: Till, work: Work) -> None:
    buy(client, till, sell())
    from storefront.payments import ledger

    with db.unit_of_work():
        ledger.book_payment(payments.lock(_payment().id))
    assert len(_lines()) == 1


def test_transfer_that_comes_in_parts_stands_on_each_of_its_days(client: FlaskClient) -> None:
    with db.unit_of_work():
        shop.save_transfer("IBAN DE00 1234", "", 7)
    with time_machine.travel(now(), tick=True) as clock:
        go_to_pay(client, sell(amount=1900), pay="transfer")
        for amount in (1000, 900, 300):
            with db.unit_of_work():
                transfers.mark_money(the_order().id, amount, now().date(), new_public_id())
            clock.shift(timedelta(days=1))
    assert _lines() == [(EntryKind.PAYMENT, 1900), (EntryKind.PAYMENT, 300)]
    assert _unbalanced() == []


def test_old_books_are_written_into_the_ledger_by_the_migration(client: FlaskClient, till: Till) -> None:
    """What the migration has written for older orders is what the shop would have written."""
    from importlib import import_module

    step = import_module("migrations.versions.20261120_books")
    buy(client, till, sell(amount=1900))
    kind = db.engine().dialect.name
    query = step._BOOK.format(day=step._DAY[kind]).partition("SELECT")[2]
    with db.engine().connect() as connection:
        rows = connection.execute(text(f"SELECT{query}")).all()
    assert [(row[2], row[3], str(row[1])) for row in rows] == [("payment", 1900, f"{now():%Y-%m-%d}")]


def _lines() -> list[tuple[EntryKind, int]]:
    db.close_reader()
    statement = select(LedgerEntry.kind, LedgerEntry.amount).order_by(LedgerEntry.id)
    return [(kind, amount) for kind, amount in db.session().execute(statement)]


def _unbalanced() -> list[str]:
    db.close_reader()
    return [day.numbers for day in balancing.unbalanced_days()]


def _payment() -> Payment:
    db.close_reader()
    return db.session().scalars(select(Payment)).one()
