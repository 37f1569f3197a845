"""What follows a change of what buyers have, and what comes again."""

from sqlalchemy import select

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Content
from storefront.catalog.service import windows as releases
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.fulfilment import access, windows
from storefront.fulfilment.closing import belongs
from storefront.fulfilment.kinds import handler_of
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import grant_contents
from storefront.jobs.registry import job, periodic
from storefront.jobs.service import enqueue
from storefront.orders.service import moving
from storefront.shop.service import get_profile

_BATCH = 100


@job("grant_entitlement")
def grant_entitlement(entitlement_id: int) -> None:
    """Give a buyer, or a seat, what is missing of the contents."""
    found = db.get_or_404(Entitlement, Entitlement.id == entitlement_id)
    moving.lock(found.order_id)
    grant_contents(db.get_or_404(Entitlement, Entitlement.id == entitlement_id, for_update=True))


@job("grant_content")
def grant_content(content_id: int, after_id: int = 0) -> None:
    """Give a content that was added, or is for other variants now, to those who bought before; in steps."""
    content = db.session().get(Content, content_id)
    if content is None:
        return
    handler, batch = handler_of(content.kind), _buyers(content.product_id, after_id)
    for entitlement in batch:
        if belongs(content, entitlement):
            handler.restore(entitlement, content)
            handler.grant(entitlement, content)
        else:
            handler.revoke(entitlement, content)
    if len(batch) == _BATCH:
        enqueue("grant_content", content_id=content_id, after_id=batch[-1].id)


@job("move_release")
def move_release(product_id: int, after_id: int = 0) -> None:
    """Let those who wait for a release follow its date; in steps."""
    last = windows.move_waiting(product_id, after_id)
    if last is not None:
        enqueue("move_release", product_id=product_id, after_id=last)


@periodic("fulfilment.release", every=timedelta(minutes=5))
def release() -> int:
    """Open what is to be released now and tell who has waited; return how many mails were put down."""
    for product_id in releases.due_releases():
        with db.unit_of_work():
            if releases.release(product_id):
                refresh_card(product_id)
                raise_stamp()
    told = last = 0
    while batch := windows.opened(last):
        for entitlement_id in batch:
            with db.unit_of_work():
                told += windows.tell_opened(entitlement_id)
        last = batch[-1]
    return told


@periodic("fulfilment.ending", every=timedelta(hours=1))
def tell_of_ends() -> int:
    """Tell buyers whose access ends soon; return how many mails were put down."""
    days = get_profile().expiry_notice_days
    told = last = 0
    while days and (batch := windows.ending(days, last)):
        for entitlement_id in batch:
            with db.unit_of_work():
                told += windows.tell_ending(entitlement_id)
        last = batch[-1]
    return told


@periodic("fulfilment.forget_access", every=timedelta(hours=6))
def forget_access() -> int:
    """Delete old lines of the access log; return how many."""
    return access.forget_old()


def _buyers(product_id: int, after_id: int) -> list[Entitlement]:
    """Return the next of those who have the product, each held until the unit ends."""
    statement = (
        select(Entitlement)
        .where(
            Entitlement.product_id == product_id, Entitlement.revoked_at.is_(None), Entitlement.id > after_id
        )
        .order_by(Entitlement.id)
        .limit(_BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session().scalars(statement))
