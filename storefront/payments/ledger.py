"""The ledger: one line for each movement of money, written in the transaction that learns of it, and never changed.

A payment that came is one line, a refund that Stripe has made is one, and one more when the bank sends it back;
what a bank takes in a dispute is a line, and another when the dispute is won. An order that was given away moves no
money and has none. So the sum of the lines is what is there, for each day and currency.
"""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import UTC, datetime, now
from storefront.core.money import Money
from storefront.payments.models import Dispute, LedgerEntry, Payment, Refund
from storefront.payments.states import KNOWN_REFUNDS, TAKEN_DISPUTES, EntryKind


def book_payment(payment: Payment) -> None:
    """Write down what came in by a payment and is not written down yet; harmless when repeated."""
    so_far, lines = _booked(payment.id, LedgerEntry.kind == EntryKind.PAYMENT)
    more = payment.captured_amount - so_far
    if more <= 0:
        return
    payment.settled_at = payment.settled_at or now()
    moment = now() if lines else payment.settled_at
    key = f"payment:{payment.id}:{lines}" if lines else f"payment:{payment.id}"
    _book(payment, EntryKind.PAYMENT, Money(more, payment.currency), moment, key)


def follow_refund(payment: Payment, refund: Refund) -> None:
    """Write down that the money of a refund left, or came back, as its state says; harmless when repeated."""
    if refund.status in KNOWN_REFUNDS and refund.counted_at is None:
        refund.counted_at = now()
        money = Money(-refund.amount, refund.currency)
        _book(payment, EntryKind.REFUND, money, refund.counted_at, f"refund:{refund.id}")
    elif refund.status not in KNOWN_REFUNDS and refund.counted_at and refund.returned_at is None:
        refund.returned_at = now()
        money = Money(refund.amount, refund.currency)
        _book(payment, EntryKind.REFUND_BACK, money, refund.returned_at, f"refund_back:{refund.id}")


def follow_dispute(payment: Payment, dispute: Dispute) -> None:
    """Write down that a bank took the money, or gave it back, as the dispute stands; harmless when repeated."""
    owed = -dispute.amount if dispute.status in TAKEN_DISPUTES else 0
    so_far, lines = _booked(dispute.payment_id, LedgerEntry.key.startswith(f"dispute:{dispute.id}:"))
    if owed == so_far:
        return
    kind = EntryKind.DISPUTE if owed < so_far else EntryKind.DISPUTE_BACK
    money = Money(owed - so_far, dispute.currency)
    _book(payment, kind, money, now(), f"dispute:{dispute.id}:{lines}")


def _booked(payment_id: int, which: ColumnElement[bool]) -> tuple[int, int]:
    """Return the sum of such lines about a payment, and how many they are."""
    statement = select(func.coalesce(func.sum(LedgerEntry.amount), 0), func.count())
    amount, lines = db.session().execute(statement.where(LedgerEntry.payment_id == payment_id, which)).one()
    return int(amount), int(lines)


def _book(payment: Payment, kind: EntryKind, money: Money, moment: datetime, key: str) -> None:
    """The key keeps one movement from being written down twice, whoever hears of it at the same time."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {
        "at": moment,
        "day": moment.astimezone(UTC).date(),
        "kind": kind,
        "amount": money.amount,
        "currency": money.currency,
        "order_id": payment.order_id,
        "payment_id": payment.id,
        "key": key,
    }
    db.session().flush()
    db.session().execute(insert(LedgerEntry).values(row).on_conflict_do_nothing(index_elements=["key"]))
