"""Stock: every move is one guarded statement, and the database checks the books (received = stock + reserved + sold).

``stock`` counts units that can still be sold, and NULL means unlimited; then only the counters move.
"""

from collections.abc import Iterable

from sqlalchemy import select, update

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Variant
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.errors import N_, Refused

# Customers are told how many are left only when there are few.
FEW = 5


class SoldOut(Refused):
    """There are not so many left."""

    sentence = N_("%(title)s is sold out or there are fewer left than you want.")


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


def set_stock(variant: Variant, stock: int | None) -> None:
    """Let the owner say how many can be sold; the difference counts as received (or as lost)."""
    variant.stock = stock
    variant.received = 0 if stock is None else stock + variant.reserved + variant.sold


def _move(variant_id: int, *, stock: int = 0, reserved: int = 0, sold: int = 0) -> bool:
    """Make one guarded move by these differences; False when there are not enough units."""
    enough = (Variant.stock.is_(None)) | (Variant.stock >= -stock)
    statement = (
        update(Variant)
        .where(Variant.id == variant_id, enough)
        .values(stock=Variant.stock + stock, reserved=Variant.reserved + reserved, sold=Variant.sold + sold)
        .returning(Variant.product_id, Variant.stock)
        .execution_options(synchronize_session=False)
    )
    row = db.session().execute(statement).one_or_none()
    if row is None:
        return False
    if row.stock is not None and _shown(row.stock) != _shown(row.stock - stock):
        refresh_card(row.product_id)
        raise_stamp()
    return True


def _shown(stock: int) -> int:
    """What pages tell of a stock: nothing while there are plenty."""
    return min(stock, FEW + 1)
