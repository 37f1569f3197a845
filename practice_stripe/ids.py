"""Ids that look like Stripe's."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return ``prefix`` followed by ``length`` unguessable letters and digits."""
    # One call for all letters: the slight lean to some of them costs less than one bit of some three hundred.
    return prefix + "".join([_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(length)])
