"""What a cart remembers besides its things: a discount code, and what the buyer said of themselves."""

from sqlalchemy import select

from storefront.cart.models import Cart, CartLine
from storefront.catalog.models import Product, Variant
from storefront.core import db
from storefront.core.clock import now
from storefront.taxes.billing import Billing


def note_code(cart: Cart, key: str | None) -> None:
    """Have a locked cart remember a discount code by its one spelling, or none."""
    if cart.code != key:
        cart.code, cart.updated_at = key, now()


def note_billing(cart: Cart, billing: Billing) -> None:
    """Have a locked cart remember what the buyer said of themselves."""
    if cart.billing != billing.kept():
        cart.billing, cart.updated_at = billing.kept(), now()


def has_digital(cart_id: int) -> bool:
    """Whether something in the cart is not sent by post (1 query)."""
    statement = (
        select(CartLine.id)
        .join(Variant, Variant.id == CartLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(CartLine.cart_id == cart_id, Product.requires_shipping.is_(False))
        .limit(1)
    )
    return db.session().scalar(statement) is not None
