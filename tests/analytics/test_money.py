"""Money by day and by month."""

from datetime import UTC, datetime

import time_machine
from flask.testing import FlaskClient

from storefront.analytics import money
from storefront.core.clock import date
from tests.checkout.buying import Work, events, go_to_pay, post_events, sell, session_id_of
from tests.selling import Till


def test_each_amount_stands_on_the_day_on_which_it_moved(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    with time_machine.travel(datetime(2026, 1, 31, 23, 50, tzinfo=UTC), tick=True) as clock:
        page = go_to_pay(client, sell(amount=1900))
        till.pay(page)
        _hear(client, till, work)
        clock.move_to(datetime(2026, 2, 1, 0, 10, tzinfo=UTC))
        till.control(f"charges/{session_id_of(page)}/refund", amount=500)
        _hear(client, till, work)
        january, february = money.by_day(date(2026, 1, 1)), money.by_day(date(2026, 2, 1))
        assert [(each.first, each.paid, each.refunded, each.net) for each in january + february] == [
            (date(2026, 1, 31), 1900, 0, 1900),
            (date(2026, 2, 1), 0, 500, -500),
        ]
        months = money.by_month()
        assert [(each.first, each.net) for each in months] == [
            (date(2026, 2, 1), -500),
            (date(2026, 1, 1), 1900),
        ]
        assert [(each.currency, each.payments, each.net) for each in money.totals(months)] == [
            ("EUR", 1, 1400)
        ]


def test_owner_reads_months_days_and_a_file(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    assert "No money has moved yet" in owner_client.get("/admin/money").text
    till.pay(go_to_pay(client, sell(amount=1900)))
    _hear(client, till, work)
    months = owner_client.get("/admin/money").text
    link = f"/admin/money?month={datetime.now(UTC):%Y-%m}"
    assert link in months
    assert "€19.00" in owner_client.get(link).text
    rows = (
        owner_client.get(link.replace("/money?", "/exports/money.csv?")).data.decode("utf-8-sig").splitlines()
    )
    assert rows[1].split(",")[1:7] == ["EUR", "1", "19.00", "0.00", "0.00", "19.00"]
    for odd in ("2026-13", "x", "0000-01", "2026-1"):
        assert owner_client.get(f"/admin/money?month={odd}").status_code == 200


def _hear(client: FlaskClient, till: Till, work: Work) -> None:
    post_events(client, events(till))
    work()
