"""What comes again: telling buyers of lessons that have opened."""

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.learning import drip


@periodic("learning.tell_open_lessons", every=timedelta(minutes=10))
def tell_open_lessons() -> int:
    """Tell all buyers for whom lessons have opened; return how many mails were put down. Each is a unit of its own."""
    sent = last = 0
    while batch := drip.due_entitlements(last):
        for entitlement_id in batch:
            with db.unit_of_work():
                sent += drip.tell_open_lessons(entitlement_id)
        last = batch[-1]
    return sent
