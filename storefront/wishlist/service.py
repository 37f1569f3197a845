"""Keeping a wishlist: what is on it, for whom, and who else may read it."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Product, Variant
from storefront.catalog.queries import cards_by_ids
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.core.ids import new_public_id
from storefront.web.language import current_language
from storefront.wishlist.models import Wishlist, WishlistEntry
from storefront.wishlist.showing import EntryView, entries_of, offer_now, prices_in

KEPT_FOR = timedelta(days=180)
MOST_ENTRIES = 200
# How long a removed entry can come back.
_COMES_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a wish to save or remove something: the sentence for the person."""

    sentence: str
    is_as_wished: bool = True


def find_wishlist(
    public_id: str | None, account_id: int | None, *, for_update: bool = False
) -> Wishlist | None:
    """Return the list of the account, else the one whose id the cookie carries."""
    if account_id is not None:
        return _one(select(Wishlist).where(Wishlist.account_id == account_id), for_update)
    if not public_id:
        return None
    return _one(select(Wishlist).where(*_of_visitor(public_id)), for_update)


def make_wishlist(account_id: int | None) -> Wishlist:
    """Return a new, empty list; of two requests of one account that make it at once, both get the same."""
    if account_id is None:
        made = Wishlist()
        db.session().add(made)
        db.session().flush()
        return made
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"account_id": account_id, "public_id": new_public_id(), "created_at": now(), "updated_at": now()}
    db.session().execute(insert(Wishlist).values(**row).on_conflict_do_nothing(index_elements=["account_id"]))
    return (
        db.session()
        .scalars(select(Wishlist).where(Wishlist.account_id == account_id).with_for_update())
        .one()
    )


def save(wishlist: Wishlist, slug: str, variant_id: int | None) -> Saved:
    """Put a published product on the list, with the variant that was meant; again is harmless.

    The list must be locked.
    """
    product_id = db.session().scalar(select(Product.id).where(Product.slug == slug))
    cards = cards_by_ids(current_language(), [product_id]) if product_id is not None else []
    if not cards:
        return Saved(gettext("This product is not on offer any more."), is_as_wished=False)
    [card] = cards
    entry = _entry_for(wishlist, card.id)
    if entry is None and _count(wishlist) >= MOST_ENTRIES:
        return Saved(gettext("A wishlist holds at most 200 things."), is_as_wished=False)
    if entry is None or entry.removed_at is not None:
        variant = _variant_meant(card.id, variant_id)
        others = prices_in(card.price.currency, [variant.id]) if variant is not None else {}
        price, _, is_available = offer_now(card, variant, others.get(variant.id) if variant else None)
        entry = entry or WishlistEntry(wishlist_id=wishlist.id, product_id=card.id)
        entry.variant_id = variant.id if variant else None
        entry.title, entry.amount, entry.currency = card.title, price.amount, price.currency
        entry.was_available, entry.added_at, entry.removed_at = is_available, now(), None
        db.session().add(entry)
    elif variant_id is not None and (variant := _variant_meant(card.id, variant_id)) is not None:
        entry.variant_id = variant.id
    _touch(wishlist)
    return Saved(gettext("%(title)s is on your wishlist.", title=card.title))


def remove_product(wishlist: Wishlist, slug: str) -> Saved:
    """Take a product off the list by its address."""
    statement = (
        select(WishlistEntry)
        .join(Product, Product.id == WishlistEntry.product_id)
        .where(WishlistEntry.wishlist_id == wishlist.id, Product.slug == slug)
    )
    return _remove(wishlist, db.session().scalar(statement))


def remove(wishlist: Wishlist, entry_id: int) -> Saved:
    """Take an entry off the list; it can come back for a day."""
    return _remove(wishlist, _own(wishlist, entry_id))


def bring_back(wishlist: Wishlist, entry_id: int) -> Saved:
    """Put a removed entry back as it was."""
    entry = _own(wishlist, entry_id)
    if entry is None:
        return Saved(gettext("This can't be brought back any more."), is_as_wished=False)
    if _count(wishlist) >= MOST_ENTRIES:
        return Saved(gettext("A wishlist holds at most 200 things."), is_as_wished=False)
    entry.removed_at = None
    _touch(wishlist)
    return Saved(gettext("%(title)s is on your wishlist.", title=entry.title))


def variant_of_entry(wishlist: Wishlist, entry_id: int) -> int:
    """Return the variant that an entry means.

    Raises:
        NotFound: it is not on this list, or one has to choose a variant first.
    """
    entry = _own(wishlist, entry_id)
    if entry is None or entry.variant_id is None:
        raise NotFound
    return entry.variant_id


def share(wishlist: Wishlist) -> None:
    """Give the list an address under which others may read it; it keeps the one that it has."""
    wishlist.share_id = wishlist.share_id or new_public_id()
    _touch(wishlist)


def stop_sharing(wishlist: Wishlist) -> None:
    """Take the address back. It never leads anywhere again."""
    wishlist.share_id = None
    _touch(wishlist)


def shared_entries(share_id: str, root: str) -> list[EntryView]:
    """Return what is on offer of the list with that address.

    Raises:
        NotFound: nobody shares a list there (any more).
    """
    statement = select(Wishlist.id).where(
        Wishlist.share_id == share_id,
        or_(Wishlist.account_id.is_not(None), Wishlist.updated_at > now() - KEPT_FOR),
    )
    wishlist_id = db.session().scalar(statement)
    if wishlist_id is None:
        raise NotFound
    return [entry for entry in entries_of(wishlist_id, root) if entry.card is not None]


def saved_slugs(public_id: str | None, account_id: int | None) -> tuple[str, ...]:
    """Return the addresses of what is on the list, so that its hearts can be filled (1 query)."""
    if account_id is None and not public_id:
        return ()
    whose = (Wishlist.account_id == account_id,) if account_id is not None else _of_visitor(public_id or "")
    statement = (
        select(Product.slug)
        .join(WishlistEntry, WishlistEntry.product_id == Product.id)
        .join(Wishlist, Wishlist.id == WishlistEntry.wishlist_id)
        .where(*whose, WishlistEntry.removed_at.is_(None))
        .order_by(WishlistEntry.id)
    )
    return tuple(db.session().scalars(statement))


def merge_at_login(public_id: str | None, account_id: int) -> None:
    """Make the visitor's list the account's. What both hold stays as the account has it; what is too many is left out.

    The address under which a visitor shared the list is not carried over to an account that has a list already: it
    would show others what they were never sent.
    """
    both = or_(Wishlist.public_id == (public_id or ""), Wishlist.account_id == account_id)
    found = list(db.session().scalars(select(Wishlist).where(both).order_by(Wishlist.id).with_for_update()))
    own = next((each for each in found if each.account_id == account_id), None)
    visitor = next((each for each in found if each.account_id is None), None)
    if visitor is None or visitor.updated_at <= now() - KEPT_FOR:
        return
    if own is None:
        visitor.account_id = account_id
        _touch(visitor)
        return
    _move_entries(visitor, own)
    db.session().delete(visitor)
    db.session().flush()


def forget_old() -> None:
    """Delete visitors' lists that nobody has touched for half a year, and entries that were removed a day ago."""
    session = db.session()
    old = (Wishlist.account_id.is_(None), Wishlist.updated_at < now() - KEPT_FOR)
    session.execute(delete(Wishlist).where(*old))
    session.execute(delete(WishlistEntry).where(WishlistEntry.removed_at < now() - _COMES_BACK))


def _move_entries(visitor: Wishlist, own: Wishlist) -> None:
    entries = db.session().scalars(
        select(WishlistEntry)
        .where(WishlistEntry.wishlist_id.in_((visitor.id, own.id)), WishlistEntry.removed_at.is_(None))
        .order_by(WishlistEntry.added_at, WishlistEntry.id)
    )
    per_list: dict[int, list[WishlistEntry]] = {visitor.id: [], own.id: []}
    for entry in entries:
        per_list[entry.wishlist_id].append(entry)
    there = {entry.product_id for entry in per_list[own.id]}
    new = [entry for entry in per_list[visitor.id] if entry.product_id and entry.product_id not in there]
    moved = new[: MOST_ENTRIES - len(per_list[own.id])]
    removed_here = delete(WishlistEntry).where(
        WishlistEntry.wishlist_id == own.id, WishlistEntry.product_id.in_([each.product_id for each in moved])
    )
    db.session().execute(removed_here)
    for entry in moved:
        entry.wishlist_id = own.id
    db.session().flush()
    _touch(own)


def _remove(wishlist: Wishlist, entry: WishlistEntry | None) -> Saved:
    if entry is None:
        return Saved(gettext("This was not on your wishlist."))
    entry.removed_at = entry.removed_at or now()
    _touch(wishlist)
    return Saved(gettext("%(title)s was removed from your wishlist.", title=entry.title))


def _variant_meant(product_id: int, variant_id: int | None) -> Any | None:
    """Return the variant, or the only one there is; None when one would have to choose."""
    statement = (
        select(*Variant.__table__.columns)
        .where(Variant.product_id == product_id, Variant.archived_at.is_(None))
        .order_by(Variant.position, Variant.id)
    )
    rows = db.session().execute(statement).all()
    named = next((row for row in rows if row.id == variant_id), None)
    return named or (rows[0] if len(rows) == 1 else None)


def _entry_for(wishlist: Wishlist, product_id: int) -> WishlistEntry | None:
    return db.session().scalar(
        select(WishlistEntry).where(
            WishlistEntry.wishlist_id == wishlist.id, WishlistEntry.product_id == product_id
        )
    )


def _own(wishlist: Wishlist, entry_id: int) -> WishlistEntry | None:
    return db.session().scalar(
        select(WishlistEntry).where(WishlistEntry.wishlist_id == wishlist.id, WishlistEntry.id == entry_id)
    )


def _count(wishlist: Wishlist) -> int:
    statement = select(func.count()).where(
        WishlistEntry.wishlist_id == wishlist.id, WishlistEntry.removed_at.is_(None)
    )
    return int(db.session().scalar(statement) or 0)


def _of_visitor(public_id: str) -> tuple[Any, ...]:
    return (
        Wishlist.public_id == public_id,
        Wishlist.account_id.is_(None),
        Wishlist.updated_at > now() - KEPT_FOR,
    )


def _one(statement: Any, for_update: bool) -> Wishlist | None:
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found: Wishlist | None = db.session().scalar(statement)
    return found


def _touch(wishlist: Wishlist) -> None:
    wishlist.updated_at = now()
