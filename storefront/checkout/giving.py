"""Giving something away: an order at nothing, outside of what the shop has earned."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from storefront.accounts.service import find_account_by_email
from storefront.catalog.models import Product, Variant
from storefront.catalog.stock import SoldOut
from storefront.catalog.wares import WARE, ware_of
from storefront.checkout import settling
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.orders import queries
from storefront.orders.models import Order
from storefront.orders.service import moving, notes, placing
from storefront.orders.service.placing import Item, Wish
from storefront.pricing.calculating import calculate
from storefront.pricing.values import Line


@dataclass(frozen=True, slots=True)
class Gift:
    """What the owner gives to whom; ``page_key`` names the page, so that a double click gives once."""

    page_key: str
    variant_id: int
    quantity: int
    email: str
    language: str
    note: str = ""


def give(gift: Gift) -> Order:
    """Place, in the current unit, an order that costs nothing, and hand it over as if it were paid.

    Raises:
        NotFound: there is no such variant. SoldOut: there are not so many.
    """
    known = queries.find_by_key(gift.page_key)
    if known is not None:
        return known
    row = db.execute(_WARE, {"id": gift.variant_id}).one_or_none()
    if row is None:
        raise NotFound
    variant, product = ware_of(row, 0)
    account = find_account_by_email(gift.email)
    wish = Wish(
        checkout_key=gift.page_key,
        items=(Item(variant, product, gift.quantity, 0),),
        quote=calculate(variant.currency, [Line(variant.id, product.id, gift.quantity, 0, 0)]),
        email=gift.email,
        account_id=account.id if account and account.email_verified_at else None,
        language=account.language if account else gift.language,
        currency=variant.currency,
    )
    order = placing.place(wish, now() + timedelta(hours=1))
    order.is_comp = True
    if gift.note:
        notes.add(order.id, gift.note)
    if not settling.confirm(order):
        raise SoldOut(title=product.title)
    return moving.lock(order.id)


_WARE = (
    select(*WARE)
    .join_from(Variant, Product, Product.id == Variant.product_id)
    .where(Variant.id == bindparam("id"))
)
