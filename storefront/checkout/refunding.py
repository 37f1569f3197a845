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
from storefront.gateways.stripe import DisputeView, PaymentGateway, PaymentRefused, RefundView
from storefront.jobs.registry import NeedsAttention
from storefront.jobs.service import enqueue
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment, Refund
from storefront.payments.states import RefundStatus

REFUNDED = "refunded"
DISPUTED = "disputed"


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
    try:
        view = gateway.create_refund(payment.payment_intent_id or "", Money(refund.amount, refund.currency), refund.public_id)
    except PaymentRefused as refusal:
        _note_refusal(refund_id, str(refusal))
        raise NeedsAttention(f"Stripe refused the refund: {refusal}") from refusal
    reach("refunding.after_stripe")
    return lambda: _write_down(payment.id, [view])


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
    view = gateway.get_dispute(dispute_id)
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
        refund = payments.record_refund(payment, view)
        if refund.status is RefundStatus.FAILED:
            moving.call_for_attention(order, f"A refund failed at the bank: {refund.failure or 'no reason given'}.")
    follow_money(order)


def _write_down_dispute(payment_id: int, view: DisputeView) -> None:
    payment = db.session().get_one(Payment, payment_id)
    order = moving.lock(payment.order_id)
    dispute = payments.record_dispute(payments.lock(payment.id), view)
    if dispute.status in ("needs_response", "warning_needs_response"):
        moving.call_for_attention(order, "A bank disputes this payment. Answer in Stripe's dashboard before it is too late.")
    follow_money(order)


def follow_money(order: Order) -> None:
    """Let the order's payment state and the buyer's access follow from the sums. The order must be locked."""
    state = _payment_state(order)
    if state is None:
        return
    moving.move(order, state)
    for reason, is_so in ((REFUNDED, state is PaymentState.REFUNDED), (DISPUTED, state is PaymentState.DISPUTED)):
        if is_so:
            fulfilment.revoke(order, reason)
        else:
            fulfilment.restore(order, reason)
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


def _payment_state(order: Order) -> PaymentState | None:
    """Return where the money is, or None while none has come."""
    captured = payments.captured(order.id)
    if captured == 0:
        return None
    if payments.is_disputed(order.id):
        return PaymentState.DISPUTED
    gone = payments.refunded(order.id)
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
        refund.status, refund.failure = RefundStatus.FAILED, reason
        moving.call_for_attention(order, f"Stripe refused a refund: {reason}")
