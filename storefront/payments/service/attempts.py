"""Attempts to pay: begun, led to a page at Stripe, ended; and what came in by them."""

from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update

from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.money import Money
from storefront.gateways.stripe import SessionView
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.payments import ledger
from storefront.payments.models import Payment
from storefront.payments.states import (
    LIVE,
    MOVES,
    PaymentMethod,
    PaymentStatus,
)


def begin_attempt(
    order: Order,
    attempt: int,
    request: dict[str, Any],
    expires_at: datetime,
    *,
    method: PaymentMethod = PaymentMethod.STRIPE,
    client_address: str | None = None,
) -> Payment:
    """Write down a new attempt to pay with all that is needed to make the same call to Stripe again.

    A transfer asks nobody and waits from the beginning. The database refuses a second living attempt of one order.
    """
    payment = Payment(
        order_id=order.id,
        attempt=attempt,
        method=method,
        status=PaymentStatus.OPEN if method is PaymentMethod.TRANSFER else PaymentStatus.CREATED,
        amount=order.total_amount,
        currency=order.currency,
        idempotency_key=reference_of(order, attempt),
        request=request,
        expires_at=expires_at,
        client_address=client_address,
    )
    db.session().add(payment)
    db.session().flush()
    return payment


def next_attempt(order: Order) -> int:
    """Return which attempt of the order the next one will be."""
    latest = db.session().scalar(select(func.max(Payment.attempt)).where(Payment.order_id == order.id))
    return 1 + (latest or 0)


def reference_of(order: Order, attempt: int) -> str:
    """Return an attempt's idempotency key; it also goes into the session's metadata."""
    return f"order-{order.public_id}-{attempt}"


def find_live(order_id: int) -> Payment | None:
    """Return the attempt of this order that may still bring money."""
    return db.session().scalar(select(Payment).where(Payment.order_id == order_id, Payment.status.in_(LIVE)))


def find_by_session(session_id: str) -> Payment | None:
    """Return the attempt that this session belongs to."""
    return db.session().scalar(select(Payment).where(Payment.session_id == session_id))


def find_by_reference(reference: str) -> Payment | None:
    """Return the attempt whose idempotency key this is."""
    return db.session().scalar(select(Payment).where(Payment.idempotency_key == reference))


def find_by_intent(payment_intent_id: str) -> Payment | None:
    """Return the attempt that this PaymentIntent belongs to."""
    return db.session().scalar(select(Payment).where(Payment.payment_intent_id == payment_intent_id))


def payments_of(order_id: int) -> list[Payment]:
    """Return all attempts of an order, first one first."""
    return list(
        db.session().scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.attempt))
    )


def lock(payment_id: int) -> Payment:
    """Return the attempt as it is now, held until the end of the unit."""
    statement = select(Payment).where(Payment.id == payment_id).with_for_update()
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()


def note_session(payment_id: int, session: SessionView) -> bool:
    """Write down which session Stripe opened; False when the attempt is no longer waiting for one."""
    values = {"payment": payment_id, "session": session.id, "url": session.url, "until": session.expires_at}
    return bool(db.execute(_NOTE_SESSION, {**values, "moment": now()}).rowcount)


def move(payment: Payment, to: PaymentStatus, **values: Any) -> bool:
    """Take one step of an attempt; False when it is there already or the table does not allow it.

    The conditional update decides between processes: exactly one of them goes on.
    """
    allowed = [before for before, targets in MOVES.items() if to in targets]
    moved = db.session().execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.status.in_(allowed))
        .values(status=to, **values)
    )
    if not moved.rowcount:  # type: ignore[attr-defined]  # CursorResult
        return False
    journal(f"order:{payment.order_id}", f"payment.{to}", attempt=payment.attempt)
    db.session().refresh(payment)
    if to is PaymentStatus.PAID:
        ledger.book_payment(payment)
    return True


def note_asked(payment_id: int) -> None:
    """Write down that Stripe was asked just now, so that the sweep need not."""
    db.session().execute(update(Payment).where(Payment.id == payment_id).values(last_asked_at=now()))


def captured(order_id: int) -> int:
    """Return what has come in for an order, in minor units: the sum of its payments."""
    return int(
        db.session().scalar(
            select(func.coalesce(func.sum(Payment.captured_amount), 0)).where(Payment.order_id == order_id)
        )
        or 0
    )


def amount_of(payment: Payment) -> Money:
    """Return what this attempt asks for."""
    return Money(payment.amount, payment.currency)


_payment = cast(Table, Payment.__table__)
_NOTE_SESSION = (
    update(_payment)
    .where(_payment.c.id == bindparam("payment"), _payment.c.status == PaymentStatus.CREATED)
    .values(
        status=PaymentStatus.OPEN,
        session_id=bindparam("session"),
        session_url=bindparam("url"),
        expires_at=bindparam("until"),
        last_asked_at=bindparam("moment"),
    )
)
