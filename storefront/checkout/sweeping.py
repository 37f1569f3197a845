"""What nobody told us: the sweep asks Stripe about everything that is not settled, and the reconciliation compares."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from storefront.checkout import refunding, settling, starting
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import Refused
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, PaymentRefused, PaymentUnknown, SessionView
from storefront.orders.models import Order, OrderLine, StockReservation
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import LIVE, PaymentStatus, RefundStatus

ASK_AGAIN = timedelta(minutes=2)
_ASK_AGAIN_PROCESSING = timedelta(minutes=10)
# A page that is still waiting for Stripe is no orphan.
_GRACE = timedelta(minutes=3)
_MOST = 200
# One session may make Stripe stumble; the others must not wait for it.
_GIVE_UP_AFTER = 3


@dataclass(slots=True)
class Report:
    """What a reconciliation found."""

    compared: int = 0
    repaired: int = 0
    unknown: int = 0


def sweep(gateway: PaymentGateway) -> int:
    """Ask about every attempt that may have moved without our hearing of it; return how many were asked about."""
    asked = unanswered = 0
    for payment in _unsettled():
        try:
            _ask(payment, gateway)
            asked += 1
        except (PaymentUnknown, starting.PaymentPageUnavailable):
            unanswered += 1
            if unanswered == _GIVE_UP_AFTER:
                break  # Stripe does not answer at all; the next sweep goes on
        except (PaymentRefused, Refused, settling.UnknownSession) as problem:
            get_logger().error("sweep", attempt=payment.idempotency_key, reason=str(problem))
    _call_off_abandoned()
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
                & (
                    (Payment.last_asked_at.is_(None))
                    | (Payment.last_asked_at < moment - _ASK_AGAIN_PROCESSING)
                ),
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
    try:
        session = gateway.get_session(payment.session_id or "")
    except PaymentRefused as refusal:
        if not refusal.is_missing or payment.expires_at > now():
            raise
        settling.cancel_unpayable(payment)
        return
    if session.status == "open" and (payment.expires_at <= now() or not _waits_for_money(payment.order_id)):
        session = gateway.expire_session(session.id)
    settling.apply(session)


def _waits_for_money(order_id: int) -> bool:
    """Whether the order of an open session still wants to be paid; another attempt may have brought the money."""
    state = db.session().scalar(select(Order.payment_state).where(Order.id == order_id))
    db.close_reader()
    return state is PaymentState.UNPAID


def _call_off_abandoned() -> None:
    """An attempt that ended by Stripe's fault leaves its order to the next click, which may never come."""
    moment = now()
    attempts = select(Payment.id).where(Payment.order_id == Order.id, Payment.status.in_(LIVE))
    held = (
        select(StockReservation.id)
        .join(OrderLine, OrderLine.id == StockReservation.order_line_id)
        .where(OrderLine.order_id == Order.id, StockReservation.expires_at > moment)
    )
    statement = select(Order.id).where(
        Order.state == OrderState.PENDING,
        Order.payment_state == PaymentState.UNPAID,
        ~attempts.exists(),
        ~held.exists(),
    )
    abandoned = list(db.session().scalars(statement.order_by(Order.placed_at).limit(_MOST)))
    db.close_reader()
    for order_id in abandoned:
        settling.call_off_abandoned(order_id)


def _is_stray(session: SessionView) -> bool:
    reference = session.metadata.get("reference", "")
    payment = payments.find_by_session(session.id) or payments.find_by_reference(reference)
    db.close_reader()
    if payment is None:
        return False
    if payment.session_id not in (None, session.id):
        return True
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
