"""What a discount code is worth in a cart: from the database into an offer for the price calculation."""

from collections.abc import Callable

from flask_babel import gettext

from storefront.cart.showing import CodeView, LineView
from storefront.core.clock import datetime, now
from storefront.core.money import Money
from storefront.pricing.offers import AmountOff, FreeShipping, Offer, PercentOff
from storefront.promotions.queries import CodeRow, covered, find_code
from storefront.promotions.rules import UNKNOWN, WhyNot, why_not_for, why_not_now
from storefront.promotions.states import CodeKind
from storefront.web.filters import moment, money

# The code that the unpaid order of the cart with this checkout key holds.
HeldCode = Callable[[str], int | None]


def _holds_no_code(_checkout_key: str) -> int | None:
    return None


_find_held_code: HeldCode = _holds_no_code


def ask_for_held_code(find: HeldCode) -> None:
    """Have ``find`` tell which code an unpaid order holds for its cart: carts know nothing of orders, and whoever
    comes back from the payment page must not be told that the last use, which is theirs, is gone."""
    global _find_held_code  # set once, when the shop is put together
    _find_held_code = find


def look_at_code(
    key: str, checkout_key: str, lines: list[LineView], currency: str
) -> tuple[CodeView, Offer | None]:
    """Return what a code is worth for these lines (1 query, 2 when it covers only some things)."""
    row = find_code(key)
    if row is None:
        return CodeView(key, None, told_why(UNKNOWN)), None
    may_hold = row.most_uses is not None and row.used >= row.most_uses
    holds_one = may_hold and _find_held_code(checkout_key) == row.id
    why_not = why_not_now(row, now(), holds_one=holds_one)
    if why_not is not None:
        return CodeView(row.code, row, told_why(why_not)), None
    products = covered(row, {line.product.id for line in lines})
    meant = [line for line in lines if products is None or line.product.id in products]
    why_not = why_not_for(
        row,
        sum(line.total.amount for line in meant),
        currency,
        has_parcel=any(line.product.requires_shipping for line in meant),
    )
    if why_not is not None:
        return CodeView(row.code, row, told_why(why_not)), None
    return CodeView(row.code, row, None), _offer(row, products, currency)


def told_why(why: WhyNot) -> str:
    """Return in words why a code takes nothing off."""
    shown = {
        name: money(value)
        if isinstance(value, Money)
        else moment(value)
        if isinstance(value, datetime)
        else value
        for name, value in why.values.items()
    }
    return str(gettext(why.sentence, **shown))


def _offer(code: CodeRow, products: frozenset[int] | None, currency: str) -> Offer:
    if code.kind is CodeKind.PERCENT:
        return PercentOff(code.code, code.percent or 0, products)
    if code.kind is CodeKind.AMOUNT:
        return AmountOff(code.code, code.amounts[currency], products)
    return FreeShipping(code.code, products)
