"""What nobody told us: the sweep asks Stripe about everything that is not settled, and the reconciliation compares."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from storefront.checkout import refunding, settling, starting
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, PaymentRefused, PaymentUnknown, SessionView
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import PaymentStatus, RefundStatus

ASK_AGAIN = timedelta(minutes=2)
_ASK_AGAIN_PROCESSING = timedelta(minutes=10)
# A page that is still waiting for Stripe is no orphan.
_GRACE = timedelta(minutes=3)
_MOST = 200


@dataclass(slots=True)
class Report:
    """What a reconciliation found."""

    compared: int = 0
    repaired: int = 0
    unknown: int = 0


def sweep(gateway: PaymentGateway) -> int:
    """Ask about every attempt that may have moved without our hearing of it; return how many were asked about."""
    asked = 0
    for payment in _unsettled():
        try:
            _ask(payment, gateway)
            asked += 1
        except (PaymentUnknown, starting.PaymentPageUnavailable):
            break  # Stripe does not answer at all; the next sweep goes on
        except (PaymentRefused, settling.UnknownSession) as problem:
            get_logger().error("sweep", attempt=payment.idempotency_key, reason=str(problem))
    _follow_pending_refunds(gateway)
    return asked


def sweep_strays(gateway: PaymentGateway) -> None:
    """Close sessions at Stripe that no attempt of ours waits for, such as one whose answer was lost."""
    try:
        for session in gateway.list_sessions(now() - 2 * starting.SESSION_LASTS):
            if session.status == "open" and _is_stray(session):
                settling.apply(gateway.expire_session(session.id))
    except PaymentUnknown:
        return  # the next sweep goes on


def reconcile(gateway: PaymentGateway, since: datetime) -> Report:
    """Compare each session made at Stripe since then with our books, repair what a rule allows, count the rest."""
    report = Report()
    for session in gateway.list_sessions(since):
        if session.metadata.get("shop") != "storefront":
            continue
        report.compared += 1
        payment = payments.find_by_session(session.id)
        before = payment.status if payment else None
        try:
            settling.apply(session)
        except settling.UnknownSession:
            report.unknown += 1
            get_logger().error("stripe has a session whose order is not here", session=session.id)
            continue
        after = payments.find_by_session(session.id)
        report.repaired += after is not None and after.status is not before
        if session.payment_intent_id and session.is_paid:
            refunding.follow_refunds(session.payment_intent_id, gateway)
    return report


def _unsettled() -> list[Payment]:
    moment = now()
    statement = (
        select(Payment)
        .where(
            or_(
                (Payment.status == PaymentStatus.CREATED) & (Payment.created_at < moment - _GRACE),
                (Payment.status == PaymentStatus.OPEN)
                & ((Payment.last_asked_at.is_(None)) | (Payment.last_asked_at < moment - ASK_AGAIN)),
                (Payment.status == PaymentStatus.PROCESSING)
                & ((Payment.last_asked_at.is_(None)) | (Payment.last_asked_at < moment - _ASK_AGAIN_PROCESSING)),
            )
        )
        .order_by(Payment.last_asked_at, Payment.id)
        .limit(_MOST)
    )
    found = list(db.session().scalars(statement))
    db.close_reader()
    return found


def _ask(payment: Payment, gateway: PaymentGateway) -> None:
    if payment.status is PaymentStatus.CREATED:
        starting.give_up(payment, gateway)
        return
    session = gateway.get_session(payment.session_id or "")
    if session.status == "open" and payment.expires_at <= now():
        session = gateway.expire_session(session.id)
    settling.apply(session)


def _is_stray(session: SessionView) -> bool:
    reference = session.metadata.get("reference", "")
    payment = payments.find_by_session(session.id) or payments.find_by_reference(reference)
    db.close_reader()
    if payment is None:
        return False
    return payment.status not in (PaymentStatus.CREATED, PaymentStatus.OPEN)


def _follow_pending_refunds(gateway: PaymentGateway) -> None:
    pending = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    statement = (
        select(Payment.payment_intent_id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.status.in_(pending), Payment.payment_intent_id.is_not(None))
        .distinct()
        .limit(_MOST)
    )
    intents = list(db.session().scalars(statement))
    db.close_reader()
    for intent in intents:
        try:
            refunding.follow_refunds(intent or "", gateway)
        except (PaymentUnknown, PaymentRefused) as problem:
            get_logger().warning("pending refund", reason=str(problem))
            return
