"""Words of an account."""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do."""

    CUSTOMER = "customer"
    OWNER = "owner"


class TokenPurpose(StrEnum):
    """What a mailed token proves."""

    RESET = "reset"
    VERIFY = "verify"
