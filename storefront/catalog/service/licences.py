"""Patterns of licence keys: ``XXXX-####-****`` says what every key of a product looks like."""

import math
import secrets

from storefront.catalog.service.mistakes import N_, InvalidField
from storefront.core.ids import READABLE_LETTERS

ANY = "*"
DIGIT = "#"
LONGEST = 80
# Fewer possible keys than this could be tried out one by one.
_FEWEST_BITS = 32
_DIGITS = "0123456789"


def check_pattern(pattern: str) -> str:
    """Return the pattern without spaces around it.

    ``*`` stands for a letter or digit without look-alikes, ``#`` for a digit; all else stands for itself.

    Raises:
        InvalidField: it has odd characters, or so few places that keys could be guessed.
    """
    plain = pattern.strip()
    if not plain or len(plain) > LONGEST or not plain.isascii() or not plain.isprintable() or "  " in plain:
        raise InvalidField(
            "pattern",
            N_("Use letters, digits and dashes, with * and # for what changes: APP-****-****-####."),
        )
    if possible_bits(plain) < _FEWEST_BITS:
        raise InvalidField(
            "pattern", N_("Keys like this could be guessed. Use at least eight * in the pattern.")
        )
    return plain


def possible_bits(pattern: str) -> float:
    """Return how many bits of chance a key of this pattern holds."""
    return pattern.count(ANY) * math.log2(len(READABLE_LETTERS)) + pattern.count(DIGIT) * math.log2(
        len(_DIGITS)
    )


def new_key(pattern: str) -> str:
    """Return a random key of this pattern; the database decides whether it is unique."""
    alphabets = {ANY: READABLE_LETTERS, DIGIT: _DIGITS}
    return "".join(secrets.choice(alphabets[sign]) if sign in alphabets else sign for sign in pattern)
