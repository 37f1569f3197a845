"""Saying for how long buyers may use a product, and from when."""

from collections.abc import Mapping

from sqlalchemy import select

from storefront.catalog.models import Product
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.windows import LONGEST_DAYS, Window
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import N_
from storefront.jobs.service import enqueue
from storefront.journal import service as journal


def set_windows(
    product: Product, own: Window, opens_at: datetime | None, variants: Mapping[int, Window]
) -> None:
    """Set how long buyers from now on may use the product, those of some variants perhaps otherwise.

    What was promised to earlier buyers stays; only a release that moves takes along those who still wait for it.

    Raises:
        InvalidField: a number of days that makes no sense, or an end that is over or before the release.
    """
    _check("own", own, opens_at)
    product.access_days, product.access_until = own
    for variant in product.variants:
        window = variants.get(variant.id, Window())
        _check(f"variant_{variant.id}", window, opens_at)
        variant.access_days, variant.access_until = window
    if opens_at is not None and opens_at <= now():
        opens_at = None  # that is now
    moved = opens_at != product.opens_at
    product.opens_at = opens_at
    db.session().flush()
    if moved:
        enqueue("move_release", product_id=product.id)
    journal.write(
        topic_of(product),
        "product.access_set",
        days=own.days,
        until=own.until.isoformat() if own.until else None,
        opens_at=opens_at.isoformat() if opens_at else None,
    )


def due_releases() -> list[int]:
    """Return the ids of the products whose release has come."""
    return list(
        db.session().scalars(select(Product.id).where(Product.opens_at <= now()).order_by(Product.id))
    )


def release(product_id: int) -> bool:
    """Note in the current unit that the product has opened; False when that was noted before, or it was put off."""
    statement = select(Product).where(Product.id == product_id, Product.opens_at <= now())
    product = db.session().scalar(
        statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    if product is None:
        return False
    product.opens_at = None
    db.session().flush()
    journal.write(topic_of(product), "product.released")
    return True


def _check(name: str, window: Window, opens_at: datetime | None) -> None:
    if window.days is not None and not 0 < window.days <= LONGEST_DAYS:
        raise InvalidField(
            f"{name}-days", N_("Please enter a number of days from 1 to %(most)s."), most=LONGEST_DAYS
        )
    if window.until is not None and window.until <= max(now(), opens_at or now()):
        raise InvalidField(f"{name}-until", N_("The last day must be still to come, and after the release."))
