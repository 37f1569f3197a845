"""The entry point for supervisor (``python worker.py``) and cron (``python worker.py --burst``)."""

import argparse
import signal
import sys
import threading
from types import FrameType


def main(arguments: list[str]) -> int:
    """Work until told to stop, or with ``--burst`` until nothing is due."""
    parser = argparse.ArgumentParser(prog="worker.py", description="Do the work of the shop that is due.")
    parser.add_argument("--burst", action="store_true", help="do what is due now, then end")
    wanted = parser.parse_args(arguments)

    # Only now, so that --help works on a machine where nothing is set up.
    from storefront.app import create_runtime
    from storefront.core.settings import SettingsError, load_settings
    from storefront.jobs.worker import Worker, burst

    try:
        settings = load_settings()
    except SettingsError as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        return 2
    stop = _stop_on_signals()
    create_runtime(settings)
    if wanted.burst:
        burst(stop)
    else:
        Worker(settings.worker_threads, redis_url=settings.redis_url).run_forever(stop)
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
