"""Money back: asked for by the owner or by rule, made in Stripe's dashboard, or taken by a bank.

Whatever arrives, in any order and any number, the same is done: look at what Stripe says of the payment now, write it
down, and let order and access follow.
"""

from collections.abc import Callable

from sqlalchemy import select

from storefront.core import db
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.faults import reach
from storefront.core.money import Money
from storefront.fulfilment import service as fulfilment
from storefront.gateways.stripe import DisputeView, PaymentGateway, PaymentRefused, PaymentUnknown, RefundView
from storefront.jobs.registry import NeedsAttention
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import codes, moving, reservations
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import KNOWN_REFUNDS, RefundStatus

# Why access is closed while the money is there.
_CLOSES = {PaymentState.REFUNDED: N_("refunded"), PaymentState.DISPUTED: N_("disputed")}


class NothingToRefund(Refused):
    """All of it went back already, or nothing ever came."""

    sentence = N_("There is nothing to refund: the money went back already, or none came.")


def refund_in_full(order_id: int, reason: str) -> None:
    """Ask for everything back that came in for an order. Must run in a unit; a worker calls Stripe after it.

    Raises:
        NothingToRefund: also at the second of two clicks.
    """
    order = moving.lock(order_id)
    asked = False
    for payment in payments.payments_of(order.id):
        left = payments.refundable(payments.lock(payment.id))
        if left > 0 and payment.payment_intent_id:
            refund = payments.request_refund(payment, left, reason)
            enqueue("send_refund", unique_key=f"refund:{refund.id}", topic=order.topic, refund_id=refund.id)
            asked = True
    if not asked:
        raise NothingToRefund


def send_refund(refund_id: int, gateway: PaymentGateway) -> Callable[[], None] | None:
    """Make the refund at Stripe with its own key, and return how to write the answer down."""
    refund = db.session().get_one(Refund, refund_id)
    if refund.stripe_id is not None:
        return None
    payment = db.session().get_one(Payment, refund.payment_id)
    db.close_reader()
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
    for view in views:
        known = payments.find_refund(view)
        had_failed = known is not None and known.stripe_id is not None and known.status is RefundStatus.FAILED
        refund = payments.record_refund(payment, view)
        if refund.status is RefundStatus.FAILED and not had_failed:
            _tell_of_failure(order, refund.failure)
        if refund.status is RefundStatus.SUCCEEDED:
            enqueue(
                "make_credit_note", unique_key=f"credit:{refund.id}", topic=order.topic, refund_id=refund.id
            )
    follow_money(order)


def _tell_of_failure(order: Order, failure: str | None) -> None:
    sentence = N_("A refund failed at the bank")
    moving.call_for_attention(order, f"{sentence}: {failure}" if failure else sentence)


def _write_down_dispute(payment_id: int, view: DisputeView) -> None:
    payment = db.session().get_one(Payment, payment_id)
    order = moving.lock(payment.order_id)
    payment = payments.lock(payment.id)
    before = payments.find_dispute(view.id)
    is_news = before is None or before.status != view.status
    dispute = payments.record_dispute(payment, view)
    if is_news and dispute.status in ("needs_response", "warning_needs_response"):
        moving.call_for_attention(
            order, N_("A bank disputes this payment. Answer in Stripe's dashboard before it is too late.")
        )
    follow_money(order)


def follow_money(order: Order) -> None:
    """Let the order's payment state and the buyer's access follow from the sums. The order must be locked."""
    state = _payment_state(order)
    if state is None:
        return
    moving.move(order, state)
    _open_or_close(order, state)
    if state is PaymentState.REFUNDED and order.state is OrderState.PENDING:
        reservations.release(order)
        codes.release(order)
        moving.move(order, OrderState.CANCELLED, reason=N_("refunded before it was delivered"))
    moving.follow_goods_and_money(order)
    if state is PaymentState.REFUNDED:
        tell(
            "order_refunded",
            order.email,
            order.language,
            unique_key=f"order_refunded:{order.id}",
            topic=order.topic,
            order_id=order.id,
        )


def _open_or_close(order: Order, state: PaymentState) -> None:
    """Open what no longer has a reason to be closed before anything is closed: a dispute may end in a refund."""
    reason = _CLOSES.get(state)
    for other in _CLOSES.values():
        if other != reason:
            fulfilment.restore(order, other)
    if reason:
        fulfilment.revoke(order, reason)
    elif order.state in (OrderState.OPEN, OrderState.COMPLETED) and not fulfilment.entitlements_of(order.id):
        # The money was away when the goods should have been handed over.
        enqueue("grant_order", topic=order.topic, order_id=order.id)


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
