"""Reading a cart as pages show it and as the checkout takes it, with the prices of now in one currency."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, select

from storefront.cart.codes import look_at_code
from storefront.cart.models import Cart, CartLine
from storefront.cart.pricing import has_price, price_in, priced_in
from storefront.cart.showing import CartView, LineView, is_short, problem, problem_of_amount
from storefront.catalog.models import Product, Variant
from storefront.catalog.wares import WARE, ProductRow, VariantRow, ware_of
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.shop.service import currency as shop_currency
from storefront.taxes.billing import Billing
from storefront.web.language import in_language

# Units of each variant that the unpaid order of the cart with this checkout key holds.
HeldUnits = Callable[[str], dict[int, int]]


def _holds_nothing(_checkout_key: str) -> dict[int, int]:
    return {}


_find_held: HeldUnits = _holds_nothing


def ask_for_held_units(find: HeldUnits) -> None:
    """Have ``find`` tell what an unpaid order holds for its cart: carts know nothing of orders, and whoever comes
    back from the payment page must not be told that the last unit, which waits for them, is sold out."""
    global _find_held  # set once, when the shop is put together
    _find_held = find


def held_units(checkout_key: str) -> dict[int, int]:
    """Return how many units of each variant the unpaid order of a cart holds."""
    return _find_held(checkout_key)


def view_of(cart: Cart | None, wished: str, code: str = "") -> CartView:
    """Return what is in the cart, with the prices of now (1 query, 2 when stock is short, and up to 2 for a code).

    All of it is in the ``wished`` currency, or in the shop's own when something has no price in that. ``code`` counts
    when the cart itself has none.
    """
    if cart is None:
        return CartView("", [], wished, wished, [])
    own = shop_currency()
    found = db.execute(_lines_statement(wished == own), {"cart": cart.id, "currency": wished})
    rows = [_line_of(row) for row in found]
    moment = now()
    anything_short = any(is_short(line.variant, line.quantity) for line in rows)
    held = held_units(cart.checkout_key) if anything_short else {}
    unpriced = [
        in_language(line.product, "title")
        for line in rows
        if wished != own and not has_price(line.product, line.amount, wished)
    ]
    currency = own if unpriced else wished
    lines = [_line_view(line, currency, held.get(line.variant.id, 0), moment) for line in rows]
    key, billing = cart.code or code, Billing.read(cart.billing)
    counted = [line for line in lines if line.priced.currency == currency]
    seen, offer = look_at_code(key, cart.checkout_key, counted, currency) if key and lines else (None, None)
    offers = (offer,) if offer else ()
    return CartView(
        cart.checkout_key, lines, currency, wished, unpriced, billing=billing, code=seen, offers=offers
    )


class _Line(NamedTuple):
    quantity: int
    chosen_amount: int | None
    chosen_currency: str | None
    variant: VariantRow
    product: ProductRow
    # What one costs in the wished currency, where that is not the shop's own.
    amount: int | None


def _line_of(row: Row[*tuple[Any, ...]]) -> _Line:
    quantity, chosen_amount, chosen_currency, *_ = row
    variant, product = ware_of(row, 3)
    return _Line(quantity, chosen_amount, chosen_currency, variant, product, row[-1])


def _line_view(line: _Line, currency: str, held: int, moment: datetime) -> LineView:
    own = shop_currency()
    chosen_in = line.chosen_currency or own
    priced = priced_in(line.variant, line.amount, currency)
    wrong = problem(line.variant, line.product, line.quantity, held, own)
    return LineView(
        line.variant,
        priced,
        line.product,
        line.quantity,
        wrong or problem_of_amount(priced, line.chosen_amount, chosen_in, moment),
        line.chosen_amount if chosen_in == priced.currency else None,
        moment,
    )


@lru_cache(maxsize=2)
def _lines_statement(is_own_currency: bool) -> Select[Any]:
    line = CartLine.__table__.c
    return (
        select(line.quantity, line.chosen_amount, line.chosen_currency, *WARE, price_in(is_own_currency))
        .join_from(CartLine, Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(line.cart_id == bindparam("cart"))
        .order_by(line.added_at, line.id)
    )
