"""Making stamped copies, and deleting those that nobody has asked for lately."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import select

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.faults import reach
from storefront.fulfilment.models import Entitlement
from storefront.jobs.registry import NeedsAttention, job, periodic
from storefront.media.jobs import fetch, workshop
from storefront.orders.models import Order
from storefront.stamping import service
from storefront.stamping.models import CopyState, StampedCopy
from storefront.stamping.words import Mark, NotStampable
from storefront.storage import service as storage
from storefront.storage import sweeping
from storefront.storage.models import StoredFile

_TIMES = 3
_BATCH = 100


def give_up(args: dict[str, Any], _reason: str) -> None:
    """Tell the buyer honestly that it takes longer; the owner finds the reason among the jobs."""
    copy = db.session().get(StampedCopy, args["copy_id"])
    if copy is not None:
        copy.state = CopyState.FAILED


@job(service.STAMP, outside=True, lease=timedelta(minutes=20), when_resting=give_up)
def make_copy(copy_id: int) -> Callable[[], None] | None:
    """Mark the file for its buyer and return how to put the copy in place."""
    session = db.session()
    copy = session.get(StampedCopy, copy_id)
    if copy is None or copy.state is CopyState.READY:
        return None
    stored = session.get_one(StoredFile, copy.source_id)
    mark, stamp = _mark(copy.entitlement_id), copy.stamp
    db.close_reader()
    with workshop(_TIMES * stored.size) as folder:
        source, target = folder / "source", folder / "copy"
        fetch(stored, source)
        try:
            service.stamp_file(source, target, stored.content_type, mark, stamp)
        except NotStampable as error:
            raise NeedsAttention(f"{error}: {stored.filename}") from error
        with target.open("rb") as stream:
            upload = storage.upload(stream, stored.filename, prefix=service.FOLDER, is_ours=True)
    reach("copy.made")
    return partial(service.note, copy_id, upload)


@periodic("stamping.forget_copies", every=timedelta(hours=6))
def forget_copies() -> int:
    """Delete copies that nobody has asked for in a week; return how many. A click makes them again."""
    old = select(StampedCopy.id).where(StampedCopy.used_at < now() - service.KEPT_FOR).limit(_BATCH)
    count = 0
    while ids := list(db.session().scalars(old)):
        for copy_id in ids:
            with db.unit_of_work():
                service.forget(copy_id)
        count += len(ids)
    with db.unit_of_work():
        sweeping.remove_unneeded(service.FOLDER, StampedCopy.file_id)
    return count


def _mark(entitlement_id: int) -> Mark:
    entitlement = db.session().get_one(Entitlement, entitlement_id)
    order = db.session().get_one(Order, entitlement.order_id)
    return Mark(entitlement.email, order.number, order.placed_at, order.language)
