"""What nobody told us: the sweep asks Stripe about everything that is not settled, and the reconciliation compares."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import or_, select

from storefront.checkout import refunding, settling, starting
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import Refused
from storefront.core.logging import get_logger
from storefront.gateways.stripe import (
    DisputeView,
    PaymentGateway,
    PaymentRefused,
    PaymentUnknown,
    RefundView,
    SessionView,
)
from storefront.orders.models import Order, OrderLine, StockReservation
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import LIVE, PaymentMethod, PaymentStatus, RefundStatus
from storefront.shop.service import shop_mark

ASK_AGAIN = timedelta(minutes=2)
_ASK_AGAIN_PROCESSING = timedelta(minutes=10)
# A page that is still waiting for Stripe is no orphan.
_GRACE = timedelta(minutes=3)
_MOST = 200
# One session may make Stripe stumble; the others must not wait for it.
_GIVE_UP_AFTER = 3


@dataclass(slots=True)
class Report:
    """What a reconciliation found: sessions, refunds and disputes that were compared, and those of other shops.

    ``rest`` is what no rule repairs, a line each for whoever runs the shop.
    """

    compared: int = 0
    repaired: int = 0
    unknown: int = 0
    foreign: int = 0
    rest: list[str] = field(default_factory=list)


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


def reconcile(gateway: PaymentGateway, since: datetime, most: int | None = None) -> Report:
    """Compare what was made at Stripe since then with our books, repair what a rule allows, count the rest.

    Sessions, refunds, disputes, and all disputes that are open here, up to ``most`` of each. What other shops on the
    same account have made is counted and left alone.
    """
    report = Report()
    seen: set[str] = set()
    for session in islice(gateway.list_sessions(since), most):
        _compare_session(session, report)
        seen.add(session.id)
    if most is None or len(seen) < most:
        _look_for_missing(seen, since, report)
    _compare_refunds(islice(gateway.list_refunds_since(since), most), gateway, report)
    for dispute in islice(gateway.list_disputes(since), most):
        _compare_dispute(dispute, gateway, report)
    for dispute_id in payments.open_disputes(_MOST):
        _compare_dispute(gateway.get_dispute(dispute_id), gateway, report)
    db.close_reader()
    return report


def _compare_session(session: SessionView, report: Report) -> None:
    if not settling.is_ours(session):
        report.foreign += 1
        return
    report.compared += 1
    payment = payments.find_by_session(session.id)
    if payment is not None and _says_the_same(payment, session):
        if session.is_paid and session.amount.amount != payment.captured_amount:
            report.rest.append(
                f"{session.id}: Stripe has {session.amount.amount}, the books {payment.captured_amount}"
            )
        db.close_reader()
        return
    before = payment.status if payment else None
    try:
        settling.apply(session)
    except settling.UnknownSession:
        report.unknown += 1
        report.rest.append(f"{session.id}: a session of this shop whose order is not here")
        get_logger().error("stripe has a session whose order is not here", session=session.id)
        return
    after = payments.find_by_session(session.id)
    report.repaired += after is not None and after.status is not before
    db.close_reader()


def _look_for_missing(seen: set[str], since: datetime, report: Report) -> None:
    """Paid in the books, and unknown at Stripe: other keys were set, or somebody has changed the books."""
    statement = select(Payment.session_id).where(
        Payment.method == PaymentMethod.STRIPE,
        Payment.status == PaymentStatus.PAID,
        Payment.created_at >= since + _GRACE,
        Payment.session_id.is_not(None),
    )
    for session_id in db.session().scalars(statement.order_by(Payment.id)):
        if session_id not in seen:
            report.unknown += 1
            report.rest.append(f"{session_id}: paid here, and not at Stripe")
    db.close_reader()


def _says_the_same(payment: Payment, session: SessionView) -> bool:
    """Whether there is nothing to write down, so that a comparison of much that is in order writes nothing."""
    if session.is_paid:
        return payment.status is PaymentStatus.PAID and payment.payment_intent_id is not None
    return session.status == "expired" and payment.status not in LIVE


def _compare_refunds(refunds: Iterable[RefundView], gateway: PaymentGateway, report: Report) -> None:
    """Follow the payments of refunds that the books do not have so; the others cost no question."""
    intents: dict[str, bool] = {}
    for view in refunds:
        known = payments.find_refund(view)
        is_same = known is not None and known.stripe_id == view.id and known.status == view.status
        intents[view.payment_intent_id] = intents.get(view.payment_intent_id, True) and is_same
        report.compared += is_same
    db.close_reader()
    for intent, is_same in intents.items():
        if is_same:
            continue
        if refunding.follow_refunds(intent, gateway):
            report.compared += 1
            report.repaired += 1
        else:
            _count_unfollowed(intent, gateway, report)


def _compare_dispute(dispute: DisputeView, gateway: PaymentGateway, report: Report) -> None:
    known = payments.find_dispute(dispute.id)
    before = known.status if known else None
    if before == dispute.status:
        report.compared += 1
    elif refunding.write_down_dispute(dispute):
        report.compared += 1
        report.repaired += 1
    else:
        _count_unfollowed(dispute.payment_intent_id, gateway, report)
    db.close_reader()


def _count_unfollowed(payment_intent_id: str, gateway: PaymentGateway, report: Report) -> None:
    """Money of a payment that the books do not know: of another shop, or of an order that is missing here."""
    try:
        is_ours = gateway.metadata_of_payment(payment_intent_id).get("shop") == shop_mark()
    except PaymentRefused:
        is_ours = False
    report.unknown += is_ours
    report.foreign += not is_ours
    if is_ours:
        report.rest.append(f"{payment_intent_id}: money went back of a payment that is not here")
        get_logger().error("stripe has money back of a payment that is not here", payment=payment_intent_id)


def _unsettled() -> list[Payment]:
    moment = now()
    statement = (
        select(Payment)
        .where(
            Payment.method == PaymentMethod.STRIPE,
            or_(
                (Payment.status == PaymentStatus.CREATED) & (Payment.created_at < moment - _GRACE),
                (Payment.status == PaymentStatus.OPEN)
                & ((Payment.last_asked_at.is_(None)) | (Payment.last_asked_at < moment - ASK_AGAIN)),
                (Payment.status == PaymentStatus.PROCESSING)
                & (
                    (Payment.last_asked_at.is_(None))
                    | (Payment.last_asked_at < moment - _ASK_AGAIN_PROCESSING)
                ),
            ),
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
