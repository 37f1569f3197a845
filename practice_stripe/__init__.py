"""Practice Stripe: a stand-in for Stripe that the real SDK talks to, and no money moves.

It keeps its own SQLite file, answers under ``/v1/`` as Stripe's API does, shows a hosted payment page under
``/pay/<session id>`` and sends signed webhooks. What a person would do in Stripe's dashboard, and the faults
that tests need, are under ``/practice/``.
"""

from practice_stripe.app import create_practice_stripe
from practice_stripe.config import API_VERSION, PracticeConfig
from practice_stripe.webhooks import WebhookCourier, deliver_due_webhooks

__all__ = [
    "API_VERSION",
    "PracticeConfig",
    "WebhookCourier",
    "create_practice_stripe",
    "deliver_due_webhooks",
]
