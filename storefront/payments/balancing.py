"""Whether the books add up: for each order, day and currency, ``paid - refunded`` must be what the ledger says.

What was paid and refunded is reckoned from the payments and refunds themselves, so that a line of the ledger that is
missing, doubled or changed is found, and so is a refund whose change of state was not written down. What banks hold
in disputes is compared payment by payment, since its days are known to the ledger alone.
"""

from typing import Any

from sqlalchemy import Select, Subquery, and_, case, delete, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from storefront.core import db
from storefront.core.clock import date, now
from storefront.orders.models import Order
from storefront.payments.models import Dispute, LedgerEntry, Payment, Refund, TransferReceipt, UnbalancedDay
from storefront.payments.states import KNOWN_REFUNDS, TAKEN_DISPUTES, EntryKind

_DISPUTES = (EntryKind.DISPUTE, EntryKind.DISPUTE_BACK)
# More would not fit on a page; what is wrong with the others is most likely the same.
_MOST_ORDERS = 500
_MOST_NUMBERS = 10


def unbalanced_days() -> list[UnbalancedDay]:
    """Return the days on which something does not agree, with the orders to look at (2 queries)."""
    found: dict[tuple[date, str], list[Any]] = {}
    for statement in (_of_payments_and_refunds(), _of_disputes()):
        for row in db.session().execute(statement):
            found.setdefault((row.day, row.currency), []).append(row)
    return [
        UnbalancedDay(
            day=day,
            currency=currency,
            expected_amount=sum(row.expected for row in rows),
            booked_amount=sum(row.booked for row in rows),
            numbers=", ".join(sorted({row.number for row in rows})[:_MOST_NUMBERS]),
            found_at=now(),
        )
        for (day, currency), rows in sorted(found.items())
    ]


def remember(found: list[UnbalancedDay]) -> None:
    """Write down what was found, for the doctor. Must run within a unit."""
    session = db.session()
    session.execute(delete(UnbalancedDay))
    session.add_all(found)
    session.flush()


def _of_payments_and_refunds() -> Select[Any]:
    nothing = literal(0)
    left = or_(Refund.status.in_(KNOWN_REFUNDS), Refund.counted_at.is_not(None))
    came_back = and_(Refund.status.not_in(KNOWN_REFUNDS), Refund.counted_at.is_not(None))
    movements = union_all(
        select(
            Payment.order_id,
            db.day_of(func.coalesce(Payment.settled_at, Payment.created_at)).label("day"),
            Payment.currency,
            (Payment.captured_amount - _came_later()).label("expected"),
            nothing.label("booked"),
        ).where(Payment.captured_amount > 0),
        select(
            Payment.order_id,
            db.day_of(TransferReceipt.created_at),
            Payment.currency,
            TransferReceipt.amount,
            nothing,
        )
        .join_from(TransferReceipt, Payment, Payment.id == TransferReceipt.payment_id)
        .where(TransferReceipt.created_at > Payment.settled_at),
        _refunds(func.coalesce(Refund.counted_at, Refund.created_at), -Refund.amount).where(left),
        _refunds(func.coalesce(Refund.returned_at, Refund.created_at), Refund.amount).where(came_back),
        select(
            LedgerEntry.order_id, LedgerEntry.day, LedgerEntry.currency, nothing, LedgerEntry.amount
        ).where(LedgerEntry.kind.not_in(_DISPUTES)),
    ).subquery()
    return _differing(movements)


def _came_later() -> Any:
    """What was transferred for a payment after it counted as paid; that stands on the days on which it was seen."""
    later = select(func.coalesce(func.sum(TransferReceipt.amount), 0)).where(
        TransferReceipt.payment_id == Payment.id, TransferReceipt.created_at > Payment.settled_at
    )
    return later.correlate(Payment).scalar_subquery()


def _refunds(moment: Any, amount: Any) -> Select[Any]:
    return select(Payment.order_id, db.day_of(moment), Refund.currency, amount, literal(0)).join_from(
        Refund, Payment, Payment.id == Refund.payment_id
    )


def _of_disputes() -> Select[Any]:
    """Return the statement of orders whose disputes stand otherwise in the ledger, on the day of the last dispute."""
    taken = case((Dispute.status.in_(TAKEN_DISPUTES), -Dispute.amount), else_=0)
    latest = aliased(Dispute)
    opened = (
        select(func.max(db.day_of(latest.created_at)))
        .where(latest.payment_id == Payment.id)
        .correlate(Payment)
        .scalar_subquery()
    )
    movements = union_all(
        select(
            Payment.order_id,
            opened.label("day"),
            Dispute.currency,
            taken.label("expected"),
            literal(0).label("booked"),
        ).join_from(Dispute, Payment, Payment.id == Dispute.payment_id),
        select(LedgerEntry.order_id, opened, LedgerEntry.currency, literal(0), LedgerEntry.amount)
        .join_from(LedgerEntry, Payment, Payment.id == LedgerEntry.payment_id)
        .where(LedgerEntry.kind.in_(_DISPUTES)),
    ).subquery()
    return _differing(movements)


def _differing(movements: Subquery) -> Select[Any]:
    expected, booked = func.sum(movements.c.expected), func.sum(movements.c.booked)
    return (
        select(
            Order.number,
            movements.c.day,
            movements.c.currency,
            expected.label("expected"),
            booked.label("booked"),
        )
        .join_from(movements, Order, Order.id == movements.c.order_id)
        .group_by(Order.number, movements.c.day, movements.c.currency)
        .having(expected != booked)
        .order_by(movements.c.day.desc(), Order.number)
        .limit(_MOST_ORDERS)
    )
