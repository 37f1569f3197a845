"""Periodic work of the wishlist."""

from storefront.core.clock import timedelta
from storefront.core.db import unit_of_work
from storefront.jobs.registry import periodic
from storefront.wishlist import service


@periodic("wishlist.forget_old", every=timedelta(hours=6))
def forget_old() -> None:
    """Delete visitors' lists that nobody has touched for half a year, and entries that were removed."""
    with unit_of_work():
        service.forget_old()
