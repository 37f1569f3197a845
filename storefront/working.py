"""The worker as a program of its own, under supervisor or from cron."""

import signal
import sys
import threading
from types import FrameType

from storefront.app import create_runtime
from storefront.core import db
from storefront.core.migrating import is_current
from storefront.core.settings import Settings
from storefront.jobs import worker as jobs
from storefront.jobs.worker import Worker
from storefront.serving import start_courier


def work(settings: Settings, *, burst: bool) -> int:
    """Do what is due, for ever or once."""
    create_runtime(settings)
    if not is_current(db.engine()):
        sys.stderr.write("The database is not at the newest schema. Run: storefront migrate\n")
        return 2
    stop = _stop_on_signals()
    if burst:
        jobs.burst(stop)
        return 0
    courier = start_courier(settings)
    Worker(settings.worker_threads, redis_url=settings.redis_url).run_forever(stop)
    if courier is not None:
        courier.stop()
    return 0


def _stop_on_signals() -> threading.Event:
    """Let the first signal end the work in order, and a second one at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop
