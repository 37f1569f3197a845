"""What comes again: asking buyers for a review, and clearing away pictures that no review has."""

from sqlalchemy import select

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.reviews import reminding
from storefront.reviews.models import ReviewPicture
from storefront.reviews.service import PREFIX
from storefront.shop.service import get_profile
from storefront.storage import sweeping


@periodic("reviews.remind", every=timedelta(hours=1))
def remind_buyers() -> int:
    """Ask the buyers whose time has come; return how many mails were put down. Each order is a unit of its own."""
    days = get_profile().review_reminder_days
    sent = last = 0
    while days:
        batch = reminding.due_orders(days, last)
        if not batch:
            break
        for order_id in batch:
            with db.unit_of_work():
                sent += reminding.remind(order_id, days)
        last = batch[-1]
    return sent


@periodic("reviews.sweep_pictures", every=timedelta(hours=6))
def sweep_pictures() -> int:
    """Delete picture objects that are older than a day and have no row; return how many."""
    return sweeping.sweep(PREFIX, _known)


def _known(keys: list[str]) -> set[str]:
    stems = {key: key.rpartition("-")[0] for key in keys}
    rows = select(ReviewPicture.key).where(ReviewPicture.key.in_(set(stems.values())))
    known = set(db.session().scalars(rows))
    return {key for key, stem in stems.items() if stem in known}
