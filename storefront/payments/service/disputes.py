"""Disputes: a bank asks for the money of a buyer, and holds it until it has decided."""

from sqlalchemy import select

from storefront.core import db
from storefront.gateways.stripe import DisputeView
from storefront.journal.service import write as journal
from storefront.payments import ledger
from storefront.payments.models import Dispute, Payment

_DISPUTE_DECIDED = ("won", "warning_closed", "prevented", "lost")
# A bank that only asks (an inquiry, which Stripe calls a warning) has taken nothing yet.
_DISPUTE_HOLDS_NOTHING = (
    "won",
    "prevented",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
)


def disputes_of(order_id: int) -> list[Dispute]:
    """Return all disputes of an order."""
    statement = (
        select(Dispute).join(Payment, Payment.id == Dispute.payment_id).where(Payment.order_id == order_id)
    )
    return list(db.session().scalars(statement.order_by(Dispute.id)))


def is_disputed(order_id: int) -> bool:
    """Whether a bank holds the money of an order or has taken it."""
    statement = (
        select(Dispute.id)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.order_id == order_id, Dispute.status.not_in(_DISPUTE_HOLDS_NOTHING))
        .limit(1)
    )
    return db.session().scalar(statement) is not None


def find_dispute(stripe_id: str) -> Dispute | None:
    """Return the dispute that Stripe calls so."""
    return db.session().scalar(select(Dispute).where(Dispute.stripe_id == stripe_id))


def open_disputes(most: int) -> list[str]:
    """Return what Stripe calls the disputes that are not decided yet, oldest first."""
    statement = select(Dispute.stripe_id).where(Dispute.status.not_in(_DISPUTE_DECIDED))
    return list(db.session().scalars(statement.order_by(Dispute.id).limit(most)))


def record_dispute(payment: Payment, view: DisputeView) -> Dispute:
    """Write down what Stripe says of a dispute; harmless when repeated."""
    dispute = find_dispute(view.id)
    if dispute is None:
        dispute = Dispute(
            payment_id=payment.id,
            stripe_id=view.id,
            amount=view.amount.amount,
            currency=view.amount.currency,
            status="",
        )
        db.session().add(dispute)
    if dispute.status in _DISPUTE_DECIDED and view.status not in _DISPUTE_DECIDED:
        return dispute  # what was asked before somebody else wrote down the end
    if dispute.status != view.status:
        topic, amount = f"order:{payment.order_id}", view.amount
        journal(
            topic,
            f"dispute.{view.status}",
            amount=amount.amount,
            currency=amount.currency,
            reason=view.reason,
        )
    dispute.status, dispute.reason, dispute.due_at = view.status, view.reason, view.due_at
    db.session().flush()
    ledger.follow_dispute(payment, dispute)
    return dispute
