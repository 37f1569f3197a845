"""What one Practice Stripe needs to know: its file, its keys and where the shop is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

API_VERSION = "2026-10-28.endive"

Address = str | Callable[[], str]


@dataclass(frozen=True)
class PracticeConfig:
    """Settings of one Practice Stripe.

    ``webhook_url`` and ``public_url`` may be callables, for a server that learns its port late. Without a
    ``webhook_url`` no webhook is sent; without a ``public_url`` the address of the request is used.
    """

    database: Path
    secret_key: str = "sk_test_practice"  # noqa: S105 -- opens nothing but the stand-in
    webhook_secret: str = "whsec_practice"  # noqa: S105 -- the same
    webhook_url: Address | None = None
    public_url: Address | None = None

    def find_webhook_url(self) -> str | None:
        """Return where webhooks go, or None when nobody listens."""
        return _resolve(self.webhook_url)

    def find_public_url(self) -> str | None:
        """Return where a browser reaches Practice Stripe, without a slash at the end, or None."""
        address = _resolve(self.public_url)
        return address.rstrip("/") if address else None


def _resolve(address: Address | None) -> str | None:
    value = address() if callable(address) else address
    return value or None
