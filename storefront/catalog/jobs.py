"""What comes again: prices that lists are ordered by follow the clock, and people are told what is back."""

from sqlalchemy import select

from storefront.catalog import waiting
from storefront.catalog.cards import refresh_offer
from storefront.catalog.models import Product
from storefront.catalog.service import tags
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.jobs.registry import job, periodic

_BATCH = 100


@periodic("catalog.follow_prices", every=timedelta(minutes=1))
def follow_prices() -> int:
    """Write down the prices that the clock has changed; return for how many products.

    What is shown and charged does not wait for it: only the order of lists by price does.
    """
    wanted = select(Product.id).where(Product.price_next_at <= now()).order_by(Product.id).limit(_BATCH)
    done = 0
    while product_ids := list(db.session().scalars(wanted)):
        for product_id in product_ids:
            with db.unit_of_work():
                refresh_offer(product_id)
                raise_stamp()
        done += len(product_ids)
    return done


@job(tags.DISSOLVE)
def dissolve_tag(tag_id: int, into_id: int | None) -> None:
    """Go on merging or deleting a tag that very many products have."""
    tags.dissolve(tag_id, into_id)


@periodic("catalog.tell_waiting", every=timedelta(minutes=1))
def tell_waiting() -> int:
    """Tell people what can be had again, each once; return how many mails were put down."""
    told = 0
    while request_ids := waiting.due():
        for request_id in request_ids:
            with db.unit_of_work():
                told += waiting.tell_once(request_id)
    return told


@periodic("catalog.forget_waiting", every=timedelta(hours=6))
def forget_waiting() -> None:
    """Forget addresses that are not needed any more."""
    with db.unit_of_work():
        waiting.forget_old()
