"""Kinds of discount codes."""

from enum import StrEnum


class CodeKind(StrEnum):
    """What a code takes off: a share of the price, a fixed amount, or the postage."""

    PERCENT = "percent"
    AMOUNT = "amount"
    SHIPPING = "shipping"
