"""Payment by bank transfer: the order waits with its stock, and the owner marks the money that she sees.

Nobody tells us that it came, so everything here is a step of hers or of time. Money that is too little or too much is
told to both; what goes back goes by hand, and is written down.
"""

from storefront.checkout import refunding, settling
from storefront.checkout.telling import tell_buyer
from storefront.core import db
from storefront.core.clock import date, datetime, now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.money import Money
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.orders.service import moving, reservations
from storefront.orders.states import PaymentState
from storefront.payments import ledger, transfers
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.payments.states import PaymentMethod, PaymentStatus
from storefront.shop.service import get_profile, shop_view

# A part of the money came, and the owner must decide; the stock waits for her.
_HOLD_FOR_OWNER = timedelta(days=90)
_TOO_LITTLE = N_(
    "Only %(received)s of %(asked)s came by transfer in time. Ask for the rest, accept it, or send it back."
)
_TOO_MUCH = N_(
    "%(received)s came by transfer instead of %(asked)s. It was delivered; send back what is too much."
)
_SOLD_OUT = N_("The transfer came when everything was sold out. Send the money back.")


class NoTransfer(Refused):
    """No money is waited for, or it is all there."""

    sentence = N_("This order does not wait for a transfer.")


def is_offered(language: str) -> bool:
    """Whether buyers may pay by transfer: the owner has said where to."""
    return bool(shop_view(language).transfer_details)


def waits_until() -> datetime:
    """Return until when an order that is placed now waits for its transfer."""
    return now() + timedelta(days=get_profile().transfer_days)


def begin(order: Order, client_address: str | None) -> Payment:
    """Let an order that was just placed wait for a transfer, and tell the buyer where to send it."""
    payment = payments.begin_attempt(
        order,
        payments.next_attempt(order),
        {},
        waits_until(),
        method=PaymentMethod.TRANSFER,
        client_address=client_address,
    )
    journal(order.topic, "transfer.awaited", amount=payment.amount, currency=payment.currency)
    settling.empty_cart(order)
    tell_buyer("transfer_awaited", order)
    return payment


def mark_money(order_id: int, amount: int, received_on: date, page_key: str) -> bool:
    """Write down in the current unit that so much came (minor units); False when the page has said so before.

    Enough pays the order, also when it was called off meanwhile. Too little or too much is told to the buyer.

    Raises:
        NoTransfer: nothing is waited for.
    """
    order, payment = _lock(order_id)
    if not transfers.note_receipt(payment, amount, received_on, page_key):
        return False
    came = transfers.received(payment.id)
    if payment.status is PaymentStatus.PAID:
        payment.captured_amount = came
        ledger.book_payment(payment)
        _call_too_much(order, payment, came)
    elif came >= payment.amount:
        _take(order, payment, came)
    elif payment.status is not PaymentStatus.OPEN:
        _call_too_little(order, came)
    if came != payment.amount:
        tell_buyer("transfer_differs", order, key=page_key, payment_id=payment.id)
    return True


def accept_less(order_id: int) -> None:
    """Let what came be enough, in the current unit, and deliver.

    Raises:
        NoTransfer: nothing came, or it is paid already.
    """
    order, payment = _lock(order_id)
    came = transfers.received(payment.id)
    if payment.status is PaymentStatus.PAID or came == 0:
        raise NoTransfer
    journal(order.topic, "transfer.accepted", amount=came, currency=payment.currency)
    _take(order, payment, came)


def send_back(order_id: int) -> None:
    """Note in the current unit that the part that came was sent back by hand, and call the order off.

    Raises:
        NoTransfer: nothing came, or it is paid already.
    """
    order, payment = _lock(order_id)
    came = transfers.received(payment.id)
    if payment.status is PaymentStatus.PAID or came == 0:
        raise NoTransfer
    journal(order.topic, "transfer.accepted", amount=came, currency=payment.currency)
    payments.move(payment, PaymentStatus.PAID, captured_amount=came, settled_at=now())
    moving.move(order, PaymentState.PAID, reason=N_("a part of the money came"))
    refunding.ask_back(order, came, N_("sent back by hand"))
    refunding.follow_money(order)
    moving.resolve_attention(order)


def call_off(order_id: int, reason: str) -> None:
    """End the waiting in the current unit and give the stock back.

    Raises:
        NoTransfer: it does not wait, or money came already.
    """
    order, payment = _lock(order_id)
    if payment.status is not PaymentStatus.OPEN or transfers.received(payment.id):
        raise NoTransfer
    payments.move(payment, PaymentStatus.CANCELLED)
    settling.call_off(order, reason)


def remind_and_expire() -> None:
    """Remind buyers once when half of their time is over, and end the waiting when all of it is; units of its own."""
    waiting = transfers.waiting_transfers()
    db.close_reader()
    for payment in waiting:
        db.again_on_conflict(lambda payment=payment: _look_at(payment.id))  # type: ignore[misc]  # bound at once


def _look_at(payment_id: int) -> None:
    with db.unit_of_work() as session:
        order, payment = _lock(session.get_one(Payment, payment_id).order_id)
        if payment.id != payment_id or payment.status is not PaymentStatus.OPEN:
            return
        came, moment = transfers.received(payment.id), now()
        if payment.expires_at > moment:
            if (
                came < payment.amount
                and moment - payment.created_at > (payment.expires_at - payment.created_at) / 2
            ):
                tell_buyer("transfer_reminder", order, payment_id=payment.id)
        elif came:
            reservations.hold_until(order, moment + _HOLD_FOR_OWNER)
            _call_too_little(order, came)
        else:
            payments.move(payment, PaymentStatus.EXPIRED)
            settling.call_off(order, N_("no transfer came in time"))
            tell_buyer("transfer_expired", order)


def _take(order: Order, payment: Payment, came: int) -> None:
    """The money is there: deliver, or let the owner send it back where everything is sold out."""
    payments.move(payment, PaymentStatus.PAID, captured_amount=came, settled_at=now())
    moving.resolve_attention(order)
    if order.payment_state is not PaymentState.UNPAID:
        moving.call_for_attention(order, N_("This order was paid twice. Send the transfer back."))
        return
    if not settling.confirm(order):
        moving.hold_for_review(order)
        moving.call_for_attention(order, _SOLD_OUT)
        return
    _call_too_much(order, payment, came)


def _call_too_little(order: Order, came: int) -> None:
    values = {"received": Money(came, order.currency), "asked": order.total}
    moving.call_for_attention(order, _TOO_LITTLE, **values)


def _call_too_much(order: Order, payment: Payment, came: int) -> None:
    if came > payment.amount:
        values = {"received": Money(came, order.currency), "asked": payments.amount_of(payment)}
        moving.call_for_attention(order, _TOO_MUCH, **values)


def _lock(order_id: int) -> tuple[Order, Payment]:
    order = moving.lock(order_id)
    payment = transfers.find_transfer(order_id)
    if payment is None:
        raise NoTransfer
    return order, payments.lock(payment.id)
