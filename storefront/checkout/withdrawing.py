"""The withdrawal function: a consumer declares, we acknowledge at once, the owner sees it among what needs attention.

Source: Article 11a of Directive 2011/83/EU (put in by Directive (EU) 2023/2673), applicable since 19 June 2026. It is
labelled "withdraw from contract here", confirmed by "confirm withdrawal", and acknowledged on a durable medium with
content, day and time.
"""

from sqlalchemy import select

from storefront.accounts.addresses import find_normal
from storefront.checkout.models import Withdrawal
from storefront.core import db
from storefront.core.errors import N_
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import PaymentState

_DECLARED = N_(
    "The buyer has withdrawn from the contract. The journal has their words; the law gives you 14 days to refund."
)


def find_order(number: str, email: str) -> Order | None:
    """Return the paid order with that number and address; both must be known to speak for it."""
    address = find_normal(email)
    if address is None:
        return None
    statement = select(Order).where(Order.number == number.strip().upper()[:12], Order.email == address)
    return db.session().scalar(statement.where(Order.payment_state != PaymentState.UNPAID))


def find_withdrawal(public_id: str) -> Withdrawal | None:
    """Return a declaration by its unguessable address."""
    return db.session().scalar(select(Withdrawal).where(Withdrawal.public_id == public_id))


def declare(order_id: int, name: str, what: str, language: str) -> Withdrawal:
    """Write a declaration down in the current unit, tell the owner, and acknowledge it by mail. Once for an order."""
    order = moving.lock(order_id)
    known = db.session().scalar(select(Withdrawal).where(Withdrawal.order_id == order.id))
    if known is not None:
        return known
    made = Withdrawal(order_id=order.id, name=name, what=what, language=language)
    db.session().add(made)
    db.session().flush()
    journal(order.topic, "withdrawal.declared", name=name, what=what)
    moving.call_for_attention(order, _DECLARED)
    tell(
        "withdrawal_received",
        order.email,
        language,
        unique_key=f"withdrawal_received:{order.id}",
        topic=order.topic,
        withdrawal_id=made.id,
    )
    return made
