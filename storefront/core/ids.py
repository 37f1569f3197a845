"""Identifiers that people and outsiders see; internal integer ids never leave the house."""

import secrets

# No 0/O, 1/I/L, 5/S, 2/Z, 8/B, U/V: read aloud on the phone, an order number is still right.
READABLE_LETTERS = "ACDEFGHJKMNPQRTWXY34679"


def new_public_id() -> str:
    """Return 22 URL-safe characters (128 random bits) that nobody can guess."""
    return secrets.token_urlsafe(16)


def new_token() -> str:
    """Return a secret of 256 random bits, URL-safe, for a cookie or a mailed link."""
    return secrets.token_urlsafe(32)


def new_order_number() -> str:
    """Return a number such as ``K7QM-4XRP``: 8 letters without look-alikes (23**8, some 78 milliards)."""
    letters = "".join(secrets.choice(READABLE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
