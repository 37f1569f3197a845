"""All that happened to an order, from all the books that know of it, in one list."""

from dataclasses import dataclass
from typing import Any

from storefront.core.clock import datetime
from storefront.fulfilment import access
from storefront.fulfilment.service import entitlements_of
from storefront.journal.service import entries_of
from storefront.notifications.service import messages_of
from storefront.orders.models import Order
from storefront.orders.service.notes import notes_of
from storefront.payments import failures, inbox
from storefront.payments import service as payments

_MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: when, its row, and of which kind that is.

    Kinds are ``journal``, ``event`` (of Stripe), ``mail``, ``note``, ``refused`` (by a bank) and ``access``.
    """

    at: datetime
    kind: str
    about: Any


def happenings_of(order: Order) -> list[Happening]:
    """Return all that happened to an order, newest first."""
    found = [
        *(Happening(entry.at, "journal", entry) for entry in entries_of(order.topic, limit=_MOST_LINES)),
        *(Happening(event.received_at, "event", event) for event in _events_of(order)),
        *(Happening(mail.created_at, "mail", mail) for mail in messages_of(order.topic)),
        *(Happening(note.created_at, "note", note) for note in notes_of(order.id)),
        *(Happening(failure.failed_at, "refused", failure) for failure in failures.failures_of(order.id)),
        *(Happening(deed.at, "access", deed) for deed in _deeds_of(order)),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _deeds_of(order: Order) -> list[access.Note]:
    ids = [entitlement.id for entitlement in entitlements_of(order.id)]
    return access.notes_of(*ids, limit=_MOST_LINES) if ids else []


def _events_of(order: Order) -> list[Any]:
    attempts = payments.payments_of(order.id)
    objects = {payment.session_id for payment in attempts}
    objects |= {refund.stripe_id for refund in payments.refunds_of(order.id)}
    objects |= {dispute.stripe_id for dispute in payments.disputes_of(order.id)}
    intents = {payment.payment_intent_id for payment in attempts}
    return inbox.events_about({one for one in objects if one}, {one for one in intents if one})
