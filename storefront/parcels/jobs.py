"""Periodic work: what nobody reported counts as delivered after some days."""

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.parcels import sending
from storefront.shipping import service as shipping


@periodic("parcels.note_deliveries", every=timedelta(hours=1))
def note_deliveries() -> None:
    """Note parcels as delivered that left so many days ago, as the owner's rules say; each in a unit of its own."""
    days = shipping.rules().delivered_after_days
    found = sending.overdue(days) if days else []
    db.close_reader()
    for public_id in found:
        with db.unit_of_work():
            sending.note_delivery(public_id, by_itself=True)
