"""Refused tries: each is counted for the buyer, the address and the card, and too many of them stop an order.

Card testers try thousands of stolen cards. What they do after they have come to Stripe's page is told by its events.
"""

from storefront.checkout.ceiling import count_failure
from storefront.core import db
from storefront.gateways.stripe import PaymentGateway
from storefront.orders.models import Order
from storefront.payments import failures
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.payments.states import PaymentStatus

# A person with an empty account tries some cards; nobody has a dozen.
MOST_ON_ONE_ORDER = 12


def follow_failures(
    payment_intent_id: str, gateway: PaymentGateway, *, session_id: str = "", reference: str = ""
) -> bool:
    """Write down the refused tries of a payment and count the new ones. False when the payment is not in our books."""
    payment = _find(payment_intent_id, session_id, reference)
    db.close_reader()
    if payment is None:
        return False
    charges = gateway.failed_charges(payment_intent_id)
    with db.unit_of_work() as session:
        email = session.get_one(Order, payment.order_id).email
        for charge in failures.note_failures(payment, charges):
            count_failure(email, payment.client_address, charge.fingerprint)
    return True


def find_hopeless(payment_intent_id: str, reference: str) -> Payment | None:
    """Return the open attempt of that payment when it was refused so often that nobody should go on."""
    payment = _find(payment_intent_id, "", reference)
    if payment is None or payment.status is not PaymentStatus.OPEN:
        return None
    return payment if failures.count_failures(payment.order_id) >= MOST_ON_ONE_ORDER else None


def _find(payment_intent_id: str, session_id: str, reference: str) -> Payment | None:
    """Our books know the PaymentIntent only once it brought money."""
    return (
        payments.find_by_intent(payment_intent_id)
        or payments.find_by_session(session_id)
        or payments.find_by_reference(reference)
    )
