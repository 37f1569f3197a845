"""Numbers under bar codes."""

_LENGTHS = (8, 12, 13, 14)


def is_gtin(code: str) -> bool:
    """Whether this is a GTIN (EAN-8, UPC-A, EAN-13, GTIN-14) with the right check digit (GS1 specifications)."""
    if len(code) not in _LENGTHS or not (code.isascii() and code.isdigit()):
        return False
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return weighed % 10 == 0
