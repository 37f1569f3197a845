"""Stock: every move is one guarded statement, and the database checks the books (received = stock + reserved + sold).

``stock`` counts units that can still be sold, and NULL means unlimited; then only the counters move. What comes and
goes other than by a sale is a movement with its reason: what was received is the sum of the movements.
"""

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Integer, Table, bindparam, select, update

from storefront.accounts.owners import tell_owners
from storefront.catalog.cards import refresh_offer
from storefront.catalog.models import StockMovement, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import StockReason
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, Refused
from storefront.journal.service import current_actor

# Customers are told how many are left only when there are few.
FEW = 5


LOW_STOCK = "low_stock"


class SoldOut(Refused):
    """There are not so many left."""

    sentence = N_("%(title)s is sold out or there are fewer left than you want.")


class NotSoMany(Refused):
    """More would go than there are."""

    sentence = N_("There are only %(left)s that could go.")


def hold_still(variant_ids: Iterable[int]) -> None:
    """Lock these variants in the order of their ids until the end of the unit.

    Not more strongly than the change of a counter needs: order lines that refer to them may be written meanwhile.
    """
    statement = select(Variant.id).where(Variant.id.in_(variant_ids)).order_by(Variant.id)
    db.session().execute(statement.with_for_update(key_share=True)).all()


def reserve(variant_id: int, quantity: int) -> bool:
    """Take units out of stock for an order that is being paid; False when there are not enough."""
    return _move(variant_id, stock=-quantity, reserved=quantity)


def release(variant_id: int, quantity: int) -> None:
    """Give reserved units back, because the order was not paid."""
    _move(variant_id, stock=quantity, reserved=-quantity)


def sell_reserved(variant_id: int, quantity: int) -> None:
    """Turn reserved units into sold ones."""
    _move(variant_id, reserved=-quantity, sold=quantity)


def sell_directly(variant_id: int, quantity: int) -> bool:
    """Sell units that are no longer reserved (late money); False when there are not enough."""
    return _move(variant_id, stock=-quantity, sold=quantity)


def take_back(variant_id: int, quantity: int) -> None:
    """Put sold units back on the shelf."""
    _move(variant_id, stock=quantity, sold=-quantity)


def set_stock(
    variant: Variant, stock: int | None, reason: StockReason = StockReason.COUNTED, note: str = ""
) -> None:
    """Let the owner say how many can be sold; the difference counts as received (or as lost), for this reason."""
    received = 0 if stock is None else stock + variant.reserved + variant.sold
    difference = received - (variant.received or 0)
    variant.stock, variant.received = stock, received
    if difference:
        variant.movements.add(
            StockMovement(
                quantity=difference, reason=reason, note=note[:300], actor=current_actor()[:60], at=now()
            )
        )
    if variant.id is not None:
        db.session().flush()
        watch_level(variant.id)


def adjust(variant: Variant, difference: int, reason: StockReason, note: str = "") -> None:
    """Let so many units of a locked variant come or go; a variant without limit begins to have one.

    Raises:
        NotSoMany: more would go than there are.
    """
    left = (variant.stock or 0) + difference
    if left < 0:
        raise NotSoMany(left=variant.stock or 0)
    set_stock(variant, left, reason, note)


def watch_level(variant_id: int) -> None:
    """Tell the owner once when few are left, and again only after there were more in between.

    What counts is on hand, so that a checkout that begins and ends unpaid does not raise an alarm. Must run in the unit
    that changed the stock, which holds the variant's row: of two sales at once, one crosses the line.
    """
    row = db.session().execute(_LEVEL, {"id": variant_id}).one()
    is_low = row.stock is not None and row.low_stock is not None and row.stock + row.reserved <= row.low_stock
    if is_low == (row.low_stock_told_at is not None):
        return
    moment = now() if is_low else None
    db.session().execute(
        update(Variant)
        .where(Variant.id == variant_id)
        .values(low_stock_told_at=moment)
        .execution_options(synchronize_session="fetch")
    )
    if moment is not None:
        tell_owners(LOW_STOCK, f"{variant_id}:{moment.isoformat()}", variant_id=variant_id)


def _move(variant_id: int, *, stock: int = 0, reserved: int = 0, sold: int = 0) -> bool:
    """Make one guarded move by these differences; False when there are not enough units."""
    values = {
        "variant": variant_id,
        "stock_by": stock,
        "reserved_by": reserved,
        "sold_by": sold,
        "least": -stock,
    }
    row = db.execute(_MOVE, values).one_or_none()
    if row is None:
        return False
    if row.stock is not None and _shown(row.stock) != _shown(row.stock - stock):
        refresh_offer(row.product_id)
        raise_stamp()
    if row.low_stock is not None:
        watch_level(variant_id)
    return True


def _shown(stock: int) -> int:
    """What pages tell of a stock: nothing while there are plenty."""
    return min(stock, FEW + 1)


_LEVEL: Any = select(Variant.stock, Variant.reserved, Variant.low_stock, Variant.low_stock_told_at).where(
    Variant.id == bindparam("id")
)
_variant = cast(Table, Variant.__table__)
_MOVE = (
    update(_variant)
    .where(
        _variant.c.id == bindparam("variant"),
        _variant.c.stock.is_(None) | (_variant.c.stock >= bindparam("least", type_=Integer)),
    )
    .values(
        stock=_variant.c.stock + bindparam("stock_by", type_=Integer),
        reserved=_variant.c.reserved + bindparam("reserved_by", type_=Integer),
        sold=_variant.c.sold + bindparam("sold_by", type_=Integer),
    )
    .returning(_variant.c.product_id, _variant.c.stock, _variant.c.low_stock)
)
