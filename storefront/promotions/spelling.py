"""One spelling for each code and for each customer, so that a limit can't be passed by another way of writing."""

import re
import unicodedata

LONGEST = 40
_ODD = re.compile(r"[^\w-]|_(?=_)", re.UNICODE)
_GMAIL = ("gmail.com", "googlemail.com")


def key_of(text: str) -> str:
    """Return the one spelling of a code: small and capital letters, full-width ones and spaces are the same."""
    plain = unicodedata.normalize("NFKC", text[: 4 * LONGEST]).strip()
    return _ODD.sub("", plain).upper()[:LONGEST]


def customer_of(email: str) -> str:
    """Return who stands behind an address that the shop keeps: without ``+alias``, at Gmail also without dots.

    Other providers may tell dots apart, so there they stay (docs/decisions/discount-codes.md).
    """
    name, _, domain = email.lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in _GMAIL:
        name, domain = name.replace(".", ""), _GMAIL[0]
    return f"{name}@{domain}"
