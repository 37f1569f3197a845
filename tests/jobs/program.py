"""A small shop with a worker, for tests that need processes of their own: ``python program.py [--burst]``.

It runs the real ``worker.py``; only what puts the shop together is its own, with kinds of work that write
what they did into the journal. ``STEP`` and ``IDLE`` (seconds) make leases shorter and idle threads lazier
than they are.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

TOP = Path(__file__).parents[2]
sys.path.insert(0, str(TOP))

from storefront.core import db  # noqa: E402 - the path comes first
from storefront.core.clock import timedelta  # noqa: E402
from storefront.core.logging import configure_logging  # noqa: E402
from storefront.core.settings import load_settings  # noqa: E402
from storefront.gateways import mail as gateway  # noqa: E402
from storefront.jobs import claiming, worker  # noqa: E402
from storefront.jobs.registry import job, periodic  # noqa: E402
from storefront.journal import service as journal  # noqa: E402
from storefront.notifications import jobs as _sending  # noqa: E402, F401 - registers the sending
from storefront.notifications.rendering import Mail, mail  # noqa: E402


@job("note")
def note(n: int) -> None:
    """Write one line."""
    journal.write("test", f"noted {n}")


@job("slow", outside=True)
def slow(n: int, seconds: float) -> Callable[[], None]:
    """Take some time."""
    with db.unit_of_work():
        journal.write("test", f"began {n}")
    time.sleep(seconds)
    return lambda: journal.write("test", f"finished {n}")


@periodic("tick", every=timedelta(hours=1))
def tick() -> None:
    """Write a line an hour."""
    with db.unit_of_work():
        journal.write("test", "ticked")


@mail("hello")
def hello(args: dict[str, object], language: str) -> Mail:
    """Say hello."""
    return Mail(f"Hello {args['n']}", "Hello!\n", "<p>Hello!</p>")


def main() -> None:
    """Work until a signal comes, or until nothing is due."""
    settings = load_settings()
    configure_logging(settings.log_level)
    db.connect(settings.database_dsn)
    gateway.configure(settings)
    worker.configure(redis_url=settings.redis_url, around_job=lambda: journal.acting_as("worker"))
    if step := os.environ.get("STEP"):
        claiming.STEP = timedelta(seconds=float(step))
        worker._BEAT_SECONDS = float(step) / 3
    if idle := os.environ.get("IDLE"):
        worker._IDLE_SECONDS = (float(idle), float(idle))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if "--burst" in sys.argv:
        worker.burst(stop)
    else:
        worker.Worker(redis_url=settings.redis_url).run_forever(stop)


if __name__ == "__main__":
    main()
