"""What things in a cart cost in the currency of the cart, which is the shop's own or another that the shop takes."""

from typing import Any

from sqlalchemy import null, select

from storefront.catalog.models import Product, Variant, VariantPrice
from storefront.catalog.pricing import Priced, PriceElsewhere
from storefront.core import db
from storefront.shop.service import currency as shop_currency


def offer_of(variant_id: int, currency: str) -> tuple[Product, Priced]:
    """Return the product of a variant that is there, and what decides on its price in that currency, or the shop's."""
    own = shop_currency()
    statement = (
        select(Variant, Product, price_in(currency, own))
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == variant_id)
    )
    variant, product, other = db.session().execute(statement).one()
    return product, priced_in(variant, other if has_price(product, other, currency) else None, currency)


def price_in(currency: str, own: str) -> Any:
    """Return the expression of a variant's price in that currency, none where that is the shop's own."""
    if currency == own:
        return null()
    return (
        select(VariantPrice.amount)
        .where(VariantPrice.variant_id == Variant.id, VariantPrice.currency == currency)
        .scalar_subquery()
    )


def has_price(product: Product, amount: int | None, currency: str) -> bool:
    """A product is sold in a currency when all of its variants are, as its own page says."""
    return amount is not None and currency in (product.other_prices or {})


def priced_in(variant: Variant, amount: int | None, currency: str) -> Priced:
    """Return what decides on the price of a variant in one of its currencies."""
    if amount is None or currency == variant.currency:
        return variant
    return PriceElsewhere(amount, currency, variant.pays_what_they_want)
