"""Envelopes and settings for tests of mail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storefront.core.settings import Settings
from storefront.gateways.mail import Envelope

WRITTEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


def an_envelope(**values: Any) -> Envelope:
    """A mail to Maria."""
    ordinary = {
        "message_id": "0123456789abcdefABCDE_",
        "queued_at": WRITTEN,
        "sender_name": "Quiet Pages",
        "recipient": "maria@example.org",
        "subject": "Your order",
        "text": "Thank you!\n",
        "html": "<p>Thank you!</p>",
    }
    return Envelope(**{**ordinary, **values})


def settings_for(folder: Path, **values: Any) -> Settings:
    """Settings with a folder of their own and a sender."""
    return Settings(var_dir=folder, mail_from="shop@quiet.example.org", **values)
