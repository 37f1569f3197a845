"""``python -m practice_stripe``: Practice Stripe on its own, for tests and load tests."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from pathlib import Path
from types import FrameType

from practice_stripe.config import PracticeConfig
from practice_stripe.serving import PracticeServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the address is printed as soon as it is known."""
    wishes = _parser().parse_args(arguments)
    config = PracticeConfig(
        database=wishes.database,
        secret_key=wishes.secret_key,
        webhook_secret=wishes.webhook_secret,
        webhook_url=wishes.webhook_url,
        public_url=wishes.public_url,
    )
    server = PracticeServer(config, wishes.host, wishes.port, wishes.couriers)
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"Practice Stripe is at {server.address} (practice: no real money)\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.serve()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m practice_stripe", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--database", type=Path, required=True, help="the SQLite file, made on first use")
    parser.add_argument("--webhook-url", help="where events are sent; without it none are")
    parser.add_argument("--secret-key", default=PracticeConfig.secret_key)
    parser.add_argument("--webhook-secret", default=PracticeConfig.webhook_secret)
    parser.add_argument("--public-url", help="where a browser finds this server, if that is another address")
    parser.add_argument("--couriers", type=int, default=1, help="threads that send webhooks, 0 for none")
    return parser


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
