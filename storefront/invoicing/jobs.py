"""Documents that follow from money, made by the worker."""

from storefront.core import db
from storefront.invoicing import service
from storefront.jobs.registry import job
from storefront.orders.service import moving
from storefront.payments.models import Payment, Refund


@job("make_invoice")
def make_invoice(order_id: int) -> None:
    """Make the invoice of a paid order."""
    service.make_invoice(moving.lock(order_id))


@job("make_credit_note")
def make_credit_note(refund_id: int) -> None:
    """Make the credit note of a refund."""
    refund = db.session().get_one(Refund, refund_id)
    payment = db.session().get_one(Payment, refund.payment_id)
    service.credit_refund(moving.lock(payment.order_id), refund)
