"""Patterns of licence keys: ``XXXX-####-****`` says what every key of a product looks like."""

from storefront.catalog.service.mistakes import InvalidField
from storefront.core.errors import N_
from storefront.core.ids import READABLE_LETTERS

LONGEST = 80
# What stands for one of several signs, and for how many.
VARIETY = {"*": len(READABLE_LETTERS), "#": 10}
# The one rule of how much room a pattern needs: of fewer possible keys, some could be found by trying.
FEWEST_KEYS = 10**12


def check_pattern(pattern: str) -> str:
    """Return the pattern without spaces around it.

    ``*`` stands for a letter or digit without look-alikes, ``#`` for a digit; all else stands for itself.

    Raises:
        InvalidField: it has odd characters, or makes so few keys that they could be guessed.
    """
    plain = pattern.strip()
    if not plain or len(plain) > LONGEST or not plain.isascii() or not plain.isprintable() or "  " in plain:
        sentence = N_("Use letters, digits and dashes, with * and # for what changes: APP-****-****-####.")
        raise InvalidField("pattern", sentence)
    if possible_keys(plain) < FEWEST_KEYS:
        raise InvalidField(
            "pattern", N_("Keys like this could be guessed. Use at least nine * in the pattern.")
        )
    return plain


def possible_keys(pattern: str) -> int:
    """Return how many different keys the pattern can make."""
    count = 1
    for sign in pattern:
        count *= VARIETY.get(sign, 1)
    return count
