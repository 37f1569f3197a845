"""What Stripe is asked for: one Checkout Session for one attempt to pay one order."""

from typing import Any

from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.gateways.stripe import to_stripe
from storefront.orders.models import Order, OrderLine
from storefront.shop.service import shop_mark


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
    if order.delivery:
        request |= {"shipping_options": [_shipping_option(order)]} if order.shipping_amount else {}
        if order.shipping_address:
            request["payment_intent_data"]["shipping"] = _shipping(order.shipping_address)
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


def _shipping_option(order: Order) -> dict[str, Any]:
    """The one price that the buyer has seen: the address is known, so that there is nothing to choose any more."""
    amount = to_stripe(Money(order.shipping_amount, order.currency))
    return {
        "shipping_rate_data": {
            "type": "fixed_amount",
            "display_name": str((order.delivery or {}).get("title") or "Shipping")[:100],
            "fixed_amount": {"amount": amount, "currency": order.currency.lower()},
        }
    }


def _shipping(address: dict[str, Any]) -> dict[str, Any]:
    """Where the parcel goes, for Stripe's judgement of risk and for disputes; its page does not ask again."""
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    place = {part: address[part] for part in parts if address.get(part)}
    if address.get("district"):
        place["line2"] = ", ".join(text for text in (address.get("line2"), address["district"]) if text)
    about = {"name": address.get("name") or "", "address": place}
    return {**about, "phone": address["phone"]} if address.get("phone") else about
