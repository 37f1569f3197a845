"""Money back: asked for by the owner or by rule, made in Stripe's dashboard, or taken by a bank.

Whatever arrives, in any order and any number, the same is done: look at what Stripe says of the payment now, write it
down, and let order and access follow.
"""

from collections.abc import Callable

from sqlalchemy import select

from storefront.checkout.telling import tell_buyer, tell_owners
from storefront.core import db
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.faults import reach
from storefront.core.money import Money
from storefront.fulfilment import service as fulfilment
from storefront.gateways.stripe import DisputeView, PaymentGateway, PaymentRefused, PaymentUnknown, RefundView
from storefront.jobs.registry import NeedsAttention
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.orders.service import codes, moving, reservations
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import ledger, lines
from storefront.payments import service as payments
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.states import KNOWN_REFUNDS, LineAccess, PaymentMethod, RefundStatus

# Why access is closed. Other reasons are not ours to open again.
_REFUNDED, _DISPUTED = N_("refunded"), N_("disputed")
_BANK_ASKS = N_("A bank disputes this payment. Answer in Stripe's dashboard before it is too late.")
_BANK_INQUIRES = N_("A bank asks about this payment, and may dispute it. Answer in Stripe's dashboard.")
_BANK_DECIDED = N_("The bank has decided for the buyer: the money of this dispute is gone.")
_OPEN_TO_ANSWER = {"needs_response": _BANK_ASKS, "warning_needs_response": _BANK_INQUIRES}


class NothingToRefund(Refused):
    """All of it went back already, or nothing ever came."""

    sentence = N_("There is nothing to refund: the money went back already, or none came.")


def refund_in_full(order_id: int, reason: str) -> None:
    """Ask for everything back that came in for an order. Must run in a unit; a worker calls Stripe after it.

    Raises:
        NothingToRefund: also at the second of two clicks.
    """
    order = moving.lock(order_id)
    left = payments.refundable_of_order(order.id)
    if left <= 0:
        raise NothingToRefund
    if any(refund.status is RefundStatus.SUCCEEDED for refund in ask_back(order, left, reason)):
        follow_money(order)  # what went back by hand is done already


def ask_back(order: Order, amount: int, reason: str, page_key: str | None = None) -> list[Refund]:
    """Ask for so much back (minor units), of the attempts that brought it, first one first. The order must be locked.

    What came by transfer goes back by hand: it is written down as done. What a card brought is asked of Stripe by a
    worker after the unit.

    Raises:
        TooMuchBack: less is left; nothing may be committed.
    """
    asked, rest = [], amount
    for payment in payments.payments_of(order.id):
        part = min(rest, payments.refundable(payments.lock(payment.id)))
        if part > 0:
            asked.append(payments.request_refund(payment, part, reason, page_key))
            rest -= part
    if rest:
        raise payments.TooMuchBack
    for refund in asked:
        _send_or_note(order, refund)
    return asked


def _send_or_note(order: Order, refund: Refund) -> None:
    payment = db.session().get_one(Payment, refund.payment_id)
    if payment.method is PaymentMethod.STRIPE:
        enqueue("send_refund", unique_key=f"refund:{refund.id}", topic=order.topic, refund_id=refund.id)
        return
    refund.status = RefundStatus.SUCCEEDED
    journal(order.topic, "refund.by_hand", amount=refund.amount, currency=refund.currency)
    db.session().flush()
    ledger.follow_refund(payment, refund)
    _make_credit_note(order, refund)


def _make_credit_note(order: Order, refund: Refund) -> None:
    enqueue("make_credit_note", unique_key=f"credit:{refund.id}", topic=order.topic, refund_id=refund.id)


def send_refund(refund_id: int, gateway: PaymentGateway) -> Callable[[], None] | None:
    """Make the refund at Stripe with its own key, and return how to write the answer down."""
    refund = db.session().get_one(Refund, refund_id)
    if refund.stripe_id is not None:
        return None
    payment = db.session().get_one(Payment, refund.payment_id)
    db.close_reader()
    if refund.status is RefundStatus.FAILED:
        _ask_once_more(refund.id, payment.id)
    reach("refunding.before_stripe")
    intent, money = payment.payment_intent_id or "", Money(refund.amount, refund.currency)
    try:
        view = gateway.create_refund(intent, money, refund.public_id)
    except PaymentUnknown as unknown:
        view = _look_for_refund(refund, intent, gateway, unknown)
    except PaymentRefused as refusal:
        _note_refusal(refund_id, str(refusal))
        raise NeedsAttention(N_("Stripe refused a refund") + f": {refusal}") from refusal
    reach("refunding.after_stripe")
    return lambda: _write_down(payment.id, [view])


def _ask_once_more(refund_id: int, payment_id: int) -> None:
    """The owner has woken the work of a refund that Stripe had refused."""
    try:
        with db.unit_of_work():
            payments.lock(payment_id)
            payments.ask_once_more(refund_id)
    except payments.TooMuchBack as refusal:
        raise NeedsAttention(N_("This money went back by another refund meanwhile.")) from refusal


def _look_for_refund(
    refund: Refund, payment_intent_id: str, gateway: PaymentGateway, unknown: PaymentUnknown
) -> RefundView:
    """No answer: the refund may have been made all the same. A fault that Stripe has saved is replayed for ever for
    the same key, so after one the next try has a key of its own."""
    views = gateway.list_refunds(payment_intent_id)
    found = next((view for view in views if view.metadata.get("refund") == refund.public_id), None)
    if found is not None:
        return found
    if unknown.is_answered:
        with db.unit_of_work():
            payments.renew_refund_key(refund.id)
    raise unknown


def follow_refunds(payment_intent_id: str, gateway: PaymentGateway) -> bool:
    """Write down all refunds that Stripe knows of this payment. False when the payment is not (yet) in our books."""
    payment = payments.find_by_intent(payment_intent_id)
    if payment is None:
        return False
    views = gateway.list_refunds(payment_intent_id)
    with db.unit_of_work():
        _write_down(payment.id, views)
    return True


def follow_dispute(dispute_id: str, gateway: PaymentGateway) -> bool:
    """Write down what Stripe says of a dispute. False when its payment is not (yet) in our books."""
    return write_down_dispute(gateway.get_dispute(dispute_id))


def write_down_dispute(view: DisputeView) -> bool:
    """Write down what Stripe said of a dispute just now. False when its payment is not (yet) in our books."""
    payment = payments.find_by_intent(view.payment_intent_id)
    if payment is None:
        return False
    with db.unit_of_work():
        _write_down_dispute(payment.id, view)
    return True


def _write_down(payment_id: int, views: list[RefundView]) -> None:
    payment = db.session().get_one(Payment, payment_id)
    order = moving.lock(payment.order_id)
    payment = payments.lock(payment.id)
    news: list[tuple[Refund, RefundStatus | None]] = []
    for view in views:
        known = payments.find_refund(view)
        before = known.status if known else None
        refund = payments.record_refund(payment, view)
        if refund.status is RefundStatus.SUCCEEDED:
            _make_credit_note(order, refund)
        if refund.status is not before:
            news.append((refund, before))
    reach("refunding.before_commit")
    follow_money(order)
    for refund, before in news:
        _tell_of_refund(order, refund, before)


def _tell_of_refund(order: Order, refund: Refund, before: RefundStatus | None) -> None:
    """The buyer hears of money that goes back, and of money that was promised and does not come; once each."""
    if refund.status is RefundStatus.FAILED:
        sentence = N_("A refund failed at the bank")
        moving.call_for_attention(order, f"{sentence}: {refund.failure}" if refund.failure else sentence)
    if refund.status in KNOWN_REFUNDS and order.payment_state is not PaymentState.REFUNDED:
        tell_of_part(order, refund)
    elif refund.status in (RefundStatus.FAILED, RefundStatus.CANCELED) and before in KNOWN_REFUNDS:
        tell_buyer("refund_failed", order, key=refund.id, refund_id=refund.id)


def tell_of_part(order: Order, refund: Refund) -> None:
    """Tell the buyer that a part of the money goes back."""
    tell_buyer("refund_made", order, key=refund.id, refund_id=refund.id)


def _write_down_dispute(payment_id: int, view: DisputeView) -> None:
    payment = db.session().get_one(Payment, payment_id)
    order = moving.lock(payment.order_id)
    payment = payments.lock(payment.id)
    before = payments.find_dispute(view.id)
    is_news = before is None or before.status != view.status
    dispute = payments.record_dispute(payment, view)
    if is_news:
        _call_owner(order, dispute)
    follow_money(order)


def _call_owner(order: Order, dispute: Dispute) -> None:
    """The owner must answer once, and hear of a loss; what was answered or ended needs nobody any more."""
    if dispute.status in _OPEN_TO_ANSWER:
        moving.call_for_attention(order, _OPEN_TO_ANSWER[dispute.status])
        tell_owners("dispute_opened", key=dispute.stripe_id, order_id=order.id, dispute_id=dispute.id)
        return
    for sentence in _OPEN_TO_ANSWER.values():
        moving.resolve_attention(order, only=sentence)
    if dispute.status == "lost":
        moving.call_for_attention(order, _BANK_DECIDED)


def follow_money(order: Order) -> None:
    """Let the order's payment state and the buyer's access follow from the sums. The order must be locked."""
    state = _payment_state(order)
    if state is None:
        return
    moving.move(order, state)
    follow_access(order)
    if state is PaymentState.REFUNDED and order.state is OrderState.PENDING:
        reservations.release(order)
        codes.release(order)
        moving.move(order, OrderState.CANCELLED, reason=N_("refunded before it was delivered"))
    if state is PaymentState.REFUNDED:
        moving.end_review(order)
        tell_buyer("order_refunded", order)
    moving.follow_goods_and_money(order)


def follow_access(order: Order) -> None:
    """Close the access of lines whose money went back or is held by a bank, and open it where that is no longer so.

    Opened before anything is closed: a dispute may end in a refund.
    """
    granted = fulfilment.entitlements_of(order.id)
    closed = _closed_lines(order)
    for entitlement in granted:
        line_id = entitlement.order_line_id
        reason = closed.get(line_id)
        for gone in {_REFUNDED, _DISPUTED} - {reason}:
            fulfilment.restore_line(line_id, gone)
        if reason:
            fulfilment.revoke_line(line_id, reason)
    if not granted and not closed and order.state in (OrderState.OPEN, OrderState.COMPLETED):
        # The money was away when the goods should have been handed over.
        enqueue("grant_order", topic=order.topic, order_id=order.id)


def _closed_lines(order: Order) -> dict[int, str]:
    """Return why the access of lines is closed. All money back closes all that the owner has not left open."""
    decided = lines.decided_access(order.id)
    is_all = order.payment_state is PaymentState.REFUNDED
    closed = {
        line.id: _REFUNDED
        for line in order.lines
        if decided.get(line.id, LineAccess.CLOSE if is_all else LineAccess.KEEP) is LineAccess.CLOSE
    }
    if order.payment_state is PaymentState.DISPUTED:
        return {line.id: closed.get(line.id, _DISPUTED) for line in order.lines}
    return closed


def _payment_state(order: Order) -> PaymentState | None:
    """Return where the money is, or None while none has come."""
    captured = payments.captured(order.id)
    if captured == 0:
        return None
    if payments.is_disputed(order.id):
        return PaymentState.DISPUTED
    gone = payments.refunded(order.id, KNOWN_REFUNDS)
    if gone >= captured:
        return PaymentState.REFUNDED
    # Money that was paid twice and went back once leaves the order as it was.
    owed = captured - order.total_amount
    return PaymentState.PARTLY_REFUNDED if gone > max(owed, 0) else PaymentState.PAID


def _note_refusal(refund_id: int, reason: str) -> None:
    with db.unit_of_work():
        refund = db.session().get_one(Refund, refund_id)
        order_id = db.session().scalar(select(Payment.order_id).where(Payment.id == refund.payment_id))
        if order_id is None:
            raise NotFound
        order = moving.lock(order_id)
        if refund.stripe_id is not None:
            return  # it was made after all, and Stripe has told us otherwise
        refund.status, refund.failure = RefundStatus.FAILED, reason
        journal(order.topic, "refund.failed", amount=refund.amount, currency=refund.currency, reason=reason)
        moving.call_for_attention(order, N_("Stripe refused a refund") + f": {reason}")
