"""What things in a cart cost in the currency of the cart, which is the shop's own or another that the shop takes."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, null, select

from storefront.catalog.models import Product, Variant, VariantPrice
from storefront.catalog.pricing import Priced, PriceElsewhere
from storefront.catalog.wares import WARE, ProductRow, VariantRow, ware_of
from storefront.core import db
from storefront.shop.service import currency as shop_currency


def offer_of(variant_id: int, currency: str) -> tuple[ProductRow, Priced]:
    """Return the product of a variant that is there, and what decides on its price in that currency, or the shop's."""
    statement = _offer_statement(currency == shop_currency())
    row = db.execute(statement, {"variant": variant_id, "currency": currency}).one()
    variant, product = ware_of(row, 0)
    return product, priced_in(variant, row[-1] if has_price(product, row[-1], currency) else None, currency)


@lru_cache(maxsize=2)
def _offer_statement(is_own_currency: bool) -> Select[Any]:
    return (
        select(*WARE, price_in(is_own_currency))
        .join_from(Variant, Product)
        .where(Variant.id == bindparam("variant"))
    )


def price_in(is_own_currency: bool) -> Any:
    """Return the expression of a variant's price in the parameter ``currency``, none in the shop's own."""
    return null() if is_own_currency else _ELSEWHERE


def has_price(product: ProductRow, amount: int | None, currency: str) -> bool:
    """A product is sold in a currency when all of its variants are, as its own page says."""
    return amount is not None and currency in (product.other_prices or {})


def priced_in(variant: VariantRow, amount: int | None, currency: str) -> Priced:
    """Return what decides on the price of a variant in one of its currencies."""
    if amount is None or currency == variant.currency:
        return variant
    return PriceElsewhere(amount, currency, variant.pays_what_they_want)


_ELSEWHERE = (
    select(VariantPrice.amount)
    .where(VariantPrice.variant_id == Variant.id, VariantPrice.currency == bindparam("currency"))
    .scalar_subquery()
)
