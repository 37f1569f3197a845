"""Money that goes back: asked for once, reckoned by the database, and what Stripe says of it."""

from typing import Any, cast

from sqlalchemy import Table, func, insert, literal, select, union_all, update

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, Refused
from storefront.core.ids import new_public_id
from storefront.gateways.stripe import RefundView
from storefront.journal.service import write as journal
from storefront.payments import ledger
from storefront.payments.models import Dispute, Payment, Refund
from storefront.payments.service.attempts import captured, lock
from storefront.payments.states import (
    COUNTED_REFUNDS,
    REFUND_MOVES,
    RefundStatus,
)


class TooMuchBack(Refused):
    """More would go back than has come in."""

    sentence = N_("So much can't be refunded: less is left of the payment.")


def refunds_of(order_id: int) -> list[Refund]:
    """Return all refunds of an order, first one first."""
    statement = (
        select(Refund).join(Payment, Payment.id == Refund.payment_id).where(Payment.order_id == order_id)
    )
    return list(db.session().scalars(statement.order_by(Refund.id)))


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
    return int(db.session().scalar(select(_left_of(payment.id))) or 0)


def refundable_of_order(order_id: int) -> int:
    """Return what could still be given back of all attempts of an order, in minor units."""
    return captured(order_id) - refunded(order_id)


def request_refund(payment: Payment, amount: int, reason: str, page_key: str | None = None) -> Refund:
    """Write down a refund that Stripe is to be asked for; the database itself reckons whether so much is left.

    Raises:
        TooMuchBack: less is left of this attempt.
    """
    lock(payment.id)
    row = {
        "public_id": new_public_id(),
        "payment_id": payment.id,
        "amount": amount,
        "currency": payment.currency,
        "status": RefundStatus.REQUESTED,
        "reason": reason,
        "page_key": page_key,
        "created_at": now(),
    }
    asked = select(*(literal(value, _refund.c[name].type) for name, value in row.items()))
    enough = asked.where(_left_of(payment.id) >= amount)
    refund_id = db.session().scalar(insert(Refund).from_select(list(row), enough).returning(Refund.id))
    if refund_id is None:
        raise TooMuchBack
    refund = db.session().get_one(Refund, refund_id)
    journal(
        f"order:{payment.order_id}",
        "refund.requested",
        amount=amount,
        currency=payment.currency,
        reason=reason,
    )
    return refund


def was_asked_by(page_key: str) -> bool:
    """Whether the page with this key has made its refund already."""
    return db.session().scalar(select(Refund.id).where(Refund.page_key == page_key).limit(1)) is not None


def ask_once_more(refund_id: int) -> None:
    """Let a refund that came to nothing be tried again. The payment must be locked.

    Raises:
        TooMuchBack: the money went back by another refund meanwhile.
    """
    refund = db.session().get_one(Refund, refund_id)
    if refund.status is RefundStatus.FAILED and refund.stripe_id is None:
        if (db.session().scalar(select(_left_of(refund.payment_id))) or 0) < refund.amount:
            raise TooMuchBack
        refund.status, refund.failure = RefundStatus.REQUESTED, None
        db.session().flush()


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


def _left_of(payment_id: int) -> Any:
    """What came in by one attempt and has not gone back, nor is about to, as a column."""
    came = select(Payment.captured_amount).where(Payment.id == payment_id).scalar_subquery()
    gone = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment_id, Refund.status.in_(COUNTED_REFUNDS)
    )
    return came - gone.scalar_subquery()


_refund = cast(Table, Refund.__table__)
