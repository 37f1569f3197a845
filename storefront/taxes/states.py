"""How the shop deals with tax, and what is taxed alike."""

from enum import StrEnum


class TaxMode(StrEnum):
    """Not at all; by the owner's own table of rates; or by Stripe Tax."""

    OFF = "off"
    RATES = "rates"
    STRIPE = "stripe"


class TaxClass(StrEnum):
    """What is taxed alike: most things, e-books and the like, and what is free of tax."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"


class VatCheck(StrEnum):
    """What is known of a VAT id: it has the right form, VIES knows it, or VIES says that it does not."""

    FORMAT = "format"
    VALID = "valid"
    INVALID = "invalid"
