"""Filling and changing a cart. What comes from a form is corrected and said, never trusted and never a fault."""

from functools import lru_cache
from typing import Any, NamedTuple, cast

from flask_babel import gettext
from sqlalchemy import Select, Table, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.cart.models import Cart, CartLine
from storefront.cart.pricing import has_price, price_in, priced_in
from storefront.cart.reading import held_units
from storefront.cart.showing import (
    Change,
    is_short,
    most_of,
    read_amount,
)
from storefront.catalog import queries as catalog
from storefront.catalog.models import Product, Variant
from storefront.catalog.pricing import Priced
from storefront.catalog.wares import WARE, ProductRow, VariantRow, ware_of
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.ids import new_public_id
from storefront.shop.service import currency as shop_currency
from storefront.web.language import in_language

_cart, _line_row = cast(Table, Cart.__table__), cast(Table, CartLine.__table__)
KEPT_FOR = timedelta(days=30)
# Stripe takes 100 lines a session.
MOST_LINES = 100


def find_cart(
    public_id: str | None, account_id: int | None = None, *, for_update: bool = False
) -> Cart | None:
    """Return the cart of the account, else the one whose id the cookie carries.

    Whoever changes a cart asks ``for_update``: everybody locks the cart before its lines and before its order.
    """
    if account_id is not None:
        own = _one(_OF_ACCOUNT, for_update, account=account_id)
        if own is not None:
            return own
    if not public_id:
        return None
    cart = _one(_OF_VISITOR, for_update, public_id=public_id, oldest=now() - KEPT_FOR)
    return cart if cart is not None and cart.account_id in (None, account_id) else None


def make_cart(account_id: int | None) -> Cart:
    """Return a new, empty cart; of two requests of one account that make it at once, both get the same."""
    if account_id is None:
        cart = Cart()
        db.session().add(cart)
        db.session().flush()
        return cart
    insert_once = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"account_id": account_id, "public_id": new_public_id(), "checkout_key": new_public_id()}
    times = {"created_at": now(), "updated_at": now()}
    db.session().execute(
        insert_once(Cart).values(**row, **times).on_conflict_do_nothing(index_elements=["account_id"])
    )
    return db.session().scalars(select(Cart).where(Cart.account_id == account_id).with_for_update()).one()


def lock_by_key(checkout_key: str) -> None:
    """Hold the cart that an order comes from, if it is still there, until the end of the unit."""
    db.session().execute(select(Cart.id).where(Cart.checkout_key == checkout_key).with_for_update())


def add(cart: Cart, variant_id: int, quantity: int, amount: str = "", currency: str = "") -> Change:
    """Put so many more of a variant into the cart, as many as there are.

    ``amount`` is what the buyer typed to pay for one, where that is free to choose, in ``currency`` or else the
    shop's; empty leaves it as it is.
    """
    return _set(cart, variant_id, more=quantity, amount=amount, currency=currency)


def change(cart: Cart, variant_id: int, quantity: int, amount: str = "", currency: str = "") -> Change:
    """Have exactly so many of a variant in the cart; 0 removes it."""
    if quantity <= 0:
        return remove(cart, variant_id)
    return _set(cart, variant_id, exactly=quantity, amount=amount, currency=currency)


def remove(cart: Cart, variant_id: int) -> Change:
    """Take a variant out of the cart; taking it out twice is no fault."""
    db.session().execute(
        delete(CartLine).where(CartLine.cart_id == cart.id, CartLine.variant_id == variant_id)
    )
    _touch(cart)
    variant = catalog.get_variants([variant_id]).get(variant_id)
    title = in_language(variant.product, "title") if variant else ""
    return Change(gettext("%(title)s was removed from the cart.", title=title), 0)


def quantity_of(cart: Cart, variant_id: int) -> int:
    """Return how many of a variant are in the cart."""
    line = _line(cart, variant_id)
    return line.quantity if line else 0


def count_of(public_id: str | None, account_id: int | None) -> int:
    """Return how many pieces are in the cart, for the header (1 query)."""
    if account_id is None and not public_id:
        return 0
    if account_id is not None:
        return int(db.execute(_COUNT_OF_ACCOUNT, {"account": account_id}).scalar_one())
    values = {"public_id": public_id, "oldest": now() - KEPT_FOR}
    return int(db.execute(_COUNT_OF_VISITOR, values).scalar_one())


def merge_at_login(public_id: str | None, account_id: int) -> None:
    """Make the visitor's cart the account's; what both hold is added up, within what there is.

    The account's cart goes on with the visitor's key, so that a payment page which was opened before the login is
    found and closed by the next checkout.
    """
    both = or_(Cart.public_id == (public_id or ""), Cart.account_id == account_id)
    found = list(db.session().scalars(select(Cart).where(both).order_by(Cart.id).with_for_update()))
    own = next((cart for cart in found if cart.account_id == account_id), None)
    visitor = next(
        (cart for cart in found if cart.account_id is None and cart.updated_at > now() - KEPT_FOR), None
    )
    if visitor is None:
        return
    if own is None:
        visitor.account_id = account_id
        _touch(visitor)
        return
    for line in db.session().scalars(
        select(CartLine).where(CartLine.cart_id == visitor.id).order_by(CartLine.id)
    ):
        add(own, line.variant_id, line.quantity)
        same = _line(own, line.variant_id)
        if same is not None and line.chosen_amount is not None:
            same.chosen_amount, same.chosen_currency = line.chosen_amount, line.chosen_currency
    if visitor.ship_country:
        own.ship_country, own.ship_method = visitor.ship_country, visitor.ship_method
        own.ship_state, own.ship_postal_code = visitor.ship_state, visitor.ship_postal_code
    key = visitor.checkout_key
    db.session().delete(visitor)
    db.session().flush()
    own.checkout_key = key
    own.code, own.billing = own.code or visitor.code, own.billing or visitor.billing


def empty_after_purchase(checkout_key: str, bought: dict[int, int]) -> None:
    """Take what was bought out of the cart it came from; what was added meanwhile stays. The key is renewed."""
    cart = db.session().scalar(select(Cart).where(Cart.checkout_key == checkout_key))
    if cart is None:
        return
    for line in db.session().scalars(select(CartLine).where(CartLine.cart_id == cart.id)):
        left = line.quantity - bought.get(line.variant_id, 0)
        if left > 0:
            line.quantity = left
        else:
            db.session().delete(line)
    cart.code = None
    renew_key(cart)


def renew_key(cart: Cart) -> None:
    """Let the next checkout of this cart be another order."""
    cart.checkout_key = new_public_id()
    _touch(cart)


def forget_old_carts() -> None:
    """Delete visitors' carts that nobody has touched for 30 days."""
    db.session().execute(delete(Cart).where(Cart.account_id.is_(None), Cart.updated_at < now() - KEPT_FOR))


def _set(
    cart: Cart, variant_id: int, *, exactly: int = 0, more: int = 0, amount: str = "", currency: str = ""
) -> Change:
    found = _look_up(cart, variant_id, currency or shop_currency())
    if found is None or found.variant.archived_at is not None or not catalog.is_published(found.product):
        return Change(gettext("This product is not on offer any more."), 0, is_as_wished=False)
    variant, had = found.variant, found.quantity or 0
    wished = exactly or more + had
    title = in_language(found.product, "title")
    most = most_of(
        variant, held_units(cart.checkout_key).get(variant_id, 0) if is_short(variant, wished) else 0
    )
    if most == 0:
        return Change(gettext("%(title)s is sold out.", title=title), 0, is_as_wished=False)
    if found.line_id is None and found.lines_in_cart >= MOST_LINES:
        return Change(gettext("A cart holds at most 100 different things."), 0, is_as_wished=False)
    chosen = read_amount(found.priced, amount)
    if isinstance(chosen, str):
        return Change(chosen, had, is_as_wished=False, wrong_amount=amount)
    quantity = min(wished, most)
    _write(cart, found, quantity, chosen)
    pieces = found.pieces_in_cart - had + quantity
    if quantity < wished:
        said = gettext("There are only %(num)s of %(title)s.", num=quantity, title=title)
        return Change(said, quantity, is_as_wished=False, pieces=pieces)
    return Change(gettext("%(title)s is in the cart.", title=title), quantity, pieces=pieces)


def _write(cart: Cart, found: "_Found", quantity: int, chosen: int | None) -> None:
    row: dict[str, Any] = {"quantity": quantity}
    if chosen is not None:
        row |= {"chosen_amount": chosen, "chosen_currency": found.priced.currency}
    if found.line_id is None:
        db.execute(_NEW_LINE, {"cart_id": cart.id, "variant_id": found.variant.id, "added_at": now(), **row})
    else:
        db.execute(update(_line_row).where(_line_row.c.id == found.line_id).values(**row))
    _touch(cart)


class _Found(NamedTuple):
    line_id: int | None
    quantity: int | None
    lines_in_cart: int
    pieces_in_cart: int
    variant: VariantRow
    product: ProductRow
    priced: Priced


def _look_up(cart: Cart, variant_id: int, currency: str) -> _Found | None:
    """Return all that is needed to put something into the cart, in one query."""
    values = {"cart": cart.id, "variant": variant_id, "currency": currency}
    row = db.execute(_ware_statement(currency == shop_currency()), values).one_or_none()
    if row is None:
        return None
    line_id, quantity, lines, pieces, *_ = row
    variant, product = ware_of(row, 4)
    amount = row[-1] if has_price(product, row[-1], currency) else None
    return _Found(line_id, quantity, lines, pieces, variant, product, priced_in(variant, amount, currency))


@lru_cache(maxsize=2)
def _ware_statement(is_own_currency: bool) -> Select[Any]:
    """Ask for the line that is there, how full the cart is, and what is to be put into it."""
    whole = select(func.count(), func.coalesce(func.sum(_line_row.c.quantity), 0))
    whole_cart = whole.where(_line_row.c.cart_id == bindparam("cart")).subquery()
    own_line = (_line_row.c.variant_id == Variant.id) & (_line_row.c.cart_id == bindparam("cart"))
    return (
        select(_line_row.c.id, _line_row.c.quantity, *whole_cart.c, *WARE, price_in(is_own_currency))
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(whole_cart, true())
        .outerjoin(_line_row, own_line)
        .where(Variant.id == bindparam("variant"))
    )


def _one(statement: Any, for_update: bool, **values: Any) -> Cart | None:
    if for_update:
        statement = _for_update(statement)
    found: Cart | None = db.session().scalar(statement, values)
    return found


@lru_cache(maxsize=4)
def _for_update(statement: Any) -> Any:
    return statement.with_for_update().execution_options(populate_existing=True)


def _line(cart: Cart, variant_id: int) -> CartLine | None:
    return db.session().scalar(
        select(CartLine)
        .where(CartLine.cart_id == cart.id, CartLine.variant_id == variant_id)
        .with_for_update()
    )


def _touch(cart: Cart) -> None:
    db.execute(_TOUCH, {"cart": cart.id, "moment": now()})


_OF_ACCOUNT = select(Cart).where(Cart.account_id == bindparam("account"))
_OF_VISITOR = select(Cart).where(
    Cart.public_id == bindparam("public_id"), Cart.updated_at > bindparam("oldest")
)
_PIECES = select(func.coalesce(func.sum(_line_row.c.quantity), 0)).join_from(_line_row, _cart)
_COUNT_OF_ACCOUNT = _PIECES.where(_cart.c.account_id == bindparam("account"))
_COUNT_OF_VISITOR = _PIECES.where(
    _cart.c.public_id == bindparam("public_id"),
    _cart.c.account_id.is_(None),
    _cart.c.updated_at > bindparam("oldest"),
)
_NEW_LINE = insert(_line_row)
_TOUCH = update(_cart).where(_cart.c.id == bindparam("cart")).values(updated_at=bindparam("moment"))
