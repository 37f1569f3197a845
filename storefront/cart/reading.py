"""Reading a cart as pages show it and as the checkout takes it, with the prices of now in one currency."""

from collections.abc import Callable

from sqlalchemy import select

from storefront.cart.models import Cart, CartLine
from storefront.cart.pricing import has_price, price_in, priced_in
from storefront.cart.showing import CartView, LineView, is_short, problem, problem_of_amount
from storefront.catalog.models import Product, Variant
from storefront.catalog.pricing import Priced
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.shop.service import currency as shop_currency
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


def view_of(cart: Cart | None, wished: str) -> CartView:
    """Return what is in the cart, with the prices of now (1 query, 2 when stock is short).

    All of it is in the ``wished`` currency, or in the shop's own when something has no price in that.
    """
    if cart is None:
        return CartView("", [], wished, wished, [])
    own = shop_currency()
    statement = (
        select(CartLine, Variant, Product, price_in(wished, own))
        .join(Variant, Variant.id == CartLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(CartLine.cart_id == cart.id)
        .order_by(CartLine.added_at, CartLine.id)
    )
    rows = db.session().execute(statement).all()
    moment = now()
    anything_short = any(is_short(variant, line.quantity) for line, variant, _, _ in rows)
    held = held_units(cart.checkout_key) if anything_short else {}
    unpriced = [
        in_language(product, "title")
        for _, _, product, amount in rows
        if wished != own and not has_price(product, amount, wished)
    ]
    currency = own if unpriced else wished
    lines = [
        _line_view(
            line, variant, product, priced_in(variant, amount, currency), held.get(variant.id, 0), moment
        )
        for line, variant, product, amount in rows
    ]
    return CartView(cart.checkout_key, lines, currency, wished, unpriced)


def _line_view(
    line: CartLine, variant: Variant, product: Product, priced: Priced, held: int, moment: datetime
) -> LineView:
    own = shop_currency()
    chosen_in = line.chosen_currency or own
    wrong = problem(variant, product, line.quantity, held, own)
    return LineView(
        variant,
        priced,
        product,
        line.quantity,
        wrong or problem_of_amount(priced, line.chosen_amount, chosen_in, moment),
        line.chosen_amount if chosen_in == priced.currency else None,
        moment,
    )
