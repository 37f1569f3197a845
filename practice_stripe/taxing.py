"""Stripe Tax for practice: one rate for each country, found when the buyer has named one."""

from __future__ import annotations

from practice_stripe.store import Json

# In hundredths of a percent, made up after the standard rates of 2026; a country that is not here is not taxed.
_RATES = {
    "AT": 2000,
    "DE": 1900,
    "ES": 2100,
    "FR": 2000,
    "GB": 2000,
    "IE": 2300,
    "IT": 2200,
    "NL": 2100,
    "US": 725,
}
_NONTAXABLE = "txcd_00000000"
_WHOLE = 10_000


def tax_session(session: Json, lines: list[Json], products: dict[str, Json], country: str | None) -> None:
    """Write the tax of a buyer from that country into the session and its lines, in place of what was there.

    Tax of a line whose price is ``inclusive`` is within its amount; any other is added to the total. Shipping that is
    no line is not taxed.
    """
    if not session["automatic_tax"]["enabled"] or country is None:
        return
    rate = _RATES.get(country, 0)
    whole = added = 0
    for line in lines:
        product = products[line["price"]["product"]]
        own = 0 if product["tax_code"] == _NONTAXABLE else rate
        is_inclusive = line["price"]["tax_behavior"] == "inclusive"
        net = line["amount_subtotal"] - line["amount_discount"]
        line["amount_tax"] = _tax(net, own, is_inclusive)
        line["amount_total"] = net + (0 if is_inclusive else line["amount_tax"])
        whole += line["amount_tax"]
        added += 0 if is_inclusive else line["amount_tax"]
    details = session["total_details"]
    details["amount_tax"] = whole
    session["amount_total"] = (
        session["amount_subtotal"] - details["amount_discount"] + details["amount_shipping"] + added
    )
    session["automatic_tax"]["status"] = "complete"


def _tax(amount: int, rate: int, is_inclusive: bool) -> int:
    base = _WHOLE + rate if is_inclusive else _WHOLE
    return (2 * amount * rate + base) // (2 * base)
