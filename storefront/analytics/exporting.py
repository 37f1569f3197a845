"""Orders, their lines, refunds and customers as CSV files, of any number in the same memory.

A file is written in batches, each of which goes on where the last one ended, so that no transaction stays open while
a slow line takes it in. What is ordered meanwhile may come at the end or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from storefront.analytics.tables import amount, csv_file, moment
from storefront.core import db
from storefront.core.clock import UTC, date, datetime, timedelta
from storefront.core.sentences import read
from storefront.orders.models import Order, OrderLine
from storefront.orders.queries import matches
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import LedgerEntry, Payment, Refund
from storefront.payments.states import EntryKind

_AT_ONCE = 500
_ADDRESS = ("name", "line1", "line2", "postal_code", "city", "state", "country")
_BACK = (EntryKind.REFUND, EntryKind.REFUND_BACK)

Rows = list[Sequence[str]]


class What(StrEnum):
    """What a file lists."""

    ORDERS = "orders"
    LINES = "lines"
    REFUNDS = "refunds"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders: as the owner's list finds them, placed from one day to another (UTC, both included).

    For refunds the days are those on which they were asked for.
    """

    words: str = ""
    state: OrderState | None = None
    payment_state: PaymentState | None = None
    only_attention: bool = False
    since: date | None = None
    until: date | None = None


def export(what: What, wanted: Wanted, *, bom: bool = True) -> Iterator[bytes]:
    """Yield the file piece by piece; never more than some hundred rows are held."""
    columns, batches = _FILES[what]
    return csv_file(columns, batches(wanted), bom=bom)


def _orders(wanted: Wanted) -> Iterator[Rows]:
    for orders in _batches_of_orders(wanted, _ORDER):
        sums = _paid_and_refunded([order.id for order in orders])
        db.close_reader()
        yield [_order_row(order, *sums.get(order.id, (0, 0))) for order in orders]


def _order_row(order: Any, paid: int, refunded: int) -> Sequence[str]:
    address = order.shipping_address or {}
    amounts = (
        order.subtotal_amount, order.discount_amount, order.tax_amount, order.shipping_amount, order.total_amount,
        order.included_tax_amount, paid, refunded,
    )  # fmt: skip
    return (
        order.number,
        moment(order.placed_at),
        moment(order.paid_at),
        moment(order.cancelled_at),
        order.state.value,
        order.payment_state.value,
        order.fulfilment_state.value,
        order.email,
        order.language,
        order.currency,
        *(amount(minor, order.currency) for minor in amounts),
        order.code or "",
        read(order.attention or "")[0],
        *(str(address.get(name) or "") for name in _ADDRESS),
    )


def _lines(wanted: Wanted) -> Iterator[Rows]:
    for orders in _batches_of_orders(wanted, _ORDER_OF_LINE):
        by_id = {order.id: order for order in orders}
        statement = _LINE.where(OrderLine.order_id.in_(by_id)).order_by(OrderLine.order_id, OrderLine.id)
        of_order: dict[int, list[Any]] = {order.id: [] for order in orders}
        for line in db.session().execute(statement):
            of_order[line.order_id].append(line)
        db.close_reader()
        yield [_line_row(by_id[order_id], line) for order_id, lines in of_order.items() for line in lines]


def _line_row(order: Any, line: Any) -> Sequence[str]:
    amounts = (line.unit_amount, line.total_amount, line.discount_amount, line.tax_amount)
    return (
        order.number,
        moment(order.placed_at),
        moment(order.paid_at),
        order.state.value,
        order.payment_state.value,
        order.email,
        line.sku,
        line.title,
        line.variant_title,
        "yes" if line.requires_shipping else "no",
        str(line.quantity),
        order.currency,
        *(amount(minor, order.currency) for minor in amounts),
    )


def _refunds(wanted: Wanted) -> Iterator[Rows]:
    statement = _REFUND.where(*_conditions(wanted, Refund.created_at)).order_by(Refund.id).limit(_AT_ONCE)
    last = 0
    while rows := db.session().execute(statement.where(Refund.id > last)).all():
        db.close_reader()
        last = rows[-1].id
        yield [_refund_row(row) for row in rows]


def _refund_row(row: Any) -> Sequence[str]:
    return (
        row.number,
        moment(row.created_at),
        moment(row.counted_at),
        moment(row.returned_at),
        row.status.value,
        row.email,
        row.currency,
        amount(row.amount, row.currency),
        read(row.reason)[0],
        row.failure or "",
        row.stripe_id or "",
    )


def _customers(wanted: Wanted) -> Iterator[Rows]:
    """One row for each mailbox and currency. Who only began to buy is no customer, unless that was asked for."""
    has_paid = [] if wanted.payment_state else [Order.payment_state != PaymentState.UNPAID]
    statement = _CUSTOMER.where(*_conditions(wanted, Order.placed_at), *has_paid)
    last: tuple[str, str] | None = None
    while True:
        further = [_comes_after(*last)] if last else []
        rows = db.session().execute(statement.where(*further)).all()
        sums = _of_customers(rows, _conditions(wanted, Order.placed_at))
        db.close_reader()
        if not rows:
            return
        last = (rows[-1].email, rows[-1].currency)
        yield [_customer_row(row, *sums.get((row.email, row.currency), (0, 0))) for row in rows]


def _customer_row(row: Any, paid: int, refunded: int) -> Sequence[str]:
    return (
        row.email,
        str(row.orders),
        moment(row.first),
        moment(row.last),
        row.currency,
        amount(paid, row.currency),
        amount(refunded, row.currency),
        amount(paid - refunded, row.currency),
    )


def _batches_of_orders(wanted: Wanted, statement: Any) -> Iterator[Sequence[Any]]:
    statement = statement.where(*_conditions(wanted, Order.placed_at))
    statement = statement.order_by(Order.placed_at, Order.id).limit(_AT_ONCE)
    further: list[ColumnElement[bool]] = []
    while rows := db.session().execute(statement.where(*further)).all():
        at, order_id = rows[-1].placed_at, rows[-1].id
        # Said twice, so that the index on the time is used.
        further = [Order.placed_at >= at, or_(Order.placed_at > at, Order.id > order_id)]
        yield rows


def _conditions(wanted: Wanted, placed: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.words.strip():
        found.append(matches(wanted.words.strip()))
    if wanted.state is not None:
        found.append(Order.state == wanted.state)
    if wanted.payment_state is not None:
        found.append(Order.payment_state == wanted.payment_state)
    if wanted.only_attention:
        found.append(Order.attention.is_not(None))
    if wanted.since is not None:
        found.append(placed >= _midnight(wanted.since))
    if wanted.until is not None:
        found.append(placed < _midnight(wanted.until) + timedelta(days=1))
    return found


def _paid_and_refunded(order_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return what came for each order and what went back, as the ledger says."""
    statement = (
        select(LedgerEntry.order_id, LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.order_id.in_(order_ids))
        .group_by(LedgerEntry.order_id, LedgerEntry.kind)
    )
    return _sums((order_id, kind, total) for order_id, kind, total in db.session().execute(statement))


def _of_customers(
    rows: Sequence[Any], conditions: list[ColumnElement[bool]]
) -> dict[tuple[str, str], tuple[int, int]]:
    statement = (
        select(Order.email, Order.currency, LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .join_from(Order, LedgerEntry, LedgerEntry.order_id == Order.id)
        .where(Order.email.in_([row.email for row in rows]), *conditions)
        .group_by(Order.email, Order.currency, LedgerEntry.kind)
    )
    return _sums(
        ((email, currency), kind, total) for email, currency, kind, total in db.session().execute(statement)
    )


def _sums(found: Iterator[tuple[Any, EntryKind, int]] | Any) -> dict[Any, tuple[int, int]]:
    sums: dict[Any, tuple[int, int]] = {}
    for key, kind, total in found:
        paid, refunded = sums.get(key, (0, 0))
        paid += int(total) if kind is EntryKind.PAYMENT else 0
        refunded -= int(total) if kind in _BACK else 0
        sums[key] = (paid, refunded)
    return sums


def _comes_after(email: str, currency: str) -> ColumnElement[bool]:
    return (Order.email > email) | ((Order.email == email) & (Order.currency > currency))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_ORDER = select(
    Order.id,
    Order.number,
    Order.placed_at,
    Order.paid_at,
    Order.cancelled_at,
    Order.state,
    Order.payment_state,
    Order.fulfilment_state,
    Order.email,
    Order.language,
    Order.currency,
    Order.subtotal_amount,
    Order.discount_amount,
    Order.tax_amount,
    Order.shipping_amount,
    Order.total_amount,
    Order.included_tax_amount,
    Order.code,
    Order.attention,
    Order.shipping_address,
)
_ORDER_OF_LINE = select(
    Order.id,
    Order.number,
    Order.placed_at,
    Order.paid_at,
    Order.state,
    Order.payment_state,
    Order.email,
    Order.currency,
)
_LINE = select(
    OrderLine.order_id,
    OrderLine.sku,
    OrderLine.title,
    OrderLine.variant_title,
    OrderLine.requires_shipping,
    OrderLine.quantity,
    OrderLine.unit_amount,
    OrderLine.total_amount,
    OrderLine.discount_amount,
    OrderLine.tax_amount,
)
_REFUND = (
    select(
        Refund.id,
        Order.number,
        Order.email,
        Refund.created_at,
        Refund.counted_at,
        Refund.returned_at,
        Refund.status,
        Refund.currency,
        Refund.amount,
        Refund.reason,
        Refund.failure,
        Refund.stripe_id,
    )
    .join_from(Refund, Payment, Payment.id == Refund.payment_id)
    .join(Order, Order.id == Payment.order_id)
)
_CUSTOMER = (
    select(
        Order.email,
        Order.currency,
        func.count().label("orders"),
        func.min(Order.placed_at).label("first"),
        func.max(Order.placed_at).label("last"),
    )
    .group_by(Order.email, Order.currency)
    .order_by(Order.email, Order.currency)
    .limit(_AT_ONCE)
)
_FILES = {
    What.ORDERS: (
        (
            "number", "placed_at", "paid_at", "cancelled_at", "state", "payment", "delivery", "email", "language",
            "currency", "subtotal", "discount", "tax", "shipping", "total", "tax_in_total", "paid", "refunded", "code",
            "attention",
            *(f"ship_{name}" for name in _ADDRESS),
        ),
        _orders,
    ),
    What.LINES: (
        (
            "order", "placed_at", "paid_at", "state", "payment", "email", "sku", "title", "variant", "is_shipped",
            "quantity", "currency", "unit_price", "total", "discount", "tax",
        ),
        _lines,
    ),
    What.REFUNDS: (
        (
            "order", "asked_at", "made_at", "came_back_at", "state", "email", "currency", "amount", "reason",
            "failure", "stripe_id",
        ),
        _refunds,
    ),
    What.CUSTOMERS: (
        ("email", "orders", "first_order_at", "last_order_at", "currency", "paid", "refunded", "net"),
        _customers,
    ),
}  # fmt: skip
