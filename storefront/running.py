"""Running the shop: everything is made ready here, then this process becomes granian (``exec``), so that nothing of the
preparation stays in memory or is carried across a fork. granian's web processes call ``serving.serving_app``.
"""

import os
import signal
import sys
import threading
from types import FrameType

from storefront.accounts.service import create_owner, owner_exists
from storefront.app import create_runtime
from storefront.core import db
from storefront.core.migrating import is_current, migrate
from storefront.core.settings import Settings
from storefront.jobs import worker as jobs
from storefront.jobs.worker import Worker
from storefront.seeding import is_empty, seed_demo
from storefront.serving import WITH_WORKER, start_courier

# Longer than a worker waits for the job in its hands; see jobs.worker.
_KILL_AFTER_SECONDS = 20


def run(settings: Settings, *, with_worker: bool) -> int:
    """Prepare the database, say where to look, and serve until told to stop. Returns only when that fails."""
    app = create_runtime(settings)
    migrate(db.engine())
    with app.app_context():
        _prepare(settings)
    db.disconnect()
    _say_where(settings)
    os.environ[WITH_WORKER] = "1" if with_worker else ""
    # Threads that each keep a heap of their own would take a third more memory.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    os.execv(sys.executable, [sys.executable, "-m", "granian", *_granian_options(settings)])  # noqa: S606 - no shell


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


def _prepare(settings: Settings) -> None:
    """Make an owner and fill an empty shop, once; a second start keeps everything."""
    if settings.demo and not settings.is_production and is_empty():
        _say("An empty shop: filling it with demo products (this takes some seconds).")
        seed_demo()
    if not owner_exists():
        with db.unit_of_work():
            password = create_owner(settings.owner_email)
        _say(f"Owner: {settings.owner_email}  Password: {password}  (shown only now)")
    db.close_reader()


def _granian_options(settings: Settings) -> list[str]:
    return [
        "--interface=wsgi",
        "--factory",
        f"--host={settings.host}",
        f"--port={settings.port}",
        f"--workers={settings.web_processes}",
        f"--blocking-threads={settings.web_threads}",
        f"--workers-kill-timeout={_KILL_AFTER_SECONDS}",
        "--respawn-failed-workers",
        "--no-ws",
        "--log-level=error",
        "storefront.serving:serving_app",
    ]


def _say_where(settings: Settings) -> None:
    _say(f"The shop:    {settings.base_url}/")
    _say(f"Your side:   {settings.base_url}/admin")
    if settings.is_practice:
        _say("Payments are practice: no real money. Set STRIPE_SECRET_KEY to sell (see the README).")
    if settings.mail_url.startswith("file"):
        _say(f"Mails are kept as files in {settings.var_dir}/outbox.")
    _say("Ctrl-C stops it.")


def _stop_on_signals() -> threading.Event:
    """Let the first signal end the work in order, and a second one at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
