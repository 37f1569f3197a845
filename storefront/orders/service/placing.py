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
    """How the physical things get to the buyer, for how much, and where to; no address where they are picked up."""

    amount: int
    facts: dict[str, Any]
    address: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be ordered, by whom, from which page (``checkout_key``)."""

    checkout_key: str
    items: tuple[Item, ...]
    email: str
    account_id: int | None
    language: str
    currency: str
    delivery: Delivery | None = None

    @property
    def subtotal_amount(self) -> int:
        """What the things cost, in minor units."""
        return sum(item.unit_amount * item.quantity for item in self.items)

    @property
    def shipping_amount(self) -> int:
        """What sending them costs, in minor units."""
        return self.delivery.amount if self.delivery else 0

    @property
    def fingerprint(self) -> str:
        """What was asked for: the same again is the same order, anything else is another."""
        lines = sorted((item.variant.id, item.quantity, item.unit_amount) for item in self.items)
        asked: list[Any] = [lines, self.email, self.account_id, self.currency]
        if self.delivery is not None:
            asked += [self.delivery.amount, self.delivery.facts["method_id"], self.delivery.address]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def place(wish: Wish, reserved_until: datetime) -> Order:
    """Write down the order with its lines and reserve its stock.

    Raises:
        SoldOut: there are not enough of something; nothing was written.
        IntegrityError: another request has placed the order of this page (constraint ``uq_shop_order_checkout_key``).
    """
    order = _order_of(wish)
    db.session().add(order)
    db.session().flush()
    reach("placing.order_written")
    lines = [_line_of(order, item, wish.language) for item in wish.items]
    db.session().add_all(lines)
    db.session().flush()
    # Nobody else can see the order yet, so that it need not be locked and read again.
    set_committed_value(order, "lines", lines)
    _reserve_all(lines, reserved_until)
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
    return Order(
        checkout_key=wish.checkout_key,
        fingerprint=wish.fingerprint,
        account_id=wish.account_id,
        email=wish.email,
        language=wish.language,
        currency=wish.currency,
        subtotal_amount=wish.subtotal_amount,
        shipping_amount=wish.shipping_amount,
        total_amount=wish.subtotal_amount + wish.shipping_amount,
        delivery=wish.delivery.facts if wish.delivery else None,
        shipping_address=wish.delivery.address if wish.delivery else None,
    )


def _line_of(order: Order, item: Item, language: str) -> OrderLine:
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
