"""What the price of a parcel depends on."""

from enum import StrEnum


class RateBasis(StrEnum):
    """What a rate goes by: how heavy the parcel is, or what its things cost."""

    WEIGHT = "weight"
    PRICE = "price"
