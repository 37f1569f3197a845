"""Windows of access: releases that come or move, ends that draw near, and more time by hand."""

from sqlalchemy import func, select, update

from storefront.catalog.models import Product, Variant
from storefront.catalog.windows import span_of
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import N_, Refused
from storefront.fulfilment.closing import topic_of
from storefront.fulfilment.models import Entitlement
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving

OPENS_MAIL = "access_opens"
ENDS_MAIL = "access_ends"

_BATCH = 200


class EndsTooEarly(Refused):
    """Access would end before it began, or in the past."""

    sentence = N_("The last day must be still to come, and after access begins.")


def extend(entitlement_id: int, ends_at: datetime | None) -> None:
    """Let access end at that moment, or never, in the current unit; the seats of a team follow.

    Raises:
        EndsTooEarly: it is over already, or access has not begun by then.
    """
    found = db.get_or_404(Entitlement, Entitlement.id == entitlement_id)
    moving.lock(found.order_id)
    entitlement = db.get_or_404(Entitlement, Entitlement.id == entitlement_id, for_update=True)
    if ends_at is not None and ends_at <= max(now(), entitlement.starts_at):
        raise EndsTooEarly
    if entitlement.ends_at == ends_at:
        return
    before = entitlement.ends_at
    entitlement.ends_at = ends_at
    db.session().execute(
        update(Entitlement)
        .where(Entitlement.parent_id == entitlement.id, Entitlement.taken_back_at.is_(None))
        .values(ends_at=ends_at)
        .execution_options(synchronize_session=False)
    )
    journal(
        topic_of(entitlement),
        "access.extended",
        before=before.isoformat() if before else None,
        after=ends_at.isoformat() if ends_at else None,
    )


def move_waiting(product_id: int, after_id: int = 0) -> int | None:
    """Let some of those who still wait for the release of a product follow its date, in the current unit.

    Returns after which id to go on, or None when none is left.
    """
    product = db.session().get(Product, product_id)
    statement = (
        select(Entitlement)
        .where(Entitlement.product_id == product_id, Entitlement.awaits_release, Entitlement.id > after_id)
        .order_by(Entitlement.id)
        .limit(_BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    waiting = list(db.session().scalars(statement)) if product is not None else []
    for entitlement in waiting:
        variant = db.session().get(Variant, entitlement.variant_id)
        assert product is not None
        entitlement.starts_at, entitlement.ends_at = span_of(product, variant, now())
    return waiting[-1].id if len(waiting) == _BATCH else None


def opened(after_id: int = 0) -> list[int]:
    """Return ids of what was bought before its release and is open now, untold, in batches by id."""
    statement = select(Entitlement.id).where(
        Entitlement.awaits_release, Entitlement.starts_at <= now(), Entitlement.id > after_id
    )
    return list(db.session().scalars(statement.order_by(Entitlement.id).limit(_BATCH)))


def tell_opened(entitlement_id: int) -> bool:
    """Tell the buyer in the current unit that it is open, once; nothing to who has lost it meanwhile."""
    entitlement = db.get_or_404(Entitlement, Entitlement.id == entitlement_id, for_update=True)
    if not entitlement.awaits_release or entitlement.starts_at > now():
        return False
    entitlement.awaits_release = False
    if entitlement.revoked_at is not None:
        return False
    _tell(OPENS_MAIL, entitlement, f"{OPENS_MAIL}:{entitlement.id}")
    return True


def ending(days: int, after_id: int = 0) -> list[int]:
    """Return ids of what ends within so many days and whose buyer was not told of that end, in batches by id."""
    moment = now()
    statement = select(Entitlement.id).where(
        Entitlement.ends_at > moment,
        Entitlement.ends_at <= moment + timedelta(days=days),
        Entitlement.starts_at <= moment,
        Entitlement.revoked_at.is_(None),
        func.coalesce(Entitlement.end_told_for != Entitlement.ends_at, True),
        Entitlement.id > after_id,
    )
    return list(db.session().scalars(statement.order_by(Entitlement.id).limit(_BATCH)))


def tell_ending(entitlement_id: int) -> bool:
    """Tell the buyer in the current unit that access ends soon, once for each end.

    Who has it for a week is not told on the first day: half of the time must be over.
    """
    entitlement = db.get_or_404(Entitlement, Entitlement.id == entitlement_id, for_update=True)
    ends_at, moment = entitlement.ends_at, now()
    if ends_at is None or entitlement.revoked_at is not None or entitlement.end_told_for == ends_at:
        return False
    if ends_at - moment > (ends_at - entitlement.starts_at) / 2:
        return False
    entitlement.end_told_for = ends_at
    _tell(ENDS_MAIL, entitlement, f"{ENDS_MAIL}:{entitlement.id}:{ends_at:%Y%m%d%H%M}")
    return True


def _tell(kind: str, entitlement: Entitlement, unique_key: str) -> None:
    order = db.session().get_one(Order, entitlement.order_id)
    tell(
        kind,
        entitlement.email,
        entitlement.language or order.language,
        unique_key=unique_key,
        topic=order.topic,
        entitlement_id=entitlement.id,
    )
