"""What the owner can show a bank that disputes a payment: receipt, access, policy, mails and all that happened."""

import io
import zipfile

from flask import render_template

from storefront.checkout.timeline import happenings_of
from storefront.fulfilment.service import holdings_of_order
from storefront.notifications.service import messages_of
from storefront.orders.models import Order
from storefront.payments import service as payments
from storefront.payments.states import PaymentStatus

_PAGES = (
    "admin/evidence/receipt.html",
    "admin/evidence/access.html",
    "admin/evidence/policy.html",
    "admin/evidence/messages.html",
    "admin/evidence/timeline.html",
)


def pack_evidence(order: Order) -> bytes:
    """Return a zip of pages that any browser opens and prints, in the language of this page."""
    known = {
        "order": order,
        "payments": [one for one in payments.payments_of(order.id) if one.status is PaymentStatus.PAID],
        "refunds": payments.refunds_of(order.id),
        "disputes": payments.disputes_of(order.id),
        "holdings": holdings_of_order(order.id),
        "messages": messages_of(order.topic),
        "happenings": happenings_of(order),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, template in enumerate(_PAGES, 1):
            name = template.rpartition("/")[2]
            archive.writestr(f"{order.number}/{number}-{name}", render_template(template, **known))
    return packed.getvalue()
