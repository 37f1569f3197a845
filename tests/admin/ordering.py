"""Orders without a checkout, for tests that only need them to be there."""

from itertools import count

from storefront.catalog.models import Product
from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import FulfilmentState, OrderState, PaymentState
from tests.selling import BUYER, variant_of

_numbers = count(1)


def make_order(product: Product, *, email: str = BUYER, paid: bool = True) -> Order:
    """Write down an order of one piece; must run within a unit."""
    variant = variant_of(product)
    order = Order(
        checkout_key=new_public_id(),
        fingerprint=f"{next(_numbers):064}",
        email=email,
        language="en",
        currency=variant.currency,
        subtotal_amount=variant.price_amount,
        total_amount=variant.price_amount,
        state=OrderState.OPEN if paid else OrderState.PENDING,
        payment_state=PaymentState.PAID if paid else PaymentState.UNPAID,
        fulfilment_state=FulfilmentState.UNFULFILLED,
        paid_at=now() if paid else None,
    )
    order.lines = [
        OrderLine(
            product_id=product.id,
            variant_id=variant.id,
            title=product.title,
            variant_title="",
            sku=variant.sku,
            requires_shipping=product.requires_shipping,
            unit_amount=variant.price_amount,
            quantity=1,
            total_amount=variant.price_amount,
        )
    ]
    db.session().add(order)
    db.session().flush()
    return order
