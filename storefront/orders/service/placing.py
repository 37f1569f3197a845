"""Placing an order: stock is reserved, prices come from the database, and one page makes one order."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm.attributes import set_committed_value

from storefront.catalog import stock
from storefront.catalog.wares import ProductRow, VariantRow
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.faults import reach
from storefront.journal.service import write as journal
from storefront.orders.models import Order, OrderLine, StockReservation
from storefront.orders.service import codes
from storefront.pricing.values import LineQuote, Quote
from storefront.web.language import in_language


@dataclass(frozen=True, slots=True)
class Item:
    """So many of one variant, as they stand in the database now. ``unit_amount`` is what one costs this buyer now."""

    variant: VariantRow
    product: ProductRow
    quantity: int
    unit_amount: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the physical things get to the buyer, and where to; no address where they are picked up."""

    facts: dict[str, Any]
    address: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class HeldCode:
    """The discount code that the order is to hold, and what it takes off in all (minor units)."""

    code_id: int
    text: str
    most_per_customer: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be ordered, by whom, from which page (``checkout_key``); ``quote`` is what it costs, line by line."""

    checkout_key: str
    items: tuple[Item, ...]
    quote: Quote
    email: str
    account_id: int | None
    language: str
    currency: str
    delivery: Delivery | None = None
    code: HeldCode | None = None
    billing: dict[str, Any] | None = None
    terms: dict[str, Any] | None = None
    # Whether prices include the tax that Stripe Tax finds; None where it does not.
    stripe_tax_is_included: bool | None = None

    @property
    def fingerprint(self) -> str:
        """What was asked for: the same again is the same order, anything else is another."""
        lines = sorted((item.variant.id, item.quantity, item.unit_amount) for item in self.items)
        paid = [self.quote.total_amount, self.quote.discount_amount, self.quote.shipping_amount]
        code = self.code.code_id if self.code else None
        asked: list[Any] = [lines, self.email, self.account_id, self.currency, paid, code, self.billing]
        if self.delivery is not None:
            asked += [self.delivery.facts["method_id"], self.delivery.address]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def place(wish: Wish, reserved_until: datetime) -> Order:
    """Write down the order with its lines and reserve its stock.

    Raises:
        SoldOut: there are not enough of something; nothing was written.
        CodeGone, CodeUsedByYou: the discount code can't be had (any more); nothing was written.
        IntegrityError: another request has placed the order of this page (constraint ``uq_shop_order_checkout_key``).
    """
    order = _order_of(wish)
    db.session().add(order)
    db.session().flush()
    reach("placing.order_written")
    quoted = {one.line.variant_id: one for one in wish.quote.lines}
    lines = [_line_of(order, item, quoted[item.variant.id], wish.language) for item in wish.items]
    db.session().add_all(lines)
    db.session().flush()
    # Nobody else can see the order yet, so that it need not be locked and read again.
    set_committed_value(order, "lines", lines)
    _reserve_all(lines, reserved_until)
    if wish.code is not None:
        codes.hold(order, wish.code.code_id, wish.code.most_per_customer, wish.code.amount)
    journal(
        order.topic, "order.placed", number=order.number, total=order.total_amount, currency=order.currency
    )
    return order


def reserve_again(order: Order, lines: Iterable[OrderLine], reserved_until: datetime) -> None:
    """Hold stock once more for an order whose last attempt to pay gave it back.

    Raises:
        SoldOut: there are not enough of something any more.
    """
    _reserve_all(lines, reserved_until)
    journal(order.topic, "stock.reserved_again")


def _order_of(wish: Wish) -> Order:
    quote = wish.quote
    return Order(
        checkout_key=wish.checkout_key,
        fingerprint=wish.fingerprint,
        account_id=wish.account_id,
        email=wish.email,
        language=wish.language,
        currency=wish.currency,
        subtotal_amount=quote.subtotal_amount,
        discount_amount=quote.discount_amount,
        tax_amount=quote.added_tax_amount,
        included_tax_amount=quote.included_tax_amount,
        shipping_amount=quote.shipping_amount,
        total_amount=quote.total_amount,
        code=wish.code.text if wish.code else None,
        taxes=_taxes_of(wish),
        billing=wish.billing,
        terms=wish.terms,
        delivery=wish.delivery.facts if wish.delivery else None,
        shipping_address=wish.delivery.address if wish.delivery else None,
    )


def _taxes_of(wish: Wish) -> dict[str, Any] | None:
    """Return how the tax came about, as the order keeps it: all that an invoice says of it."""
    quote = wish.quote
    if wish.stripe_tax_is_included is not None:
        return {"by_stripe": True, "is_included": wish.stripe_tax_is_included}
    if quote.rules is None:
        return None
    shipping = quote.shipping
    return {
        "country": quote.rules.country,
        "is_included": quote.rules.is_included,
        "is_reversed": quote.rules.is_reversed,
        "rates": [list(row) for row in quote.tax_rows],
        "shipping": [shipping.rate.hundredths, shipping.tax_amount] if shipping and shipping.rate else None,
    }


def _line_of(order: Order, item: Item, quoted: LineQuote, language: str) -> OrderLine:
    return OrderLine(
        order_id=order.id,
        product_id=item.product.id,
        variant_id=item.variant.id,
        title=in_language(item.product, "title", language),
        variant_title=in_language(item.variant, "title", language),
        sku=item.variant.sku,
        requires_shipping=item.product.requires_shipping,
        unit_amount=item.unit_amount,
        quantity=item.quantity,
        total_amount=item.unit_amount * item.quantity,
        discount_amount=quoted.discount_amount,
        tax_amount=quoted.tax_amount,
        tax_rate=quoted.rate.hundredths if quoted.rate else None,
        tax_class=item.product.tax_class,
        why=[list(reason) for reason in quoted.why],
    )


def _reserve_all(lines: Iterable[OrderLine], until: datetime) -> None:
    """Everybody takes stock in the same order, all of it before anything else that follows from a changed stock, so
    that two buyers of the same things can't wait for each other."""
    in_order = sorted(lines, key=lambda line: line.variant_id)
    if len(in_order) > 1:
        stock.hold_still([line.variant_id for line in in_order])
    for line in in_order:
        _reserve(line, until)


def _reserve(line: OrderLine, until: datetime) -> None:
    if not stock.reserve(line.variant_id, line.quantity):
        raise stock.SoldOut(title=line.title)
    db.execute(
        _NEW_RESERVATION,
        {
            "order_line_id": line.id,
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "expires_at": until,
        },
    )


_NEW_RESERVATION = insert(cast(Table, StockReservation.__table__))
