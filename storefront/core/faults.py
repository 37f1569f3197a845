"""Named points at which our own tests kill or break the process; inert in production.

A test starts the shop with ``STOREFRONT_FAULT=name`` (die there, as by ``kill -9``) or ``name:raise``; ``name#3`` means
the third time that this process comes there. ``STOREFRONT_FAULT_ONCE=path`` makes it happen only while that file does
not exist.
"""

import os
import signal
from itertools import count
from pathlib import Path


class InjectedFault(RuntimeError):
    """Raised at a named point because a test asked for it."""


class _Armed:
    """The fault that this process waits for, if any."""

    def __init__(self, order: str) -> None:
        place, _, manner = order.partition(":")
        self.point, _, occurrence = place.partition("#")
        self.raises = manner == "raise"
        self._occurrence = int(occurrence or 1)
        self._passes = count(1)

    def strikes(self, point: str) -> bool:
        return point == self.point and next(self._passes) >= self._occurrence


_armed = _Armed(os.environ.get("STOREFRONT_FAULT", "") if os.environ.get("SHOP_ENV") != "production" else "")


def reach(point: str) -> None:
    """Say that the code has come to this point; does nothing unless a test armed it."""
    if not _armed.point or not _armed.strikes(point) or not _is_first_time():
        return
    if _armed.raises:
        raise InjectedFault(point)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_first_time() -> bool:
    marker = os.environ.get("STOREFRONT_FAULT_ONCE")
    if not marker:
        return True
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
