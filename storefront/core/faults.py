"""Named points at which our own tests kill or break the process; inert in production.

A test starts the shop with ``STOREFRONT_FAULT=name`` (die there, as by ``kill -9``) or ``name:raise``.
``STOREFRONT_FAULT_ONCE=path`` makes it happen only while that file does not exist.
"""

import os
import signal
from pathlib import Path

_armed = os.environ.get("STOREFRONT_FAULT", "") if os.environ.get("SHOP_ENV") != "production" else ""


class InjectedFault(RuntimeError):
    """Raised at a named point because a test asked for it."""


def reach(point: str) -> None:
    """Say that the code has come to this point; does nothing unless a test armed it."""
    if not _armed or _armed.split(":")[0] != point:
        return
    marker = os.environ.get("STOREFRONT_FAULT_ONCE")
    if marker:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return
    if _armed.endswith(":raise"):
        raise InjectedFault(point)
    os.kill(os.getpid(), signal.SIGKILL)
