"""Money by day and by month, as the ledger has it. Currencies are never added up."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import extract, func, select

from storefront.analytics.tables import amount, csv_file
from storefront.core import db
from storefront.core.clock import UTC, date, datetime, now, timedelta
from storefront.core.money import Money
from storefront.orders.models import Order
from storefront.orders.states import PaymentState
from storefront.payments.models import LedgerEntry
from storefront.payments.states import EntryKind

MONTHS = 24
_COLUMNS = ("from", "currency", "payments", "paid", "refunded", "disputed", "net", "tax_of_paid_orders")
_PART = {
    EntryKind.PAYMENT: "paid",
    EntryKind.REFUND: "refunded",
    EntryKind.REFUND_BACK: "refunded",
    EntryKind.DISPUTE: "disputed",
    EntryKind.DISPUTE_BACK: "disputed",
}


@dataclass(slots=True)
class Period:
    """A day or a month in one currency, in minor units. What went back is positive, and so is what banks hold.

    ``tax`` is the tax in the orders that were paid in it, added or included, before refunds.
    """

    first: date
    currency: str
    payments: int = 0
    paid: int = 0
    refunded: int = 0
    disputed: int = 0
    tax: int = 0

    @property
    def net(self) -> int:
        """What is left: paid, less refunded and disputed."""
        return self.paid - self.refunded - self.disputed

    def money(self, name: str) -> Money:
        """Return one of the amounts as money."""
        return Money(getattr(self, name), self.currency)


def by_day(first: date) -> list[Period]:
    """Return the days of the month that begins with ``first`` on which money moved, the latest first (2 queries)."""
    end = first + timedelta(days=monthrange(first.year, first.month)[1])
    return _periods((LedgerEntry.day,), (db.day_of(Order.paid_at),), lambda day: day, first, end)


def by_month() -> list[Period]:
    """Return the last 24 months in which money moved, the latest first (2 queries)."""
    today = now().date()
    months = today.year * 12 + today.month - MONTHS
    first = date(months // 12, months % 12 + 1, 1)
    booked = (extract("year", LedgerEntry.day), extract("month", LedgerEntry.day))
    paid_on = db.day_of(Order.paid_at)
    paid = (extract("year", paid_on), extract("month", paid_on))
    return _periods(
        booked, paid, lambda year, month: date(int(year), int(month), 1), first, today + timedelta(1)
    )


def totals(periods: Sequence[Period]) -> list[Period]:
    """Return the sum of the periods in each currency."""
    sums: dict[str, Period] = {}
    for each in periods:
        whole = sums.setdefault(each.currency, Period(each.first, each.currency))
        for name in ("payments", "paid", "refunded", "disputed", "tax"):
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
    return list(sums.values())


def export(periods: Sequence[Period]) -> Iterator[bytes]:
    """Yield the periods as a CSV file."""
    return csv_file(_COLUMNS, [[_row(each) for each in periods]], bom=True)


def _row(period: Period) -> Sequence[str]:
    amounts = (period.paid, period.refunded, period.disputed, period.net, period.tax)
    shown = (amount(minor, period.currency) for minor in amounts)
    return (period.first.isoformat(), period.currency, str(period.payments), *shown)


def _periods(
    booked: Sequence[Any],
    paid: Sequence[Any],
    begin: Any,
    first: date,
    end: date,
) -> list[Period]:
    found: dict[tuple[date, str], Period] = {}

    def period(*key: Any) -> Period:
        *parts, currency = key
        day = begin(*parts)
        return found.setdefault((day, currency), Period(day, currency))

    for *key, kind, total, count in db.session().execute(_booked(booked, first, end)):
        each = period(*key)
        if kind is EntryKind.PAYMENT:
            each.paid, each.payments = each.paid + int(total), each.payments + count
        else:
            setattr(each, _PART[kind], getattr(each, _PART[kind]) - int(total))
    for *key, total in db.session().execute(_taxes(paid, first, end)):
        period(*key).tax = int(total)
    return [found[key] for key in sorted(found, key=lambda key: (-key[0].toordinal(), key[1]))]


def _booked(parts: Sequence[Any], first: date, end: date) -> Any:
    return (
        select(*parts, LedgerEntry.currency, LedgerEntry.kind, func.sum(LedgerEntry.amount), func.count())
        .where(LedgerEntry.day >= first, LedgerEntry.day < end)
        .group_by(*parts, LedgerEntry.currency, LedgerEntry.kind)
    )


def _taxes(parts: Sequence[Any], first: date, end: date) -> Any:
    since, until = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, end))
    tax = Order.tax_amount + Order.included_tax_amount
    return (
        select(*parts, Order.currency, func.sum(tax))
        .where(
            Order.paid_at >= since,
            Order.paid_at < until,
            tax > 0,
            Order.payment_state != PaymentState.UNPAID,
        )
        .group_by(*parts, Order.currency)
    )
