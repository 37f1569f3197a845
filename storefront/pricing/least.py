"""The least that can be paid by card."""

# Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_LEAST = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250,
    "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300,
    "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip


def least_charge(currency: str) -> int:
    """Return the smallest amount, in minor units, that Stripe takes in that currency."""
    return _LEAST.get(currency, 1)
