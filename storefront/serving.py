"""Serving pages: what granian calls in each of its web processes.

granian forks them, and a database connection or a thread must not be carried across a fork, so each makes its own app
here. The worker runs beside it in threads, so that one small process is a whole shop; with ``--no-worker`` it runs
elsewhere. Nothing that only prepares a shop (Alembic, seeding) is imported, which saves some 20 MB.
"""

import gc
import os
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

gc.disable()  # all that is made while the shop is loaded stays: looking for garbage in it takes a third of the time

from flask import Flask

from storefront.app import create_runtime, practice_config
from storefront.core.settings import WITH_WORKER, Settings, load_settings
from storefront.gateways.stripe import StripeGateway
from storefront.jobs.worker import Worker

if TYPE_CHECKING:
    from practice_stripe import WebhookCourier


def serving_app() -> Flask:
    """Return the app of one web process, with the worker and practice Stripe's courier beside it where wanted."""
    settings = load_settings()
    app = create_runtime(settings)
    if os.environ.get(WITH_WORKER):
        worker = Worker(settings.worker_threads, redis_url=settings.redis_url)
        worker.start()
        Finalize(None, worker.stop, exitpriority=10)
    courier = start_courier(settings)
    if courier is not None:
        Finalize(None, courier.stop, exitpriority=20)
        _serve_practice_stripe(app, settings)
    gc.enable()
    return app


def _serve_practice_stripe(app: Flask, settings: Settings) -> None:
    """Let this process ask its practice Stripe on a port of its own.

    Over the shop's own port the request that waits for an answer and the one that gives it would share the web threads:
    as many checkouts at once as there are threads would wait for each other until they time out.
    """
    if settings.stripe_api_base:
        return
    from practice_stripe.serving import PracticeServer

    server = PracticeServer(practice_config(settings), couriers=0).start()
    Finalize(None, server.stop, exitpriority=15)
    app.extensions["payment_gateway"] = StripeGateway(
        settings.stripe_key, settings.webhook_secrets, server.address
    )


def start_courier(settings: Settings) -> "WebhookCourier | None":
    """Have practice Stripe send its webhooks, where it is in use. Several processes may do so: each takes its own."""
    if not settings.is_practice or settings.is_production:
        return None
    from practice_stripe import WebhookCourier

    courier = WebhookCourier(practice_config(settings))
    courier.start()
    return courier
