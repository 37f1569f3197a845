"""Money: an integer of minor units beside its ISO 4217 currency; never a float, never ``* 100``."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, get_currency_symbol, list_currencies

# Far above any price: 100 lines of 99 such things still fit into the database's integers.
LARGEST_AMOUNT = 10**13

_PLAIN = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_LAST_SIGN = re.compile(r"([0-9.,]*)([.,])([0-9]*)")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, yen, fils) of one currency (upper-case ISO code)."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def __bool__(self) -> bool:
        return self.amount != 0

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact: 1990 EUR is ``Decimal("19.90")``."""
        return Decimal(self.amount).scaleb(-exponent_of(self.currency))

    @property
    def plain(self) -> str:
        """The amount as a field of a form shows it: ``19.90``, without sign and grouping."""
        return f"{self.decimal:.{exponent_of(self.currency)}f}"

    def format(self, language: str) -> str:
        """Return the amount as people write it in that language."""
        return _format(self.amount, self.currency, language)

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")


class InvalidAmount(ValueError):
    """The text is no amount of this currency."""


class UnpayableAmount(InvalidAmount):
    """The amount is one of the currency, but no card can pay it: it lies between two steps (``payable_step``)."""


@lru_cache(maxsize=512)
def exponent_of(currency: str) -> int:
    """Return how many decimals the currency has: JPY 0, EUR 2, BHD 3."""
    return get_currency_precision(currency)


@lru_cache(maxsize=512)
def payable_step(currency: str) -> int:
    """Return in which steps, in minor units, one can pay: cards take dinars of three decimals by ten fils only.

    Source: https://docs.stripe.com/currencies#three-decimal
    """
    return 10 if exponent_of(currency) == 3 else 1


@lru_cache(maxsize=1)
def known_currencies() -> frozenset[str]:
    """Return the ISO codes that we know."""
    return frozenset(list_currencies())


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units that a person meant by ``19.90``, ``19,90`` or ``1 200``.

    Raises:
        InvalidAmount: it is no number, is negative, is larger than any price, or has more decimals than the currency.
    """
    plain = text.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace("\uff0c", ",")
    value = Decimal(_with_decimal_point(plain, exponent_of(currency), text))
    minor = value.scaleb(exponent_of(currency))
    if minor != minor.to_integral_value() or minor > LARGEST_AMOUNT:
        raise InvalidAmount(text)
    return int(minor)


def parse_price(text: str, currency: str) -> int:
    """Return the minor units that a person meant, if they can be paid.

    Raises:
        UnpayableAmount: it is an amount, but none that a card can pay, such as 1.234 BHD.
        InvalidAmount: it is no amount.
    """
    return payable(parse_amount(text, currency), currency)


def payable(amount: int, currency: str) -> int:
    """Return the amount, which can be paid.

    Raises:
        UnpayableAmount: it can't.
    """
    if amount % payable_step(currency):
        raise UnpayableAmount(amount)
    return amount


def symbol_of(currency: str, language: str) -> str:
    """Return the sign that people of that language write for the currency."""
    return str(get_currency_symbol(currency, locale=_LOCALES.get(language, language)))


_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


@lru_cache(maxsize=8192)
def _format(amount: int, currency: str, language: str) -> str:
    exponent = exponent_of(currency)
    whole, part = divmod(abs(amount), 10**exponent)
    digits = f"{whole:,}.{part:0{exponent}d}" if exponent else f"{whole:,}"
    return ("-" if amount < 0 else "") + _pattern(currency, language).replace("0", digits, 1)


@lru_cache(maxsize=512)
def _pattern(currency: str, language: str) -> str:
    """Return how Babel writes no money, as ``€0``: it takes 100 µs an amount, and our languages group alike."""
    nothing = format_currency(Decimal(0), currency, locale=_LOCALES.get(language, language))
    return re.sub(r"0[0.]*", "0", str(nothing), count=1)


def _with_decimal_point(plain: str, exponent: int, text: str) -> str:
    """Decide which sign is the decimal point: the last one, unless it can only group thousands."""
    if _PLAIN.fullmatch(plain):
        return plain
    parts = _LAST_SIGN.fullmatch(plain)
    head, sign, tail = parts.groups() if parts else ("", "", "")
    if sign and (sign in head or (len(tail) == 3 and exponent != 3)):
        head, tail = plain, ""
    if not (head or tail) or not (head == "" or _PLAIN.fullmatch(head) or _GROUPED.fullmatch(head)):
        raise InvalidAmount(text)
    return f"{re.sub('[.,]', '', head) or '0'}.{tail or '0'}"
