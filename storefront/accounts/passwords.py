"""Passwords: kept as argon2id hashes, refused only when everybody would guess them."""

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from flask_babel import gettext

from storefront.accounts.common_passwords import COMMON
from storefront.core.turns import aside

MIN_LENGTH = 8
MAX_LENGTH = 256

# OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; some 30 ms. Raise it, and each hash is
# made anew at its owner's next login.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


def objection_to(password: str, email: str) -> str | None:
    """Return a sentence saying why this password can't be taken, or None when it can."""
    plain = _plain(password[: MAX_LENGTH + 1])
    guess = plain.lower()
    objections: list[tuple[bool, str]] = [
        (len(plain) < MIN_LENGTH, gettext("Please use at least %(count)s characters.", count=MIN_LENGTH)),
        (len(plain) > MAX_LENGTH, gettext("Please use at most %(count)s characters.", count=MAX_LENGTH)),
        (_is_common(guess), gettext("This password is one of the first that are guessed.")),
        (guess in (email, email.partition("@")[0]), gettext("Your e-mail address can't be the password.")),
    ]
    return next((sentence for applies, sentence in objections if applies), None)


def hash_password(password: str) -> str:
    """Return the hash to keep. Takes some 30 ms on purpose: call it outside of any transaction."""
    with aside():
        return _hasher.hash(_plain(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed. Without a hash it takes as long, and says no."""
    if len(password) > MAX_LENGTH:
        return False  # before any work; whether there is such an account plays no part
    try:
        with aside():
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


def _is_common(guess: str) -> bool:
    return guess in COMMON or len(set(guess)) == 1


def _plain(password: str) -> str:
    """The same text whatever keyboard it was typed on: full-width digits, composed accents (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)
