"""Giving buyers what they paid for, and taking it back when the money goes back."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Content, ContentVersion, Product
from storefront.catalog.states import ContentKind, ProductKind, Stamp
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.core.ids import new_public_id
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.kinds import handler_of
from storefront.fulfilment.limits import Allowance, is_limited, look_up_files
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.journal.service import write as journal
from storefront.orders.models import Order, OrderLine


@dataclass(slots=True)
class Holding:
    """One thing that a buyer has, with what comes with it now."""

    entitlement: Entitlement
    product: Product
    contents: list[Content]
    keys: list[LicenceKey]
    versions: dict[int, list[ContentVersion]] = field(default_factory=dict)
    allowances: dict[int, Allowance] = field(default_factory=dict)

    @property
    def packable(self) -> list[Content]:
        """What goes into the zip of everything.

        Left out is what must not go from hand to hand unseen: files that are only looked at, that name their buyer, or
        whose downloads are counted. Those have their own buttons.
        """
        return [
            content
            for content in self.contents
            if content.kind is ContentKind.FILE
            and content.file is not None
            and not content.is_stream_only
            and content.stamp is Stamp.NONE
            and not is_limited(content)
        ]

    @property
    def has_pack(self) -> bool:
        """Whether there is more than one file to be had at once."""
        return len(self.packable) > 1

    @property
    def is_active(self) -> bool:
        """Whether the buyer may use it at this moment."""
        return is_active(self.entitlement)


def is_active(entitlement: Entitlement) -> bool:
    """Whether the entitlement counts at this moment."""
    moment = now()
    return (
        entitlement.revoked_at is None
        and entitlement.starts_at <= moment
        and (entitlement.ends_at is None or entitlement.ends_at > moment)
    )


def is_open(public_id: str) -> bool:
    """Whether the thing of this unguessable address may be used at this moment (1 query)."""
    entitlement = db.session().scalar(select(Entitlement).where(Entitlement.public_id == public_id))
    return entitlement is not None and is_active(entitlement)


def grant(order: Order) -> None:
    """Give the buyer the content of each line; a second call changes nothing.

    Raises:
        NeedsAttention: a kind of content can't be given without the owner's help.
    """
    for line in order.lines:
        entitlement_id = _insert_entitlement(order, line)
        if entitlement_id is not None:
            journal(order.topic, "access.granted", title=line.title, quantity=line.quantity)
    for entitlement in entitlements_of(order.id):
        grant_contents(entitlement)


def grant_contents(entitlement: Entitlement) -> None:
    """Give everything that comes with what was bought, as it is now; what is there stays."""
    if entitlement.revoked_at is None:
        for content in contents_of(entitlement):
            handler_of(content.kind).grant(entitlement, content)


def revoke(order: Order, reason: str) -> None:
    """Close every door that the order opened; harmless when repeated."""
    for entitlement in entitlements_of(order.id):
        _revoke(order, entitlement, reason)


def revoke_line(order_line_id: int, reason: str) -> None:
    """Close what one line of an order opened; harmless when repeated. The order must be locked.

    ``reason`` is a word for the owner. Give lines a reason of their own: ``restore`` opens whatever of the order was
    closed for its reason.
    """
    for entitlement in _entitlements(Entitlement.order_line_id == order_line_id):
        _revoke(db.session().get_one(Order, entitlement.order_id), entitlement, reason)


def restore(order: Order, reason: str) -> None:
    """Open again what was closed for that reason, because the money came back."""
    for entitlement in entitlements_of(order.id):
        _restore(order, entitlement, reason)


def restore_line(order_line_id: int, reason: str) -> None:
    """Open again what one line gave, if it was closed for that reason. The order must be locked."""
    for entitlement in _entitlements(Entitlement.order_line_id == order_line_id):
        _restore(db.session().get_one(Order, entitlement.order_id), entitlement, reason)


def claim_for_account(account_id: int, email: str) -> int:
    """Hand the account what was bought as a guest with its proven address; return how many things."""
    claimed = db.session().execute(
        update(Entitlement)
        .where(Entitlement.email == email, Entitlement.account_id.is_(None))
        .values(account_id=account_id)
    )
    db.session().execute(
        update(Order).where(Order.email == email, Order.account_id.is_(None)).values(account_id=account_id)
    )
    return int(claimed.rowcount)  # type: ignore[attr-defined]  # CursorResult


def entitlements_of(order_id: int) -> list[Entitlement]:
    """Return what an order gives, line by line."""
    return _entitlements(Entitlement.order_id == order_id)


def contents_of(entitlement: Entitlement) -> list[Content]:
    """Return what comes with what was bought, as it is now."""
    statement = select(Content).where(Content.product_id == entitlement.product_id).order_by(Content.id)
    return [content for content in db.session().scalars(statement) if _belongs(content, entitlement)]


def holdings_of_order(order_id: int) -> list[Holding]:
    """Return what the buyer of an order has (4 queries at any number of lines)."""
    return _holdings(
        select(Entitlement).where(Entitlement.order_id == order_id).order_by(Entitlement.order_line_id)
    )


def holdings_of_account(account_id: int) -> list[Holding]:
    """Return everything that an account has, newest first (4 queries)."""
    statement = select(Entitlement).where(Entitlement.account_id == account_id)
    return _holdings(statement.order_by(Entitlement.granted_at.desc(), Entitlement.id.desc()))


def find_in_library(
    account_id: int, *, words: str = "", kind: ProductKind | None = None, archived: bool = False
) -> list[Holding]:
    """Return what an account may use now, newest first: by words, by kind, put aside or not (4 queries)."""
    return [
        holding
        for holding in holdings_of_account(account_id)
        if holding.is_active
        and (holding.entitlement.archived_at is not None) == archived
        and kind in (None, holding.product.kind)
        and _is_found(holding, words)
    ]


def set_aside(account_id: int, public_id: str, *, aside: bool) -> None:
    """Put a thing aside in the buyer's library, or take it back; it stays the buyer's.

    Raises:
        NotFound: the account has no such thing.
    """
    entitlement = db.get_or_404(
        Entitlement, Entitlement.public_id == public_id, Entitlement.account_id == account_id, for_update=True
    )
    entitlement.archived_at = now() if aside else None


def get_holding(public_id: str) -> Holding:
    """Return one thing by its unguessable address.

    Raises:
        NotFound: there is none, or it was taken back; the answer is the same.
    """
    found = _holdings(select(Entitlement).where(Entitlement.public_id == public_id))
    if not found or not found[0].is_active:
        raise NotFound
    return found[0]


def _entitlements(*conditions: ColumnElement[bool]) -> list[Entitlement]:
    statement = select(Entitlement).where(*conditions).order_by(Entitlement.order_line_id, Entitlement.id)
    return list(db.session().scalars(statement))


def _revoke(order: Order, entitlement: Entitlement, reason: str) -> None:
    if entitlement.revoked_at is not None:
        return
    entitlement.revoked_at, entitlement.revoked_reason = now(), reason
    for content in contents_of(entitlement):
        handler_of(content.kind).revoke(entitlement, content)
    journal(order.topic, "access.revoked", reason=reason)


def _restore(order: Order, entitlement: Entitlement, reason: str) -> None:
    if entitlement.revoked_at is None or entitlement.revoked_reason != reason:
        return
    entitlement.revoked_at = entitlement.revoked_reason = None
    for content in contents_of(entitlement):
        handler = handler_of(content.kind)
        handler.restore(entitlement, content)
        handler.grant(entitlement, content)  # what was added while it was closed
    journal(order.topic, "access.restored", reason=reason)


def _holdings(statement: Any) -> list[Holding]:
    session = db.session()
    entitlements = list(session.scalars(statement))
    if not entitlements:
        return []
    product_ids = {entitlement.product_id for entitlement in entitlements}
    products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(product_ids)))}
    contents = list(
        session.scalars(
            select(Content)
            .where(Content.product_id.in_(product_ids))
            .order_by(Content.position, Content.id)
            .options(selectinload(Content.file))
        )
    )
    ids = [entitlement.id for entitlement in entitlements]
    keys = list(
        session.scalars(
            select(LicenceKey)
            .where(LicenceKey.entitlement_id.in_(ids), LicenceKey.position.is_not(None))
            .order_by(LicenceKey.position)
        )
    )
    holdings = [
        Holding(
            entitlement=entitlement,
            product=products[entitlement.product_id],
            contents=[content for content in contents if _belongs(content, entitlement)],
            keys=[key for key in keys if key.entitlement_id == entitlement.id],
        )
        for entitlement in entitlements
    ]
    look_up_files(holdings)
    return holdings


def _is_found(holding: Holding, words: str) -> bool:
    """A library has tens of things, not thousands: looking at each costs nothing."""
    titles = [
        holding.product.title,
        *(texts.get("title", "") for texts in holding.product.translations.values()),
    ]
    text = " ".join(titles).casefold()
    return all(word in text for word in words.casefold().split())


def _belongs(content: Content, entitlement: Entitlement) -> bool:
    return content.product_id == entitlement.product_id and content.variant_id in (
        None,
        entitlement.variant_id,
    )


def _insert_entitlement(order: Order, line: OrderLine) -> int | None:
    values = {
        "public_id": new_public_id(),
        "order_id": order.id,
        "order_line_id": line.id,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "account_id": order.account_id,
        "email": order.email,
        "quantity": line.quantity,
        "granted_at": now(),
        "starts_at": now(),
    }
    return insert_once(Entitlement, values)
