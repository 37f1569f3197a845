"""Money in the books: attempts to pay, what came in, what went back."""

from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, union_all, update

from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.ids import new_public_id
from storefront.core.money import Money
from storefront.gateways.stripe import DisputeView, RefundView, SessionView
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.payments import ledger
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.states import COUNTED_REFUNDS, LIVE, MOVES, REFUND_MOVES, PaymentStatus, RefundStatus

_DISPUTE_OVER = ("won", "warning_closed", "prevented")
_DISPUTE_DECIDED = (*_DISPUTE_OVER, "lost")


def begin_attempt(order: Order, attempt: int, request: dict[str, Any], expires_at: datetime) -> Payment:
    """Write down a new attempt to pay with all that is needed to make the same call to Stripe again.

    The database refuses a second living attempt of one order.
    """
    payment = Payment(
        order_id=order.id,
        attempt=attempt,
        amount=order.total_amount,
        currency=order.currency,
        idempotency_key=reference_of(order, attempt),
        request=request,
        expires_at=expires_at,
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


def refunds_of(order_id: int) -> list[Refund]:
    """Return all refunds of an order, first one first."""
    statement = (
        select(Refund).join(Payment, Payment.id == Refund.payment_id).where(Payment.order_id == order_id)
    )
    return list(db.session().scalars(statement.order_by(Refund.id)))


def disputes_of(order_id: int) -> list[Dispute]:
    """Return all disputes of an order."""
    statement = (
        select(Dispute).join(Payment, Payment.id == Dispute.payment_id).where(Payment.order_id == order_id)
    )
    return list(db.session().scalars(statement.order_by(Dispute.id)))


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


def refunded(order_id: int, statuses: tuple[RefundStatus, ...] = COUNTED_REFUNDS) -> int:
    """Return what has gone back (or is on its way) for an order, in minor units."""
    statement = (
        select(func.coalesce(func.sum(Refund.amount), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.status.in_(statuses))
    )
    return int(db.session().scalar(statement) or 0)


def refundable(payment: Payment) -> int:
    """Return what could still be given back of one attempt."""
    gone = db.session().scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.payment_id == payment.id, Refund.status.in_(COUNTED_REFUNDS)
        )
    )
    return payment.captured_amount - int(gone or 0)


def is_disputed(order_id: int) -> bool:
    """Whether a bank holds the money of an order or has taken it."""
    statement = (
        select(Dispute.id)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.order_id == order_id, Dispute.status.not_in(_DISPUTE_OVER))
        .limit(1)
    )
    return db.session().scalar(statement) is not None


def request_refund(payment: Payment, amount: int, reason: str) -> Refund:
    """Write down a refund that Stripe is to be asked for."""
    refund = Refund(payment_id=payment.id, amount=amount, currency=payment.currency, reason=reason)
    db.session().add(refund)
    db.session().flush()
    journal(
        f"order:{payment.order_id}",
        "refund.requested",
        amount=amount,
        currency=payment.currency,
        reason=reason,
    )
    return refund


def renew_refund_key(refund_id: int) -> None:
    """Give a refund that Stripe does not know another key for the next try."""
    unknown = (Refund.id == refund_id) & Refund.stripe_id.is_(None)
    db.session().execute(update(Refund).where(unknown).values(public_id=new_public_id()))


def has_gone_back(payment: Payment) -> bool:
    """Whether anything is known of money that left this attempt, be it refunded or disputed."""
    refunds = select(Refund.id).where(Refund.payment_id == payment.id)
    disputes = select(Dispute.id).where(Dispute.payment_id == payment.id)
    return db.session().scalar(union_all(refunds, disputes).limit(1)) is not None


def find_refund(view: RefundView) -> Refund | None:
    """Return the row of a refund of Stripe's, also when its answer to our call was lost."""
    known = db.session().scalar(select(Refund).where(Refund.stripe_id == view.id))
    if known is not None or "refund" not in view.metadata:
        return known
    return db.session().scalar(select(Refund).where(Refund.public_id == view.metadata["refund"]))


def record_refund(payment: Payment, view: RefundView) -> Refund:
    """Write down what Stripe says of a refund, ours or one from the dashboard; harmless when repeated."""
    refund = find_refund(view)
    if refund is not None and refund.stripe_id is not None and view.status not in REFUND_MOVES[refund.status]:
        return refund  # what was asked before somebody else wrote down newer things
    if refund is None:
        refund = Refund(payment_id=payment.id, amount=view.amount.amount, currency=view.amount.currency)
        db.session().add(refund)
        journal(f"order:{payment.order_id}", "refund.found", amount=refund.amount, currency=refund.currency)
    status = RefundStatus(view.status)
    if refund.status is not status:
        journal(
            f"order:{payment.order_id}", f"refund.{status}", amount=refund.amount, currency=refund.currency
        )
    refund.stripe_id, refund.status, refund.failure = view.id, status, view.failure
    db.session().flush()
    ledger.follow_refund(payment, refund)
    return refund


def find_dispute(stripe_id: str) -> Dispute | None:
    """Return the dispute that Stripe calls so."""
    return db.session().scalar(select(Dispute).where(Dispute.stripe_id == stripe_id))


def open_disputes(most: int) -> list[str]:
    """Return what Stripe calls the disputes that are not decided yet, oldest first."""
    statement = select(Dispute.stripe_id).where(Dispute.status.not_in(_DISPUTE_DECIDED))
    return list(db.session().scalars(statement.order_by(Dispute.id).limit(most)))


def record_dispute(payment: Payment, view: DisputeView) -> Dispute:
    """Write down what Stripe says of a dispute; harmless when repeated."""
    dispute = find_dispute(view.id)
    if dispute is None:
        dispute = Dispute(
            payment_id=payment.id,
            stripe_id=view.id,
            amount=view.amount.amount,
            currency=view.amount.currency,
            status="",
        )
        db.session().add(dispute)
    if dispute.status in _DISPUTE_DECIDED and view.status not in _DISPUTE_DECIDED:
        return dispute  # what was asked before somebody else wrote down the end
    if dispute.status != view.status:
        topic, amount = f"order:{payment.order_id}", view.amount
        journal(
            topic,
            f"dispute.{view.status}",
            amount=amount.amount,
            currency=amount.currency,
            reason=view.reason,
        )
    dispute.status, dispute.reason = view.status, view.reason
    db.session().flush()
    ledger.follow_dispute(payment, dispute)
    return dispute


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
