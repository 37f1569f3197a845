"""A leaked key is burnt, and its buyer gets another."""

from sqlalchemy import delete, select

from storefront.catalog.models import Content
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, NotFound, Refused, TooMany
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.journal import service as journal
from storefront.licensing import pool
from storefront.licensing.giving import REPLACED, make_key
from storefront.licensing.models import Activation
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.web import throttle

KIND = "licence_key_replaced"
MOST_A_DAY = 3
_DAY = timedelta(days=1)


class TooManyReplaced(TooMany):
    """Somebody changes keys as others change shirts."""

    sentence = N_("Keys can be replaced only %(most)s times a day. Please try again tomorrow.")


class NoneLeft(Refused):
    """The pool is empty."""

    sentence = N_("The shop has no other key at the moment. Yours stays as it is; please ask the shop.")


class NotInUse(Refused):
    """The key is suspended or burnt."""

    sentence = N_("This key does not count at the moment, so it can't be replaced.")


def replace(entitlement: Entitlement, public_id: str) -> None:
    """Burn a key of this buyer, end its use everywhere and give another in its place; the buyer is told by mail.

    Must run in a unit.

    Raises:
        NotFound: this buyer has no such key.
        NotInUse: it does not count now.
        TooManyReplaced: it was done too often today.
        NoneLeft: the pool has no other.
    """
    session = db.session()
    old = db.get_or_404(
        LicenceKey,
        LicenceKey.public_id == public_id,
        LicenceKey.entitlement_id == entitlement.id,
        LicenceKey.position.is_not(None),
        for_update=True,
    )
    if old.state is not KeyState.ACTIVE:
        raise NotInUse
    if throttle.count("key_replaced", str(entitlement.id), per=_DAY) > MOST_A_DAY:
        raise TooManyReplaced(most=MOST_A_DAY)
    content, position = session.get_one(Content, old.content_id), old.position
    if position is None:
        raise NotFound
    old.state, old.position, old.burnt_at, old.burnt_reason = KeyState.BURNT, None, now(), REPLACED
    session.execute(delete(Activation).where(Activation.licence_key_id == old.id))
    session.flush()
    if not content.keys_from_pool:
        make_key(entitlement, content, position)
    elif not pool.take(entitlement, content, position):
        raise NoneLeft
    _tell(entitlement, content, position)


def _tell(entitlement: Entitlement, content: Content, position: int) -> None:
    key_id = (
        db.session()
        .scalars(
            select(LicenceKey.id).filter_by(
                entitlement_id=entitlement.id, content_id=content.id, position=position
            )
        )
        .one()
    )
    order = db.session().get_one(Order, entitlement.order_id)
    journal.write(order.topic, "key.replaced", title=content.title)
    tell(
        KIND,
        entitlement.email,
        entitlement.language or order.language,
        unique_key=f"{KIND}:{key_id}",
        topic=order.topic,
        key_id=key_id,
    )
