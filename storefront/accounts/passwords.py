"""Passwords: kept as argon2id hashes, refused only when everybody would guess them."""

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from storefront.accounts.common_passwords import COMMON

MIN_LENGTH = 8
MAX_LENGTH = 256

# OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; some 30 ms. Raise it, and each hash is
# made anew at its owner's next login.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


def objection_to(password: str, email: str) -> LazyString | None:
    """Return a sentence saying why this password can't be taken, or None when it can."""
    plain = _plain(password)
    guess = plain.lower()
    if len(plain) < MIN_LENGTH:
        return lazy_gettext("Please use at least %(count)s characters.", count=MIN_LENGTH)
    if len(password) > MAX_LENGTH or len(plain) > MAX_LENGTH:
        return lazy_gettext("Please use at most %(count)s characters.", count=MAX_LENGTH)
    if guess in COMMON or len(set(guess)) == 1:
        return lazy_gettext("This password is among the first that are guessed. Please choose another one.")
    if email and guess in (email, email.partition("@")[0]):
        return lazy_gettext("Your e-mail address can't be the password. Please choose another one.")
    return None


def hash_password(password: str) -> str:
    """Return the hash to keep. Takes some 30 ms on purpose: call it outside of any transaction."""
    return _hasher.hash(_plain(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed. Without a hash it takes as long, and says no."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        _hasher.verify(password_hash or _nobodys_hash(), _plain(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("the password of nobody")


def _plain(password: str) -> str:
    """The same text whatever keyboard it was typed on: full-width digits, composed accents (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)
