"""Tries that a bank refused: what Stripe tells of them, each written down once."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import datetime
from storefront.gateways.stripe import ChargeView
from storefront.payments.models import Payment, PaymentFailure


def note_failures(payment: Payment, charges: list[ChargeView]) -> list[ChargeView]:
    """Write down refused tries in the current unit, and return those that were not known before."""
    return [charge for charge in charges if _note(payment, charge)]


def count_failures(order_id: int) -> int:
    """Return how many tries of an order were refused."""
    statement = (
        select(func.count())
        .select_from(PaymentFailure)
        .join(Payment, Payment.id == PaymentFailure.payment_id)
        .where(Payment.order_id == order_id)
    )
    return db.session().scalar(statement) or 0


def failures_of(order_id: int) -> list[PaymentFailure]:
    """Return the refused tries of an order, first one first."""
    statement = (
        select(PaymentFailure)
        .join(Payment, Payment.id == PaymentFailure.payment_id)
        .where(Payment.order_id == order_id)
        .order_by(PaymentFailure.failed_at, PaymentFailure.id)
    )
    return list(db.session().scalars(statement))


def facts_of(charge: ChargeView | None) -> dict[str, Any]:
    """Return what a payment keeps of the charge that brought its money."""
    if charge is None:
        return {}
    return {
        "risk_level": (charge.risk_level or "")[:20] or None,
        "card_fingerprint": (charge.fingerprint or "")[:40] or None,
        "card_country": (charge.country or "")[:2].upper() or None,
        "card_label": (charge.label or "")[:60] or None,
    }


def forget_addresses(before: datetime) -> None:
    """Forget, in the current unit, from where attempts were begun that are older than that."""
    statement = update(Payment).where(Payment.client_address.is_not(None), Payment.created_at < before)
    db.session().execute(statement.values(client_address=None))


def _note(payment: Payment, charge: ChargeView) -> bool:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {
        "payment_id": payment.id,
        "charge_id": charge.id,
        "code": charge.code[:60],
        "card_fingerprint": (charge.fingerprint or "")[:40] or None,
        "risk_level": (charge.risk_level or "")[:20] or None,
        "failed_at": charge.at,
    }
    statement = insert(PaymentFailure).values(**row).on_conflict_do_nothing(index_elements=["charge_id"])
    return db.session().scalar(statement.returning(PaymentFailure.id)) is not None
