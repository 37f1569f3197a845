"""E-mail addresses: one spelling for each mailbox, the same wherever the shop takes one."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254


class BadAddressError(ValueError):
    """The text is no e-mail address that mail could be sent to."""


def normalise_email(text: str) -> str:
    """Return the address as the shop keeps it: trimmed, lower-case, the domain in ASCII (``xn--...``).

    Full-width letters, which Chinese keyboards make, are taken for what they mean. The network is not asked.

    Raises:
        BadAddressError: it can't be an address.
    """
    if len(text) > 2 * MAX_LENGTH:
        raise BadAddressError("too long")
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        found = validate_email(plain, check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise BadAddressError(str(error)) from error
    address = (found.ascii_email or found.normalized).lower()
    if len(address) > MAX_LENGTH:
        raise BadAddressError("too long")
    return address


def find_normal(text: str) -> str | None:
    """Return the address as the shop keeps it, or None when the text is no address."""
    try:
        return normalise_email(text)
    except BadAddressError:
        return None
