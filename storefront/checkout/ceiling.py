"""A guard against card testing: so many checkouts from one address in ten minutes, on by default."""

from ipaddress import ip_address

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.errors import TooMany
from storefront.core.logging import get_logger
from storefront.web import throttle
from storefront.web.setup import settings

_WINDOW = timedelta(minutes=10)
DEFAULT_CEILING = 30
_EVERYBODY = 3000


def count_checkout(address: str) -> None:
    """Count one more checkout from this address.

    Raises:
        TooMany: there were more than a person starts. The order that exists already can still be paid.
    """
    ceiling = settings().checkout_ceiling or (DEFAULT_CEILING if not _is_this_machine(address) else 0)
    if not ceiling:
        return
    with db.unit_of_work():
        from_here = throttle.count("checkout", address, per=_WINDOW)
        from_all = throttle.count("checkout", "all", per=_WINDOW)
    if from_here > ceiling or from_all > _EVERYBODY:
        get_logger().warning("checkout ceiling", from_here=from_here, from_all=from_all)
        raise TooMany


def _is_this_machine(address: str) -> bool:
    """Only in development: behind a proxy that is not declared everybody would seem to be this machine."""
    if settings().is_production:
        return False
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
