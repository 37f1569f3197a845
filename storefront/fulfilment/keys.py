"""Licence keys from a pattern: ``*`` is a letter or digit without look-alikes, ``#`` a digit, the rest stays."""

import secrets

from storefront.core.ids import READABLE_LETTERS

_DIGITS = "0123456789"


def new_key(pattern: str) -> str:
    """Return a fresh random key of that form."""
    return "".join(_fill(sign) for sign in pattern)


def has_room(pattern: str) -> bool:
    """Whether the pattern makes so many keys that guessing one is hopeless (at least 10**12)."""
    variety = 1
    for sign in pattern:
        variety *= {"*": len(READABLE_LETTERS), "#": len(_DIGITS)}.get(sign, 1)
    return variety >= 10**12


def _fill(sign: str) -> str:
    if sign == "*":
        return secrets.choice(READABLE_LETTERS)
    return secrets.choice(_DIGITS) if sign == "#" else sign
