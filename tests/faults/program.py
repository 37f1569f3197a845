"""A small shop that is quick to kill and to start again: web and worker in one process, forked from one that has
already loaded everything. Each line of the input is a fault (or nothing) with which the next one is to run; ``?`` asks
how it fares. It answers with one line each: ``started``, ``alive``, or the number of the signal that ended it.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from jinja2 import FileSystemBytecodeCache
from werkzeug.serving import WSGIRequestHandler, make_server

from storefront.app import create_app
from storefront.core import faults
from storefront.core.clock import timedelta
from storefront.core.settings import load_settings
from storefront.jobs import claiming, worker


class QuietHandler(WSGIRequestHandler):
    """Writes no access log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Run shops until the input ends."""
    # A dead worker's job is free again sooner than it would be.
    claiming.STEP, worker._BEAT_SECONDS = timedelta(seconds=1.5), 0.3
    pid = 0
    for line in sys.stdin:
        order = line.strip()
        if order == "?":
            ended, status = os.waitpid(pid, os.WNOHANG) if pid else (0, 0)
            pid = 0 if ended else pid
            answer = str(os.waitstatus_to_exitcode(status)) if ended else "alive"
        else:
            _end(pid)
            pid = os.fork()
            if pid == 0:
                _serve(order)
            answer = "started"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    _end(pid)


def _end(pid: int) -> None:
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(fault: str) -> None:
    os.close(0)
    faults._armed = faults._Armed(fault)
    settings = load_settings()
    app = create_app(settings)
    # Templates are compiled by the first shop for all that come after it.
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(settings.var_dir))
    working = worker.Worker(redis_url=settings.redis_url, idle_seconds=0.1)
    working.start()
    make_server(
        settings.host, settings.port, app, threaded=True, request_handler=QuietHandler
    ).serve_forever()


if __name__ == "__main__":
    main()
