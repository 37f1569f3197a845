"""Stripe's rules for currencies, and amounts written for people.

Amounts are integers of minor units. Source of the rules: docs.stripe.com/currencies.
"""

from __future__ import annotations

_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMAL = "bhd jod kwd omr tnd"
_TWO_DECIMAL = """
usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad
ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std
szl thb tjs top try ttd twd tzs uah uyu uzs wst xcd yer zar zmw
"""

ZERO_DECIMAL = frozenset(_ZERO_DECIMAL.split())
THREE_DECIMAL = frozenset(_THREE_DECIMAL.split())
# Without decimals in life, but Stripe keeps two in the API, which must be 00.
WHOLE_ONLY = frozenset(("isk", "ugx"))

CURRENCIES = frozenset(_TWO_DECIMAL.split()) | ZERO_DECIMAL | THREE_DECIMAL | WHOLE_ONLY

# The smallest charge in minor units. A currency that is not here has none of its own (Stripe converts it).
MINIMUM_CHARGE = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
MAXIMUM_CHARGE = 99_999_999

_SIGNS = {
    "usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩", "vnd": "₫", "cny": "CN¥",
    "aud": "A$", "cad": "CA$", "nzd": "NZ$", "hkd": "HK$", "sgd": "SGD ", "twd": "NT$", "brl": "R$",
    "mxn": "MX$", "ils": "₪",
}  # fmt: skip
_CHINESE_SIGNS = {**_SIGNS, "cny": "¥", "jpy": "JP¥", "usd": "US$"}


def minor_digits(currency: str) -> int:
    """Return how many digits of an amount stand after the decimal point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def find_amount_mistake(amount: int, currency: str) -> str | None:
    """Return Stripe's sentence when ``amount`` breaks the rounding rule of its currency, or None."""
    if currency in THREE_DECIMAL and amount % 10:
        return f"Invalid amount: {amount}. Amounts in {currency} must end in 0."
    if currency in WHOLE_ONLY and amount % 100:
        return f"Invalid amount: {amount}. Amounts in {currency} must be divisible by 100."
    return None


def write_amount(amount: int, currency: str, language: str = "en") -> str:
    """Return ``amount`` for people, such as ``$1,234.50``, ``JP¥500`` or ``BHD 1.250``."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    figures = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    signs = _CHINESE_SIGNS if language == "zh" else _SIGNS
    sign = signs.get(currency, f"{currency.upper()}\u00a0")
    return f"{'-' if amount < 0 else ''}{sign}{figures}"
