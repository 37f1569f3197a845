"""``settle``: what is true of a session at Stripe becomes true in our books.

It is called by the webhook, by the return page and by the sweep, at any time and any number of times. Stripe is asked
with no transaction open; then one conditional update decides who goes on. Money that came but does not fit is never
lost silently: it is given back by rule or shown to the owner.
"""

from collections.abc import Callable

from storefront.cart import service as carts
from storefront.catalog.stock import SoldOut
from storefront.checkout import refunding, reviewing, risk
from storefront.checkout.telling import tell_buyer
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, SessionView
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.orders.service import codes, moving, reservations
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import failures
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.payments.states import PaymentStatus
from storefront.pricing.splitting import split
from storefront.shop.service import shop_mark
from storefront.taxes.states import VatCheck

_NO_PAGE = N_("no payment page at Stripe")
# Why a rule gave money back; the buyer is told, too.
PAID_TWICE, SOLD_OUT = N_("paid twice"), N_("sold out meanwhile")
CODE_GONE = N_("the discount code was used up meanwhile")
_PAID_TWICE = N_("This order was paid twice. The second payment goes back by itself.")
_SOLD_OUT = N_("The money came when everything was sold out. It goes back by itself.")
_CODE_GONE = N_("The money came when its discount code had been used up. It goes back by itself.")
_UNPAID_BECAUSE = {
    PaymentStatus.FAILED: N_("the payment failed"),
    PaymentStatus.EXPIRED: N_("the payment page expired"),
}
_GIVEN_UP = N_("nobody came back to pay")
# Why an order ends of which its buyer did not say that they no longer want it.
LEFT_BECAUSE = (_UNPAID_BECAUSE[PaymentStatus.EXPIRED], _GIVEN_UP)
# Bank debits take up to two weeks; the stock waits for them.
_HOLD_WHILE_PROCESSING = timedelta(days=21)
# What the owner must look at waits for her.
_HOLD_FOR_OWNER = timedelta(days=90)
_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)


class NotToDeliver(Refused):
    """Nothing of this order waits to be delivered."""

    sentence = N_("Only a paid order that waits for you can be delivered.")


class UnknownSession(Exception):
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
    if view.is_paid and view.payment_intent_id and reviewing.counts_failures():
        risk.follow_failures(view.payment_intent_id, gateway, session_id=view.id)
    return apply(view)


def apply(view: SessionView) -> Order | None:
    """Write down what Stripe said of a session just now."""
    if not is_ours(view):
        return None
    return db.again_on_conflict(lambda: _apply_once(view))


def is_ours(view: SessionView) -> bool:
    """Whether the session is from this shop, and not from another one on the same account at Stripe.

    The mark says it also when the order is missing here; what the books know is ours whatever it says.
    """
    return view.metadata.get("shop") == shop_mark() or _find(view) is not None


def confirm(order: Order, told: str = "order_paid") -> bool:
    """Everything is paid: sell the stock, deliver, and tell the buyer by the mail ``told``. The order must be locked.

    False when the stock, or the last use of its code, is gone meanwhile; then only the payment was noted.
    """
    moving.move(order, PaymentState.PAID, reason=N_("the payments cover the total"))
    empty_cart(order)
    return hand_over(order, told)


def hand_over(order: Order, told: str = "order_paid") -> bool:
    """Sell the stock of a paid order, deliver, and tell the buyer. The order must be locked by this unit.

    False when the stock, or the last use of its code, is gone meanwhile; then nothing was delivered.
    """
    if not codes.keep(order) or not reservations.sell(order):
        return False
    moving.end_review(order)
    moving.move(order, OrderState.OPEN, reason=N_("it is paid, and its goods are there"))
    enqueue("grant_order", unique_key=f"grant:{order.id}", topic=order.topic, order_id=order.id)
    if order.total_amount:
        enqueue("make_invoice", unique_key=f"invoice:{order.id}", topic=order.topic, order_id=order.id)
    if (order.billing or {}).get("vat_state") == VatCheck.FORMAT:
        enqueue("check_vat_id", unique_key=f"vat:{order.id}", topic=order.topic, order_id=order.id)
    tell_buyer("comp_given" if order.is_comp else told, order)
    return True


def approve(order_id: int) -> None:
    """Deliver a paid order that waited for the owner. Must run in a unit.

    Raises:
        NotToDeliver: it does not wait, also at the second of two clicks. SoldOut: the stock is gone.
    """
    order = moving.lock(order_id)
    if order.payment_state not in _HAVE_PAID or order.state not in (OrderState.PENDING, OrderState.CANCELLED):
        raise NotToDeliver
    journal(order.topic, "order.approved")
    moving.resolve_attention(order)
    if not hand_over(order):
        raise SoldOut(title=order.lines[0].title)


def hold(order: Order, reason: str, **values: object) -> None:
    """Note that the order is paid, and let it wait for the owner with its stock. The order must be locked."""
    if order.payment_state not in _HAVE_PAID:
        moving.move(order, PaymentState.PAID, reason=N_("the payments cover the total"))
    empty_cart(order)
    reservations.hold_until(order, now() + _HOLD_FOR_OWNER)
    moving.hold_for_review(order)
    moving.call_for_attention(order, reason, **values)
    tell_buyer("order_checking", order)


def cancel_unpayable(seen: Payment, reason: str = _NO_PAGE) -> None:
    """End an attempt that Stripe knows nothing of or refused, and call the order off.

    ``seen`` is the attempt as it was when Stripe was asked. When another request has found its session meanwhile, that
    one can be paid, and nothing is done.
    """
    _cancel(seen, lambda order: call_off(order, reason))


def refuse(seen: Payment, reason: str) -> None:
    """Stripe does not want this sale (a wrong key, an amount too small): call the order off and tell the owner."""

    def tell_owner(order: Order) -> None:
        call_off(order, reason)
        moving.call_for_attention(order, N_("Stripe refused to open a payment page") + f": {reason}")

    _cancel(seen, tell_owner)


def end_attempt(seen: Payment) -> None:
    """End an attempt whose key is used up; the order waits for the next one."""
    _cancel(seen, lambda _order: None)


def call_off(order: Order, reason: str) -> None:
    """Give the stock back. Another attempt that is alive keeps the order."""
    if order.state is not OrderState.PENDING or payments.find_live(order.id) is not None:
        return
    reservations.release(order)
    codes.release(order)
    moving.move(order, OrderState.CANCELLED, reason=reason)


def call_off_abandoned(order_id: int, reason: str = _GIVEN_UP) -> bool:
    """Call off an order that waits for money, if no attempt to pay it is alive any more."""
    with db.unit_of_work():
        order = moving.lock(order_id)
        is_waiting = order.state is OrderState.PENDING and order.payment_state is PaymentState.UNPAID
        if not is_waiting or payments.find_live(order.id) is not None:
            return False
        call_off(order, reason)
        return True


def _cancel(seen: Payment, follow: Callable[[Order], None]) -> None:
    def cancel() -> None:
        with db.unit_of_work():
            order, payment = _lock_both(seen.id)
            if payment.session_id == seen.session_id and payments.move(payment, PaymentStatus.CANCELLED):
                follow(order)

    db.again_on_conflict(cancel)


def _apply_once(view: SessionView) -> Order:
    with db.unit_of_work():
        found = _find(view)
        if found is None:
            raise UnknownSession(view.id)
        if view.status == "complete":
            carts.lock_by_key(orders.checkout_key_of(found.order_id))
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


def _find(view: SessionView) -> Payment | None:
    return payments.find_by_session(view.id) or payments.find_by_reference(view.metadata.get("reference", ""))


def _lock_both(payment_id: int) -> tuple[Order, Payment]:
    """Everybody locks in the same order: the cart, if it changes too, the order, its payment, the stock."""
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
    moved = payments.move(
        payment,
        PaymentStatus.PAID,
        captured_amount=view.amount.amount,
        settled_at=now(),
        **failures.facts_of(view.charge),
    )
    if not moved:
        return
    if view.shipping_address and not order.shipping_address:
        order.shipping_address = view.shipping_address
    _note_stripes_tax(order, payment, view)
    if view.amount != payments.amount_of(payment):
        _keep_odd_money(order, payment, view)
    elif order.payment_state in (PaymentState.UNPAID, PaymentState.PROCESSING):
        _honour(order, payment)
    else:
        _give_back(order, payment, PAID_TWICE, _PAID_TWICE)
    if payments.has_gone_back(payment):
        # It was refunded or disputed before we heard that it had come.
        refunding.follow_money(order)


def _note_stripes_tax(order: Order, payment: Payment, view: SessionView) -> None:
    """Write down what Stripe Tax has found. Tax that it adds becomes a part of what was asked; nothing else does."""
    if view.tax is None or not order.taxes or not order.taxes.get("by_stripe") or "rates" in order.taxes:
        return
    tax, is_included = view.tax.amount, order.taxes["is_included"]
    added = 0 if is_included else tax
    shares = split(
        tax, [line.asked_amount(is_tax_added=False) for line in order.lines] + [order.shipping_amount]
    )
    for line, share in zip(order.lines, shares, strict=False):
        line.tax_amount = share
    net = view.amount.amount - tax
    order.taxes = {
        **order.taxes,
        "country": view.country,
        "is_reversed": False,
        "rates": [[None, "", net, tax]],
        "shipping": [None, shares[-1]] if order.shipping_amount else None,
    }
    order.tax_amount, order.included_tax_amount = added, tax - added
    order.total_amount += added
    payment.amount += added
    db.session().flush()
    journal(order.topic, "order.taxed", tax=view.tax.plain, currency=order.currency, country=view.country)


def _honour(order: Order, payment: Payment) -> None:
    """Deliver what was paid, also when the money comes after the order was called off, as long as there is stock."""
    if order.state is OrderState.CANCELLED:
        journal(order.topic, "order.paid_late", attempt=payment.attempt)
    why = reviewing.find_reason(order, payment)
    if why is not None:
        hold(order, why.sentence, **why.values)
    elif confirm(order):
        return
    elif codes.is_kept(order):
        _give_back(order, payment, SOLD_OUT, _SOLD_OUT)
    else:
        _give_back(order, payment, CODE_GONE, _CODE_GONE)


def _keep_odd_money(order: Order, payment: Payment, view: SessionView) -> None:
    """Amount or currency is not what was asked: nothing is delivered, the stock is kept, and the owner decides."""
    get_logger().error("amount does not fit", order=order.number, attempt=payment.attempt)
    values = {"received": view.amount, "asked": payments.amount_of(payment)}
    if order.payment_state in (PaymentState.UNPAID, PaymentState.PROCESSING):
        hold(
            order,
            N_(
                "Stripe received %(received)s instead of %(asked)s. Nothing was delivered. Refund it, or deliver."
            ),
            **values,
        )
    else:
        moving.call_for_attention(
            order, N_("Stripe received %(received)s once more, instead of %(asked)s. Refund it."), **values
        )


def _give_back(order: Order, payment: Payment, reason: str, told: str) -> None:
    """Refund by rule. The owner is ``told``, and the customer is told when it is done."""
    left = payments.refundable(payment)
    if left <= 0:
        return
    refund = payments.request_refund(payment, left, reason)
    enqueue("send_refund", unique_key=f"refund:{refund.id}", topic=order.topic, refund_id=refund.id)
    moving.call_for_attention(order, told)


def _wait_for_money(order: Order, payment: Payment) -> None:
    if not payments.move(payment, PaymentStatus.PROCESSING):
        return
    if order.payment_state is PaymentState.UNPAID:
        moving.move(order, PaymentState.PROCESSING)
    reservations.hold_until(order, _far_end())
    empty_cart(order)
    tell_buyer("order_received", order)


def _end_unpaid(order: Order, payment: Payment, status: PaymentStatus) -> None:
    if not payments.move(payment, status):
        return
    if order.payment_state is PaymentState.PROCESSING:
        moving.move(order, PaymentState.UNPAID)
        tell_buyer("payment_failed", order)
    call_off(order, _UNPAID_BECAUSE[status])


def empty_cart(order: Order) -> None:
    """Take what was ordered out of the cart that it came from. The cart must be locked before the order."""
    bought: dict[int, int] = {}
    for line in order.lines:
        bought[line.variant_id] = bought.get(line.variant_id, 0) + line.quantity
    carts.empty_after_purchase(order.checkout_key, bought)


def _far_end() -> datetime:
    return now() + _HOLD_WHILE_PROCESSING
