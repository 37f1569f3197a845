"""Licences: what their keys look like (``XXXX-####-****``) or that they come from a pool, and how far one key goes."""

from typing import NamedTuple

from storefront.catalog.models import Content, Product
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.core import db
from storefront.core.errors import N_
from storefront.core.ids import READABLE_LETTERS
from storefront.journal import service as journal

LONGEST = 80
# What stands for one of several signs, and for how many.
VARIETY = {"*": len(READABLE_LETTERS), "#": 10}
# The one rule of how much room a pattern needs: of fewer possible keys, some could be found by trying.
FEWEST_KEYS = 10**12


class LicenceTerms(NamedTuple):
    """Where keys come from, how few free ones the owner is told of, and on how many machines one may be in use."""

    from_pool: bool = False
    low_pool_at: int = 10
    activation_limit: int | None = None


def set_terms(product: Product, content: Content, terms: LicenceTerms) -> None:
    """Set the terms of a licence, for keys from before, too; who already uses one on more machines goes on."""
    if terms == terms_of(content):
        return
    content.keys_from_pool, content.low_pool_at, content.activation_limit = terms
    db.session().flush()
    journal.write(
        topic_of(product),
        "licence.terms_set",
        title=content.title,
        from_pool=terms.from_pool,
        limit=terms.activation_limit,
    )


def terms_of(content: Content) -> LicenceTerms:
    """Return the terms of a licence."""
    return LicenceTerms(content.keys_from_pool, content.low_pool_at, content.activation_limit)


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
