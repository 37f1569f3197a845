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
from storefront.fulfilment.closing import belongs, close, contents_of, reopen
from storefront.fulfilment.doors import require_open, require_theirs
from storefront.fulfilment.granting import insert_entitlement
from storefront.fulfilment.kinds import handler_of
from storefront.fulfilment.limits import Allowance, is_limited, look_up_files
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.fulfilment.places import given_places
from storefront.fulfilment.states import Standing
from storefront.journal.service import write as journal
from storefront.orders.models import Order


@dataclass(slots=True)
class Holding:
    """One thing that a buyer has, with what comes with it now."""

    entitlement: Entitlement
    product: Product
    contents: list[Content]
    keys: list[LicenceKey]
    own_places: int = 1
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

    @property
    def is_kept(self) -> bool:
        """Whether it is the buyer's, be it not open yet or ended."""
        return self.entitlement.revoked_at is None

    @property
    def can_be_heard(self) -> bool:
        """Whether there may be something for a podcast program in it: a course, a sound or a film."""
        return any(
            content.kind is ContentKind.COURSE
            or (content.file is not None and content.file.content_type.startswith(("audio/", "video/")))
            for content in self.contents
        )

    @property
    def has_places(self) -> bool:
        """Whether the buyer may give places of it to others: bought several times, and not only a parcel."""
        return self.entitlement.parent_id is None and self.entitlement.quantity > 1 and bool(self.contents)


def is_active(entitlement: Entitlement) -> bool:
    """Whether the entitlement counts at this moment: given, open, not ended, and not handed on to somebody else."""
    return entitlement.standing is Standing.OPEN


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
        entitlement_id = insert_entitlement(order, line)
        if entitlement_id is not None:
            journal(order.topic, "access.granted", title=line.title, quantity=line.quantity)
    for entitlement in _entitlements(Entitlement.order_id == order.id):
        grant_contents(entitlement)


def grant_contents(entitlement: Entitlement) -> None:
    """Give everything that comes with what was bought, as it is now; what is there stays."""
    if entitlement.revoked_at is None:
        for content in contents_of(entitlement):
            handler_of(content.kind).grant(entitlement, content)


def revoke(order: Order, reason: str) -> None:
    """Close every door that the order opened, those of its seats too; harmless when repeated."""
    for entitlement in _entitlements(Entitlement.order_id == order.id):
        close(entitlement, reason)


def revoke_line(order_line_id: int, reason: str) -> None:
    """Close what one line of an order opened, its seats too; harmless when repeated. The order must be locked.

    ``reason`` is a word for the owner. Give lines a reason of their own: ``restore`` opens whatever of the order was
    closed for its reason.
    """
    for entitlement in _entitlements(Entitlement.order_line_id == order_line_id):
        close(entitlement, reason)


def restore(order: Order, reason: str) -> None:
    """Open again what was closed for that reason, because the money came back; other reasons keep it closed."""
    for entitlement in _entitlements(Entitlement.order_id == order.id):
        reopen(entitlement, reason)


def restore_line(order_line_id: int, reason: str) -> None:
    """Open again what one line gave, if it was closed for that reason. The order must be locked."""
    for entitlement in _entitlements(Entitlement.order_line_id == order_line_id):
        reopen(entitlement, reason)


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
    """Return what an order gives to its buyer, line by line; seats that were given away are not among it."""
    return _entitlements(Entitlement.order_id == order_id, Entitlement.parent_id.is_(None))


def holdings_of_order(order_id: int) -> list[Holding]:
    """Return what the buyer of an order has (4 queries at any number of lines)."""
    statement = select(Entitlement).where(Entitlement.order_id == order_id, Entitlement.parent_id.is_(None))
    return read_holdings(statement.order_by(Entitlement.order_line_id))


def holdings_of_account(account_id: int) -> list[Holding]:
    """Return everything that an account has, newest first (4 queries)."""
    statement = select(Entitlement).where(Entitlement.account_id == account_id)
    return read_holdings(statement.order_by(Entitlement.granted_at.desc(), Entitlement.id.desc()))


def find_in_library(
    account_id: int, *, words: str = "", kind: ProductKind | None = None, archived: bool = False
) -> list[Holding]:
    """Return what an account has, newest first: by words, by kind, put aside or not (4 queries).

    What opens later or has ended is among it; what was taken back is not.
    """
    return [
        holding
        for holding in holdings_of_account(account_id)
        if holding.is_kept
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
    """Return one thing by its unguessable address, for those whom it belongs to, if it may be used now.

    Every view of a buyer's content begins with this.

    Raises:
        NotFound: there is none, it was taken back, or it is another account's; the answer is the same.
        NotOpen: it opens later, has ended, or was handed on; ``ConfirmFirst``: somebody must confirm first.
    """
    holding = get_kept_holding(public_id)
    require_open(holding.entitlement)
    return holding


def product_of(entitlement: Entitlement) -> Product:
    """Return what was bought."""
    return db.session().get_one(Product, entitlement.product_id)


def get_kept_holding(public_id: str) -> Holding:
    """Return one thing by its unguessable address, also before it opens and after it has ended: for pages about it.

    Raises:
        NotFound: there is none, it was taken back, or it is another account's; the answer is the same.
    """
    found = read_holdings(select(Entitlement).where(Entitlement.public_id == public_id))
    if not found or not found[0].is_kept:
        raise NotFound
    require_theirs(found[0].entitlement)
    return found[0]


def _entitlements(*conditions: ColumnElement[bool]) -> list[Entitlement]:
    statement = select(Entitlement).where(*conditions).order_by(Entitlement.order_line_id, Entitlement.id)
    return list(db.session().scalars(statement))


def read_holdings(statement: Any) -> list[Holding]:
    """Return what a statement of entitlements finds, with products, contents and keys (4 queries).

    One more asks for the places of a team, where something was bought several times.
    """
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
    several = [one.id for one in entitlements if one.quantity > 1]
    given = given_places(several) if several else {}
    holdings = [
        Holding(
            entitlement=entitlement,
            product=products[entitlement.product_id],
            contents=[content for content in contents if belongs(content, entitlement)],
            keys=[key for key in keys if key.entitlement_id == entitlement.id],
            own_places=entitlement.quantity - given.get(entitlement.id, 0),
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
