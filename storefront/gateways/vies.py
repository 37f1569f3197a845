"""VIES, the European Union's answer to whether a VAT id counts. It is often away; then nothing is said.

Source: https://ec.europa.eu/taxation_customs/vies/#/technical-information (REST, ``check-vat-number``).
"""

from dataclasses import dataclass
from typing import Any

import requests

# Somebody is waiting at the checkout.
_TIMEOUT = (1.5, 2.5)


@dataclass(frozen=True, slots=True)
class ViesAnswer:
    """Whether the VAT id counts, and whose it is where its country tells."""

    is_valid: bool
    name: str


def ask_vies(base: str, vat_id: str) -> ViesAnswer | None:
    """Return what VIES says of a VAT id such as DE123456789; None when it is away, or ``base`` is empty."""
    if not base:
        return None
    asked = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
    try:
        answer = requests.post(f"{base}/check-vat-number", json=asked, timeout=_TIMEOUT)
        said: Any = answer.json() if answer.ok else None
    except (requests.RequestException, ValueError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("valid"), bool):
        return None
    return ViesAnswer(said["valid"], str(said.get("name") or "").strip("- ")[:200])
