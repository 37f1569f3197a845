"""Running the shop: web by granian, the worker beside it, and practice Stripe's courier, all ended in order."""

import signal
import subprocess
import sys
import threading
from types import FrameType

from granian import Granian
from granian.constants import Interfaces

from practice_stripe import WebhookCourier
from storefront.accounts.service import create_owner, owner_exists
from storefront.app import create_runtime, practice_config
from storefront.core import db
from storefront.core.migrating import is_current, migrate
from storefront.core.settings import Settings
from storefront.jobs import worker as jobs
from storefront.jobs.worker import Worker
from storefront.seeding import is_empty


def run(settings: Settings, *, with_worker: bool) -> int:
    """Prepare the database, then serve until told to stop."""
    app = create_runtime(settings)
    migrate(db.engine())
    with app.app_context():
        _prepare(settings)
    courier = WebhookCourier(practice_config(settings)) if settings.is_practice else None
    worker = Worker(settings.worker_threads, redis_url=settings.redis_url) if with_worker else None
    for part in (courier, worker):
        if part is not None:
            part.start()
    try:
        _serve(settings)
    finally:
        for part in (worker, courier):
            if part is not None:
                part.stop()
        db.disconnect()
    return 0


def work(settings: Settings, *, burst: bool) -> int:
    """Do what is due, for ever or once."""
    create_runtime(settings)
    if not is_current(db.engine()):
        sys.stderr.write("The database is not at the newest schema. Run: storefront migrate\n")
        return 2
    stop = _stop_on_signals()
    if burst:
        jobs.burst(stop)
    else:
        Worker(settings.worker_threads, redis_url=settings.redis_url).run_forever(stop)
    return 0


def _prepare(settings: Settings) -> None:
    """Make an owner and fill an empty shop, once; a second start keeps everything."""
    if settings.demo and not settings.is_production and is_empty():
        _say("An empty shop: filling it with demo products (this takes some seconds).")
        # In a process of its own, because encoding pictures would leave this one large for ever.
        subprocess.run([sys.executable, "-m", "storefront", "seed"], check=True)  # noqa: S603 - our own command
    if not owner_exists():
        with db.unit_of_work():
            password = create_owner(settings.owner_email)
        _say(f"Owner: {settings.owner_email}  Password: {password}  (shown only now)")
    db.close_reader()


def _serve(settings: Settings) -> None:
    server = Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=settings.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        websockets=False,
        log_enabled=False,
    )
    server.on_startup(lambda: _say_where(settings))
    server.serve()


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
