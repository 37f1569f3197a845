"""What a Checkout Session may be asked for, field by field."""

from __future__ import annotations

from practice_stripe.countries import COUNTRIES
from practice_stripe.lists import EXPAND, LISTING
from practice_stripe.params import (
    Boolean,
    Currency,
    Email,
    Integer,
    ListOf,
    Mapping,
    Metadata,
    Text,
    Timestamp,
    Url,
)

MAX_LINES = 100
_LOCALES = """
auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt
pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW
"""
LOCALES = tuple(_LOCALES.split())

_TAX_BEHAVIOR = Text(choices=("exclusive", "inclusive", "unspecified"))
_TAX_CODE = Text()

_PRODUCT_DATA = Mapping(
    {
        "name": Text(maximum=5000),
        "description": Text(maximum=40000),
        "images": ListOf(Url(), maximum=8),
        "metadata": Metadata(),
        "tax_code": _TAX_CODE,
        "unit_label": Text(maximum=12),
    },
    required=("name",),
    unspoken=frozenset({"tax_details"}),
)
_PRICE_DATA = Mapping(
    {
        "currency": Currency(),
        "unit_amount": Integer(0),
        "product_data": _PRODUCT_DATA,
        "tax_behavior": _TAX_BEHAVIOR,
    },
    required=("currency", "unit_amount", "product_data"),
    unspoken=frozenset({"product", "recurring", "unit_amount_decimal"}),
)
_LINE_ITEM = Mapping(
    {"price_data": _PRICE_DATA, "price": Text(), "quantity": Integer(1, 999_999), "metadata": Metadata()},
    unspoken=frozenset({"adjustable_quantity", "tax_rates"}),
)

_SHIPPING = Mapping(
    {
        "name": Text(),
        "phone": Text(),
        "carrier": Text(maximum=5000),
        "tracking_number": Text(maximum=5000),
        "address": Mapping(
            {
                **{part: Text(maximum=5000) for part in ("city", "line1", "line2", "postal_code", "state")},
                "country": Text(choices=COUNTRIES),
            },
        ),
    },
    required=("name", "address"),
)
_PAYMENT_INTENT_DATA = Mapping(
    {
        "description": Text(maximum=1000),
        "metadata": Metadata(),
        "receipt_email": Email(),
        "setup_future_usage": Text(choices=("off_session", "on_session")),
        "statement_descriptor": Text(maximum=22),
        "statement_descriptor_suffix": Text(maximum=22),
        "transfer_group": Text(),
        "capture_method": Text(choices=("automatic", "automatic_async")),
        "shipping": _SHIPPING,
    },
    unspoken=frozenset({"application_fee_amount", "on_behalf_of", "transfer_data"}),
)

_DELAY = Mapping(
    {"unit": Text(choices=("business_day", "day", "hour", "month", "week")), "value": Integer(1)},
    required=("unit", "value"),
)
_SHIPPING_RATE_DATA = Mapping(
    {
        "display_name": Text(maximum=100),
        "fixed_amount": Mapping(
            {"amount": Integer(0), "currency": Currency()},
            required=("amount", "currency"),
            unspoken=frozenset({"currency_options"}),
        ),
        "delivery_estimate": Mapping({"minimum": _DELAY, "maximum": _DELAY}),
        "metadata": Metadata(),
        "tax_behavior": _TAX_BEHAVIOR,
        "tax_code": _TAX_CODE,
        "type": Text(choices=("fixed_amount",)),
    },
    required=("display_name",),
)
_SHIPPING_OPTION = Mapping({"shipping_rate_data": _SHIPPING_RATE_DATA, "shipping_rate": Text()})

_INVOICE_DATA = Mapping(
    {
        "description": Text(maximum=1500),
        "footer": Text(),
        "metadata": Metadata(),
        "custom_fields": ListOf(
            Mapping({"name": Text(maximum=40), "value": Text(maximum=140)}, required=("name", "value")),
            maximum=4,
            unset=True,
        ),
    },
    unspoken=frozenset({"account_tax_ids", "issuer", "rendering_options"}),
)
_CUSTOM_MESSAGE = Mapping({"message": Text(maximum=1200)}, required=("message",))

CREATE = Mapping(
    {
        "allow_promotion_codes": Boolean(),
        "automatic_tax": Mapping(
            {"enabled": Boolean()}, required=("enabled",), unspoken=frozenset({"liability"})
        ),
        "billing_address_collection": Text(choices=("auto", "required")),
        "cancel_url": Url(),
        "client_reference_id": Text(maximum=200),
        "consent_collection": Mapping(
            {
                "promotions": Text(choices=("auto", "none")),
                "terms_of_service": Text(choices=("none", "required")),
            },
            unspoken=frozenset({"payment_method_reuse_agreement"}),
        ),
        "currency": Currency(),
        "custom_text": Mapping(
            dict.fromkeys(
                ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"), _CUSTOM_MESSAGE
            )
        ),
        "customer": Text(),
        "customer_creation": Text(choices=("always", "if_required")),
        "customer_email": Email(),
        "discounts": ListOf(Mapping({"coupon": Text(), "promotion_code": Text()}), maximum=1, unset=True),
        "expand": EXPAND,
        "expires_at": Timestamp(),
        "invoice_creation": Mapping(
            {"enabled": Boolean(), "invoice_data": _INVOICE_DATA}, required=("enabled",)
        ),
        "line_items": ListOf(_LINE_ITEM, maximum=MAX_LINES, minimum=1),
        "locale": Text(choices=LOCALES),
        "metadata": Metadata(),
        "mode": Text(choices=("payment", "setup", "subscription")),
        "origin_context": Text(choices=("mobile_app", "web")),
        "payment_intent_data": _PAYMENT_INTENT_DATA,
        "phone_number_collection": Mapping({"enabled": Boolean()}, required=("enabled",)),
        "shipping_address_collection": Mapping(
            {"allowed_countries": ListOf(Text(choices=COUNTRIES), minimum=1)}, required=("allowed_countries",)
        ),
        "shipping_options": ListOf(_SHIPPING_OPTION, maximum=5),
        "payment_method_configuration": Text(maximum=100),
        "submit_type": Text(choices=("auto", "book", "donate", "pay", "subscribe")),
        "success_url": Url(),
        "tax_id_collection": Mapping(
            {"enabled": Boolean(), "required": Text(choices=("if_supported", "never"))}, required=("enabled",)
        ),
        "ui_mode": Text(choices=("elements", "embedded_page", "form", "hosted_page")),
    },
    required=("mode",),
    unspoken=frozenset(
        {
            "adaptive_pricing",
            "after_expiration",
            "allowed_payment_method_types",
            "branding_settings",
            "custom_fields",
            "customer_account",
            "customer_update",
            "excluded_payment_method_types",
            "integration_identifier",
            "managed_payments",
            "name_collection",
            "optional_items",
            "payment_method_collection",
            "payment_method_data",
            "payment_method_options",
            "permissions",
            "redirect_on_completion",
            "return_url",
            "saved_payment_method_options",
            "setup_intent_data",
            "subscription_data",
            "wallet_options",
        }
    ),
)

UPDATE = Mapping(
    {"metadata": Metadata(), "expand": EXPAND},
    unspoken=frozenset({"collected_information", "line_items", "payment_intent_data", "shipping_options"}),
)

LIST = Mapping(
    {
        **LISTING,
        "payment_intent": Text(),
        "customer": Text(),
        "status": Text(choices=("complete", "expired", "open")),
        "customer_details": Mapping({"email": Text()}, required=("email",)),
    },
    unspoken=frozenset({"customer_account", "payment_link", "subscription"}),
)
