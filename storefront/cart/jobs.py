"""Periodic work of the cart."""

from storefront.cart import service
from storefront.core.clock import timedelta
from storefront.core.db import unit_of_work
from storefront.jobs.registry import periodic


@periodic("forget_old_carts", every=timedelta(hours=6))
def forget_old_carts() -> None:
    """Delete visitors' carts that nobody has touched for 30 days."""
    with unit_of_work():
        service.forget_old_carts()
