"""What Stripe is asked for: one Checkout Session for one attempt to pay one order."""

from typing import Any

from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.gateways.stripe import to_stripe
from storefront.orders.models import Order, OrderLine
from storefront.shop.service import shop_mark

# All countries that Stripe ships to; zones and rates decide later.
_COUNTRIES = """
AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET
FI FJ FK FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM
IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD
ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST
SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS
XK YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_COUNTRIES.split())


def session_request(
    order: Order, lines: list[OrderLine], *, reference: str, expires_at: datetime, base_url: str
) -> dict[str, Any]:
    """Return the parameters of ``POST /v1/checkout/sessions``; ``base_url`` has the language prefix."""
    about = {"shop": shop_mark(), "order": order.public_id, "reference": reference}
    request: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": order.public_id,
        "customer_email": order.email,
        "line_items": [_line_item(order, line) for line in lines],
        "metadata": about,
        "payment_intent_data": {"metadata": about, "description": f"Order {order.number}"},
        # Stripe fills in the id; url_for would escape the braces.
        "success_url": f"{base_url}/checkout/return?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{base_url}/cart?payment=cancelled",
        "expires_at": int(expires_at.timestamp()),
        "locale": "zh" if order.language == "zh" else "en",
    }
    if any(line.requires_shipping for line in lines):
        request["shipping_address_collection"] = {"allowed_countries": list(COUNTRIES)}
    return request


def _line_item(order: Order, line: OrderLine) -> dict[str, Any]:
    title = f"{line.title} – {line.variant_title}" if line.variant_title else line.title
    return {
        "quantity": line.quantity,
        "price_data": {
            "currency": order.currency.lower(),
            "unit_amount": to_stripe(Money(line.unit_amount, order.currency)),
            "product_data": {"name": title[:250]},
        },
    }
