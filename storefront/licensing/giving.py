"""Giving licence keys, as many as were bought, and taking them back: the handler of this kind of content."""

from sqlalchemy import delete, func, select, update

from storefront.catalog.models import Content
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_
from storefront.core.ids import new_public_id
from storefront.core.sentences import keep
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.fulfilment.places import own_places, own_positions
from storefront.jobs.registry import NeedsAttention
from storefront.licensing import pool, signing
from storefront.licensing.models import Activation
from storefront.licensing.patterns import new_key
from storefront.orders.models import Order
from storefront.orders.service import moving

# Why a key is burnt: the money went back, or the buyer asked for another one.
TAKEN_BACK = "taken_back"
REPLACED = "replaced"
# The reason of access that is closed while a bank makes up its mind (checkout.refunding).
_DISPUTED = "disputed"
_TRIES = 20
_POOL_IS_EMPTY = N_(
    "The pool of licence keys “%(title)s” is empty. Import more; what this order lacks is then delivered by itself."
)


class LicenceKeys:
    """Licence keys, as many as were bought; suspended while a payment is disputed, burnt when they are taken back."""

    def grant(self, entitlement: Entitlement, content: Content) -> None:
        """Give as many keys as were bought; those that are there stay.

        An empty pool does not hold up the rest of the order; what lacks comes when it is refilled (``pool``).
        """
        self.restore(entitlement, content)  # a content that went away came back: so do its keys
        lacking = _lacking_positions(entitlement, content)
        if not lacking:
            return
        signing.ensure_key()
        for position in lacking:
            if not content.keys_from_pool:
                make_key(entitlement, content, position)
            elif not pool.take(entitlement, content, position):
                _call_for_keys(entitlement, content)
                return

    def share(self, parent: Entitlement, seat: Entitlement, content: Content) -> None:
        """Let a seat have the buyer's key of its place, with its activations: there are never more than were bought."""
        db.session().execute(
            update(LicenceKey)
            .where(
                LicenceKey.entitlement_id == parent.id,
                LicenceKey.content_id == content.id,
                LicenceKey.position == seat.seat_position,
            )
            .values(entitlement_id=seat.id, position=0)
            .execution_options(synchronize_session=False)
        )

    def revoke(self, entitlement: Entitlement, content: Content) -> None:
        """Suspend the keys while a bank makes up its mind, else burn them for good."""
        if entitlement.revoked_reason == _DISPUTED:
            _set_keys(entitlement, content, (KeyState.ACTIVE,), KeyState.SUSPENDED)
        else:
            burn(entitlement, content)

    def restore(self, entitlement: Entitlement, content: Content) -> None:
        """Let the same buyer use the same keys again."""
        _set_keys(entitlement, content, (KeyState.SUSPENDED, KeyState.BURNT), KeyState.ACTIVE)


def make_key(entitlement: Entitlement, content: Content, position: int) -> None:
    """Make a key of the content's pattern. One that somebody has already is refused by the database.

    Raises:
        NeedsAttention: the pattern makes no new ones.
    """
    for _ in range(_TRIES):
        values = {
            "public_id": new_public_id(),
            "entitlement_id": entitlement.id,
            "content_id": content.id,
            "position": position,
            "key": new_key(content.pattern),
            "state": KeyState.ACTIVE,
            "from_pool": False,
            "issued_at": now(),
        }
        if insert_once(LicenceKey, values) is not None:
            return
        if position not in _lacking_positions(entitlement, content):
            return
    raise NeedsAttention(
        f"The pattern of the licence keys ({content.pattern!r}) makes no new ones. Please make it longer."
    )


def burn(entitlement: Entitlement, content: Content) -> None:
    """Burn the keys of a content that somebody has, and end their use everywhere; harmless when repeated."""
    held = select(LicenceKey.id).where(
        LicenceKey.entitlement_id == entitlement.id, LicenceKey.content_id == content.id
    )
    session = db.session()
    session.execute(delete(Activation).where(Activation.licence_key_id.in_(held)))
    _set_keys(entitlement, content, (KeyState.ACTIVE, KeyState.SUSPENDED), KeyState.BURNT)


def lacking_lines(order_id: int) -> set[int]:
    """Return the lines of an order whose buyer still waits for licence keys."""
    given = (
        select(func.count())
        .select_from(LicenceKey)
        .where(
            LicenceKey.entitlement_id == Entitlement.id,
            LicenceKey.content_id == Content.id,
            LicenceKey.position.is_not(None),
        )
        .scalar_subquery()
    )
    statement = (
        select(Entitlement.order_line_id)
        .join(Content, Content.product_id == Entitlement.product_id)
        .where(
            Entitlement.order_id == order_id,
            Entitlement.revoked_at.is_(None),
            Content.kind == ContentKind.LICENCE,
            Content.variant_id.is_(None) | (Content.variant_id == Entitlement.variant_id),
            own_places() > given,
        )
    )
    return set(db.session().scalars(statement))


def resolve_attention(order: Order) -> None:
    """Take back the call for more keys, once nothing lacks. The order must be locked."""
    contents = db.session().scalars(
        select(Content.title)
        .join(Entitlement, Entitlement.product_id == Content.product_id)
        .where(Entitlement.order_id == order.id, Content.kind == ContentKind.LICENCE)
    )
    if order.attention in {keep(_POOL_IS_EMPTY, title=title) for title in contents}:
        moving.resolve_attention(order)


def _lacking_positions(entitlement: Entitlement, content: Content) -> list[int]:
    given = set(
        db.session().scalars(
            select(LicenceKey.position).where(
                LicenceKey.entitlement_id == entitlement.id, LicenceKey.content_id == content.id
            )
        )
    )
    return [position for position in own_positions(entitlement) if position not in given]


def _call_for_keys(entitlement: Entitlement, content: Content) -> None:
    order = moving.lock(entitlement.order_id)
    moving.call_for_attention(order, _POOL_IS_EMPTY, title=content.title)


def _set_keys(
    entitlement: Entitlement, content: Content, before: tuple[KeyState, ...], after: KeyState
) -> None:
    is_burnt = after is KeyState.BURNT
    db.session().execute(
        update(LicenceKey)
        .where(
            LicenceKey.entitlement_id == entitlement.id,
            LicenceKey.content_id == content.id,
            LicenceKey.position.is_not(None),  # a key that was replaced stays burnt, whatever comes
            LicenceKey.state.in_(before),
        )
        .values(
            state=after,
            burnt_at=now() if is_burnt else None,
            burnt_reason=TAKEN_BACK if is_burnt else None,
        )
    )
