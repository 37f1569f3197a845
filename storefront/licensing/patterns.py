"""Licence keys from a pattern: ``*`` is a letter or digit without look-alikes, ``#`` a digit, the rest stays."""

import secrets

from storefront.core.ids import READABLE_LETTERS

_DIGITS = "0123456789"


def new_key(pattern: str) -> str:
    """Return a fresh random key of that form."""
    return "".join(_fill(sign) for sign in pattern)


def _fill(sign: str) -> str:
    if sign == "*":
        return secrets.choice(READABLE_LETTERS)
    return secrets.choice(_DIGITS) if sign == "#" else sign
