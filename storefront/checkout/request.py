"""What Stripe is asked for: one Checkout Session for one attempt to pay one order."""

from typing import Any

from storefront.core.clock import datetime
from storefront.core.money import Money, payable_step
from storefront.gateways.stripe import to_stripe
from storefront.orders.models import Order, OrderLine
from storefront.shop.service import shop_mark
from storefront.web.setup import settings

# What Stripe Tax calls our classes; a class that is not here has the default of the account at Stripe.
# Source: https://docs.stripe.com/tax/tax-codes
_TAX_CODES = {"reduced": "txcd_10302000", "zero": "txcd_00000000"}
_SHIPPING_CODE = "txcd_92010001"


def session_request(
    order: Order, lines: list[OrderLine], *, reference: str, expires_at: datetime, base_url: str
) -> dict[str, Any]:
    """Return the parameters of ``POST /v1/checkout/sessions``; ``base_url`` has the language prefix."""
    about = {"shop": shop_mark(), "order": order.public_id, "reference": reference}
    request: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": order.public_id,
        "customer_email": order.email,
        "line_items": _line_items(order, lines),
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
    if _is_taxed_by_stripe(order):
        request |= {
            "automatic_tax": {"enabled": True},
            "billing_address_collection": "required",
            "tax_id_collection": {"enabled": True},
        }
    if settings().stripe_payment_method_configuration:
        request["payment_method_configuration"] = settings().stripe_payment_method_configuration
    return request


def _line_items(order: Order, lines: list[OrderLine]) -> list[dict[str, Any]]:
    """Return what is to be paid, which adds up to the order's total to the minor unit.

    What was taken off is folded into the lines, because Stripe knows one discount a session and would share it out by
    its own rounding. So is tax that we add. A line whose amount is not so many times a whole unit is one piece.
    """
    return [_line_item(order, line) for line in lines]


def _line_item(order: Order, line: OrderLine) -> dict[str, Any]:
    title = f"{line.title} – {line.variant_title}" if line.variant_title else line.title
    amount = line.asked_amount(is_tax_added=order.is_tax_added)
    each, rest = divmod(amount, line.quantity)
    if rest or each % payable_step(order.currency):
        item = _item(order, f"{line.quantity} × {title}", 1, amount, line.tax_class)
    else:
        item = _item(order, title, line.quantity, each, line.tax_class)
    if line.discount_amount:
        full = Money(line.total_amount, order.currency).format(order.language)
        off = Money(line.discount_amount, order.currency).format(order.language)
        told = f"{order.code}: {full} − {off}" if order.code else f"{full} − {off}"
        item["price_data"]["product_data"]["description"] = told
    return item


def _item(order: Order, name: str, quantity: int, unit_amount: int, tax_class: str) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name[:250]}
    price: dict[str, Any] = {
        "currency": order.currency.lower(),
        "unit_amount": to_stripe(Money(unit_amount, order.currency)),
        "product_data": about,
    }
    if _is_taxed_by_stripe(order):
        price["tax_behavior"] = _behaviour(order)
        if tax_class in _TAX_CODES:
            about["tax_code"] = _TAX_CODES[tax_class]
    return {"quantity": quantity, "price_data": price}


def _is_taxed_by_stripe(order: Order) -> bool:
    return bool(order.taxes and order.taxes.get("by_stripe"))


def _behaviour(order: Order) -> str:
    return "inclusive" if order.taxes and order.taxes["is_included"] else "exclusive"


def _shipping_tax(order: Order) -> int:
    """Return the tax that is added to the postage."""
    told = (order.taxes or {}).get("shipping")
    return int(told[1]) if told and order.is_tax_added else 0


def _shipping_option(order: Order) -> dict[str, Any]:
    """The one price that the buyer has seen: the address is known, so that there is nothing to choose any more."""
    amount = to_stripe(Money(order.shipping_amount + _shipping_tax(order), order.currency))
    rate: dict[str, Any] = {
        "type": "fixed_amount",
        "display_name": str((order.delivery or {}).get("title") or "Shipping")[:100],
        "fixed_amount": {"amount": amount, "currency": order.currency.lower()},
    }
    if _is_taxed_by_stripe(order):
        rate |= {"tax_behavior": _behaviour(order), "tax_code": _SHIPPING_CODE}
    return {"shipping_rate_data": rate}


def _shipping(address: dict[str, Any]) -> dict[str, Any]:
    """Where the parcel goes, for Stripe's judgement of risk and for disputes; its page does not ask again."""
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    place = {part: address[part] for part in parts if address.get(part)}
    if address.get("district"):
        place["line2"] = ", ".join(text for text in (address.get("line2"), address["district"]) if text)
    about = {"name": address.get("name") or "", "address": place}
    return {**about, "phone": address["phone"]} if address.get("phone") else about
