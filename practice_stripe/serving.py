"""Practice Stripe behind a small threaded server of its own."""

from __future__ import annotations

import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from practice_stripe.app import create_practice_stripe
from practice_stripe.config import PracticeConfig
from practice_stripe.webhooks import WebhookCourier


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections open, as the real API does, and writes no access log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the one who asks knows what was asked."""

    def log_error(self, format: str, *args: Any) -> None:
        """Say nothing about connections that a fault has cut."""


class PracticeServer:
    """A server with its courier; port 0 takes a free port. ``address`` is known as soon as it is made."""

    def __init__(
        self, config: PracticeConfig, host: str = "127.0.0.1", port: int = 0, couriers: int = 1
    ) -> None:
        app = create_practice_stripe(config)
        self._server = make_server(host, port, app, threaded=True, request_handler=_QuietHandler)
        self._courier = WebhookCourier(config, couriers) if couriers else None
        self._thread: threading.Thread | None = None
        self.address = f"http://{host}:{self._server.server_port}"

    def serve(self) -> None:
        """Serve in this thread until it is interrupted."""
        if self._courier:
            self._courier.start()
        try:
            self._server.serve_forever(poll_interval=0.05)
        finally:
            if self._courier:
                self._courier.stop()
            self._server.server_close()

    def start(self) -> PracticeServer:
        """Serve in a thread of its own, and return the server."""
        self._thread = threading.Thread(target=self.serve, name="practice-stripe", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop a server that was started by ``start``."""
        self._server.shutdown()
        if self._thread:
            self._thread.join(10)
