"""Orders, lines, refunds and customers as files: what was asked for, safe to open, of any length."""

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text, update

from storefront.analytics.exporting import Wanted, What, export
from storefront.cli import main
from storefront.core import db
from storefront.core.clock import date, now, timedelta
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import PaymentState
from tests.checkout.buying import Work, buy, events, go_to_pay, post_events, sell, session_id_of, the_order
from tests.selling import Till, check_out, put_into_cart

MANY = 6000
_FILL = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, CAST(:many AS integer)))",
}


def test_files_say_what_was_sold_paid_and_given_back(client: FlaskClient, till: Till, work: Work) -> None:
    page = go_to_pay(client, sell(title="A book", amount=1999), 2)
    till.pay(page)
    till.control(f"charges/{session_id_of(page)}/refund", amount=500)
    post_events(client, events(till))
    work()
    order = the_order()
    row = _read(What.ORDERS)[0]
    assert (row["number"], row["total"], row["currency"], row["paid"], row["refunded"], row["payment"]) == (
        order.number, "39.98", "EUR", "39.98", "5.00", "partly_refunded",
    )  # fmt: skip
    line = _read(What.LINES)[0]
    assert (line["order"], line["title"], line["quantity"], line["unit_price"], line["total"]) == (
        order.number, "A book", "2", "19.99", "39.98",
    )  # fmt: skip
    refund = _read(What.REFUNDS)[0]
    assert (refund["order"], refund["amount"], refund["state"], refund["currency"]) == (
        order.number, "5.00", "succeeded", "EUR",
    )  # fmt: skip
    customer = _read(What.CUSTOMERS)[0]
    assert (customer["email"], customer["orders"], customer["paid"], customer["refunded"], customer["net"]) == (
        order.email, "1", "39.98", "5.00", "34.98",
    )  # fmt: skip


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "1900"), ("BHD", "1.900"), ("EUR", "19.00")])
def test_amounts_have_the_places_of_their_currency(client: FlaskClient, currency: str, shown: str) -> None:
    put_into_cart(client, sell())
    check_out(client)
    with db.unit_of_work() as session:
        session.execute(update(Order).values(currency=currency))
    assert (_read(What.ORDERS)[0]["total"], _read(What.LINES)[0]["unit_price"]) == (shown, shown)


def test_nothing_in_a_file_is_a_formula(client: FlaskClient, owner_client: FlaskClient) -> None:
    put_into_cart(client, sell(title="A book"))
    check_out(client, email="=cmd@example.org")
    evil = '=HYPERLINK("http://x.example","y")'
    with db.unit_of_work() as session:
        session.execute(update(OrderLine).values(title=evil, variant_title="@sum(a1)", sku="+1-1"))
        session.execute(
            update(Order).values(shipping_address={"name": "-2+3", "line1": "\t=1", "country": "GB"})
        )
    for what in What:
        for row in _read(what):
            assert [cell for cell in row.values() if cell[:1] in tuple("=+-@\t")] == [], what
    assert _read(What.LINES)[0]["title"] == f"'{evil}"
    answer = owner_client.get("/admin/exports/orders.csv")
    assert answer.data.startswith(b"\xef\xbb\xbfnumber,")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert owner_client.get("/admin/exports/orders.csv?plain=1").data.startswith(b"number,")
    assert client.get("/admin/exports/orders.csv").status_code != 200
    assert owner_client.get("/admin/exports/secrets.csv").status_code == 404


def test_filters_choose_as_the_list_does(client: FlaskClient, till: Till, work: Work) -> None:
    buy(client, till, sell(title="A book"))
    put_into_cart(client, sell(title="A poster"))
    check_out(client, email="ben@example.org")
    work()
    today = now().date()

    def emails(**wanted: object) -> list[str]:
        return [row["email"] for row in _read(What.ORDERS, Wanted(**wanted))]  # type: ignore[arg-type]  # any of them

    assert emails() == ["anna@example.org", "ben@example.org"]
    assert emails(payment_state=PaymentState.PAID) == ["anna@example.org"]
    assert emails(words="poster") == ["ben@example.org"]
    assert emails(only_attention=True) == []
    assert emails(since=today, until=today) == emails()
    assert emails(until=today - timedelta(days=1)) == emails(since=today + timedelta(days=1)) == []
    assert [row["email"] for row in _read(What.CUSTOMERS)] == ["anna@example.org"]


def test_a_long_file_is_whole_and_takes_no_more_memory_than_a_short_one(
    client: FlaskClient, till: Till
) -> None:
    put_into_cart(client, sell())
    check_out(client)
    _multiply(MANY)
    for what, rows in {What.ORDERS: MANY + 1, What.LINES: MANY + 1, What.CUSTOMERS: MANY}.items():
        list(export(what, Wanted(until=date(2001, 1, 1))))  # what is loaded once
        tracemalloc.start()
        seen = sum(piece.count(b"\r\n") for piece in export(what, Wanted())) - 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == rows
        assert peak < 4_000_000, what  # all of it at once would be more than 15


def test_command_writes_the_same_file(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_into_cart(client, sell())
    check_out(client)
    dsn = db.engine().url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    file = tmp_path / "lines.csv"
    expected = b"".join(export(What.LINES, Wanted()))
    assert main(["export", "lines", str(file), "--state", "pending", "--since", f"{now():%Y-%m-%d}"]) == 0
    assert file.read_bytes() == expected
    assert f"{len(expected)} bytes." in capsys.readouterr().out


def _read(what: What, wanted: Wanted | None = None) -> list[dict[str, str]]:
    db.close_reader()
    whole = b"".join(export(what, wanted or Wanted(), bom=False)).decode()
    return list(csv.DictReader(io.StringIO(whole)))


def _multiply(many: int) -> None:
    """Copy the only order so many times, each with a line, and each paid by somebody else."""
    columns = [each.name for each in Order.__table__.columns if each.name != "id"]
    made = {
        "public_id": "'p' || i", "number": "'N' || i", "checkout_key": "'k' || i",
        "email": "'buyer-' || i || '@example.org'", "payment_state": "'paid'",
    }  # fmt: skip
    values = ", ".join(made.get(name, name) for name in columns)
    lines = [each.name for each in OrderLine.__table__.columns if each.name not in ("id", "order_id")]
    fill = _FILL[db.engine().dialect.name]
    into, into_lines = ", ".join(columns), ", ".join(lines)
    taken = ", ".join(f"l.{name}" for name in lines)
    copy = f"INSERT INTO shop_order ({into}) {fill} SELECT {values} FROM shop_order, n"  # noqa: S608 - our own names
    copy_lines = (
        f"INSERT INTO order_line (order_id, {into_lines}) SELECT o.id, {taken}"  # noqa: S608 - our own names
        " FROM order_line l, shop_order o WHERE o.number LIKE 'N%' AND o.id <> l.order_id"
    )
    with db.unit_of_work() as session:
        session.execute(text(copy), {"many": many})
        session.execute(text(copy_lines))
