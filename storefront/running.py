"""Running the shop: everything is made ready, then this process becomes granian (``exec``), so that nothing of the
preparation stays in memory or is carried across a fork. granian's web processes call ``serving.serving_app``.

The code of the shop is loaded here only when there is something to prepare: the next start is twice as fast.
"""

import os
import sys

from storefront.core.settings import WITH_WORKER, Settings
from storefront.readiness import is_prepared

# Longer than a worker waits for the job in its hands; see jobs.worker.
_KILL_AFTER_SECONDS = 20
# Of glibc: threads that each keep a heap of their own would take a third more memory; and large pieces, such as the
# pixels of a picture, go back to the system as soon as they are free (glibc would learn to keep them).
_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}


def run(settings: Settings, *, with_worker: bool) -> int:
    """Prepare the database, say where to look, and serve until told to stop. Returns only when that fails."""
    if not is_prepared(settings):
        from storefront.preparing import prepare

        prepare(settings)
    _say_where(settings)
    os.environ[WITH_WORKER] = "1" if with_worker else ""
    for name, value in _MEMORY.items():
        os.environ.setdefault(name, value)
    os.execv(sys.executable, [sys.executable, "-m", "granian", *_granian_options(settings)])  # noqa: S606 - no shell


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


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
