"""``settle``: what is true of a session at Stripe becomes true in our books.

It is called by the webhook, by the return page and by the sweep, at any time and any number of times. Stripe is asked
with no transaction open; then one conditional update decides who goes on. Money that came but does not fit is never
lost silently: it is given back by rule or shown to the owner.
"""

from storefront.cart import service as carts
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.faults import reach
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, SessionView
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving, reservations
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.payments.states import PaymentStatus

# Bank debits take up to two weeks; the stock waits for them.
_HOLD_WHILE_PROCESSING = timedelta(days=21)


class UnknownSession(Exception):  # noqa: N818 - reads as a sentence where it is caught
    """The session says that it is ours, and our books know nothing of it."""


def settle(session_id: str, gateway: PaymentGateway) -> Order | None:
    """Ask Stripe what is true of the session and write it down. Return the order, or None when it is not ours.

    Raises:
        UnknownSession: it is from this shop, but its order is not here.
        PaymentUnknown: Stripe does not answer; try again later.
        PaymentRefused: there is no such session.
    """
    view = gateway.get_session(session_id)
    reach("settling.asked")
    return apply(view)


def apply(view: SessionView) -> Order | None:
    """Write down what Stripe said of a session just now."""
    if view.metadata.get("shop") != "storefront":
        return None
    return db.again_on_conflict(lambda: _apply_once(view))


def confirm(order: Order) -> bool:
    """Everything is paid: sell the stock, deliver, and tell the buyer. The order must be locked by this unit.

    False when the stock is gone meanwhile; then only the payment was noted.
    """
    moving.move(order, PaymentState.PAID)
    _empty_cart(order)
    if not reservations.sell(order):
        return False
    moving.move(order, OrderState.OPEN)
    enqueue("grant_order", unique_key=f"grant:{order.id}", topic=order.topic, order_id=order.id)
    _tell("order_paid", order)
    return True


def cancel_unpayable(payment_id: int, reason: str = "") -> None:
    """End an attempt that Stripe knows nothing of or refused, and call the order off."""
    with db.unit_of_work():
        order, payment = _lock_both(payment_id)
        if payments.move(payment, PaymentStatus.CANCELLED):
            call_off(order, reason or "no session at Stripe")


def end_attempt(payment_id: int) -> None:
    """End an attempt whose key is used up; the order waits for the next one."""
    with db.unit_of_work():
        _, payment = _lock_both(payment_id)
        payments.move(payment, PaymentStatus.CANCELLED)


def call_off(order: Order, reason: str) -> None:
    """Give the stock back. Another attempt that is alive keeps the order."""
    if order.state is not OrderState.PENDING or payments.find_live(order.id) is not None:
        return
    reservations.release(order)
    moving.move(order, OrderState.CANCELLED, reason=reason)


def _apply_once(view: SessionView) -> Order:
    with db.unit_of_work():
        found = payments.find_by_session(view.id) or payments.find_by_reference(view.metadata.get("reference", ""))
        if found is None:
            raise UnknownSession(view.id)
        order, payment = _lock_both(found.id)
        _adopt(payment, view)
        payments.note_asked(payment.id)
        if view.is_paid:
            _take_money(order, payment, view)
        elif view.is_underway:
            _wait_for_money(order, payment)
        elif view.has_failed:
            _end_unpaid(order, payment, PaymentStatus.FAILED)
        elif view.status == "expired":
            _end_unpaid(order, payment, PaymentStatus.EXPIRED)
        reach("settling.before_commit")
    reach("settling.after_commit")
    return order


def _lock_both(payment_id: int) -> tuple[Order, Payment]:
    """Everybody locks in the same order: the order first, then its payment."""
    order_id = db.session().get_one(Payment, payment_id).order_id
    return moving.lock(order_id), payments.lock(payment_id)


def _adopt(payment: Payment, view: SessionView) -> None:
    """Note the session of an attempt whose process died before it could, and the PaymentIntent once there is one."""
    if payment.session_id is None:
        payments.note_session(payment.id, view)
        payment = payments.lock(payment.id)
        payment.session_id = payment.session_id or view.id
    if view.payment_intent_id and payment.payment_intent_id is None:
        payment.payment_intent_id = view.payment_intent_id
    db.session().flush()


def _take_money(order: Order, payment: Payment, view: SessionView) -> None:
    moved = payments.move(payment, PaymentStatus.PAID, captured_amount=view.amount.amount, settled_at=now())
    if not moved:
        return
    if view.shipping_address and not order.shipping_address:
        order.shipping_address = view.shipping_address
    if view.amount != payments.amount_of(payment):
        _keep_odd_money(order, payment, view)
    elif order.payment_state in (PaymentState.UNPAID, PaymentState.PROCESSING):
        _honour(order, payment)
    else:
        _give_back(order, payment, "paid twice")


def _honour(order: Order, payment: Payment) -> None:
    """Deliver what was paid, also when the money comes after the order was called off, as long as there is stock."""
    if order.state is OrderState.CANCELLED:
        journal(order.topic, "order.paid_late", attempt=payment.attempt)
    if not confirm(order):
        _give_back(order, payment, "sold out meanwhile")


def _keep_odd_money(order: Order, payment: Payment, view: SessionView) -> None:
    """Amount or currency is not what was asked: nothing is delivered, and the owner decides."""
    get_logger().error("amount does not fit", order=order.number, attempt=payment.attempt)
    if order.payment_state in (PaymentState.UNPAID, PaymentState.PROCESSING):
        moving.move(order, PaymentState.PAID)
    moving.call_for_attention(
        order,
        f"Stripe received {view.amount.format('en')} instead of {payments.amount_of(payment).format('en')}. "
        "Nothing was delivered. Refund it, or give access.",
    )


def _give_back(order: Order, payment: Payment, reason: str) -> None:
    """Refund by rule. The owner sees it, and the customer is told when it is done."""
    left = payments.refundable(payment)
    if left <= 0:
        return
    refund = payments.request_refund(payment, left, reason)
    enqueue("send_refund", unique_key=f"refund:{refund.id}", topic=order.topic, refund_id=refund.id)
    moving.call_for_attention(order, f"A payment was refunded by rule: {reason}.")


def _wait_for_money(order: Order, payment: Payment) -> None:
    if not payments.move(payment, PaymentStatus.PROCESSING):
        return
    if order.payment_state is PaymentState.UNPAID:
        moving.move(order, PaymentState.PROCESSING)
    reservations.hold_until(order, _far_end())
    _empty_cart(order)
    _tell("order_received", order)


def _end_unpaid(order: Order, payment: Payment, status: PaymentStatus) -> None:
    if not payments.move(payment, status):
        return
    if order.payment_state is PaymentState.PROCESSING:
        moving.move(order, PaymentState.UNPAID)
        _tell("payment_failed", order)
    call_off(order, f"payment {status.value}")


def _empty_cart(order: Order) -> None:
    bought: dict[int, int] = {}
    for line in order.lines:
        bought[line.variant_id] = bought.get(line.variant_id, 0) + line.quantity
    carts.empty_after_purchase(order.checkout_key, bought)


def _tell(kind: str, order: Order) -> None:
    """One mail of each kind for an order."""
    tell(kind, order.email, order.language, unique_key=f"{kind}:{order.id}", topic=order.topic, order_id=order.id)


def _far_end() -> datetime:
    return now() + _HOLD_WHILE_PROCESSING
