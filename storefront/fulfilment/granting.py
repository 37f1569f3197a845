"""The row that says what a buyer has: one for each line, however often it is granted."""

from storefront.catalog.models import Product, Variant
from storefront.catalog.windows import span_of
from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.models import Entitlement
from storefront.orders.models import Order, OrderLine


def insert_entitlement(order: Order, line: OrderLine) -> int | None:
    """Write the entitlement of a line in the current unit; None when it is there."""
    product = db.session().get_one(Product, line.product_id)
    starts_at, ends_at = span_of(product, db.session().get(Variant, line.variant_id), now())
    values = {
        "public_id": new_public_id(),
        "order_id": order.id,
        "order_line_id": line.id,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "account_id": order.account_id,
        "email": order.email,
        "quantity": line.quantity,
        "granted_at": now(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "awaits_release": product.opens_at is not None and starts_at == product.opens_at,
    }
    return insert_once(Entitlement, values)
