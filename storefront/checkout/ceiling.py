"""A guard against card testing: so many checkouts from one address, for one mailbox and by one card; on by default."""

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
# Refused tries within an hour, of one mailbox, address or card; after so many no checkout is begun.
_FAILED, _FAILED_WINDOW = "pay-failed", timedelta(hours=1)
MOST_FAILURES = 15


def count_checkout(address: str, email: str) -> None:
    """Count one more checkout from this address and for this mailbox.

    Raises:
        TooMany: there were more than a person starts, or too many of their payments were refused. The order that
            exists already can still be paid.
    """
    ceiling = settings().checkout_ceiling or (DEFAULT_CEILING if not _is_this_machine(address) else 0)
    if not ceiling:
        return
    with db.unit_of_work():
        from_here = throttle.count("checkout", address, per=_WINDOW)
        for_mailbox = throttle.count("checkout", f"mailbox:{email}", per=_WINDOW)
        from_all = throttle.count("checkout", "all", per=_WINDOW)
        refused = throttle.most_counted(_FAILED, _names(email, address), per=_FAILED_WINDOW)
    if max(from_here, for_mailbox) > ceiling or from_all > _EVERYBODY or refused >= MOST_FAILURES:
        get_logger().warning(
            "checkout ceiling",
            from_here=from_here,
            for_mailbox=for_mailbox,
            from_all=from_all,
            refused=refused,
        )
        raise TooMany


def count_failure(email: str, address: str | None, card: str | None) -> None:
    """Count one refused payment in the current unit. A card that was refused too often stops whoever brings it."""
    by_card = throttle.count(_FAILED, f"card:{card}", per=_FAILED_WINDOW) if card else 0
    more = MOST_FAILURES if by_card >= MOST_FAILURES else 1
    for name in _names(email, address):
        throttle.count(_FAILED, name, per=_FAILED_WINDOW, by=more)


def _names(email: str, address: str | None) -> list[str]:
    return [f"mailbox:{email}", *([f"address:{address}"] if address else [])]


def _is_this_machine(address: str) -> bool:
    """Only in development: behind a proxy that is not declared everybody would seem to be this machine."""
    if settings().is_production:
        return False
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
