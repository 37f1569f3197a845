"""Whole amounts shared out and rounded so that nothing is lost: the parts always add up."""

from collections.abc import Sequence


def split(amount: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """Return ``amount`` shared out by weight, by largest remainder; of equal remainders the first one gets more.

    All are minor units and multiples of ``step``; so are the shares. None is above its weight when ``amount`` is not
    above their sum. An amount of 0, or weights of 0, give shares of 0.
    """
    whole = sum(weights)
    if whole == 0 or amount == 0:
        return [0] * len(weights)
    parts = amount // step
    shares = [parts * weight // whole for weight in weights]
    left = parts - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(parts * weights[place] % whole), place))
    for place in by_remainder[:left]:
        shares[place] += 1
    return [share * step for share in shares]


def portion(amount: int, numerator: int, denominator: int, step: int = 1) -> int:
    """Return ``amount * numerator / denominator`` rounded half up to a multiple of ``step``."""
    return (2 * amount * numerator + denominator * step) // (2 * denominator * step) * step
