"""Stripe behind our own words: sessions, refunds, disputes, events. The only import of its SDK.

Every write carries an idempotency key that its caller stored before. An answer that did not come, or came as a fault
of Stripe's, is ``PaymentUnknown``: it may have taken effect, so the caller asks and never invents a new key.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Protocol, TypeVar

import stripe
from stripe import RequestsClient, StripeClient

from storefront.core.clock import datetime, from_timestamp
from storefront.core.money import Money, exponent_of
from storefront.core.settings import Settings
from storefront.core.turns import aside

T = TypeVar("T")

# Seconds to connect and to read, since a person waits for the page (docs/decisions/stripe.md).
_TIMEOUT = (2.0, 6.0)
# Source: https://docs.stripe.com/payments/paymentintents/lifecycle
_FAILED_INTENTS = ("requires_payment_method", "canceled")
_EXPAND = ["payment_intent.latest_charge"]
# The only currencies in which Stripe counts by whole units; all others without decimals, such as ISK and RSD, are
# counted in hundredths. Source: https://docs.stripe.com/currencies#zero-decimal
_WHOLE_AT_STRIPE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)


class PaymentUnknown(Exception):
    """No answer, or a fault at Stripe: the call may have taken effect. ``is_answered`` tells which."""

    def __init__(self, reason: str, *, is_answered: bool) -> None:
        super().__init__(reason)
        self.is_answered = is_answered


class PaymentRefused(Exception):
    """Stripe said no, and nothing happened. ``code`` is Stripe's word for why, ``param`` what it did not like."""

    def __init__(self, reason: str, code: str = "", param: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.param = param

    @property
    def is_missing(self) -> bool:
        """Whether Stripe knows no such thing, as after other keys were set."""
        return self.code == "resource_missing"


class BadSignature(Exception):
    """What came to the webhook can't be verified, whatever its bytes."""


@dataclass(frozen=True, slots=True)
class ChargeView:
    """One try to take the money, with what Stripe and the bank say of it. ``label`` is for people: ``visa 4242``."""

    id: str
    is_failed: bool
    at: datetime
    code: str = ""
    risk_level: str | None = None
    fingerprint: str | None = None
    country: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    """A Checkout Session as Stripe sees it now."""

    id: str
    status: str
    payment_status: str
    amount: Money
    expires_at: datetime
    url: str | None = None
    payment_intent_id: str | None = None
    payment_intent_status: str | None = None
    email: str | None = None
    shipping_address: dict[str, Any] | None = None
    # What Stripe Tax found, within ``amount``; and the country that the buyer named.
    tax: Money | None = None
    country: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    charge: ChargeView | None = None

    @property
    def is_paid(self) -> bool:
        """Whether the money is there (or none was needed)."""
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def is_underway(self) -> bool:
        """Whether the buyer is done and the money is still on its way.

        A bank debit is ``processing``; a voucher that is paid at a counter, or a bank transfer, is ``requires_action``
        until the money comes.
        """
        return self.status == "complete" and not self.is_paid and not self.has_failed

    @property
    def has_failed(self) -> bool:
        """Whether a delayed payment came to nothing."""
        return (
            self.status == "complete" and not self.is_paid and self.payment_intent_status in _FAILED_INTENTS
        )


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund as Stripe sees it now."""

    id: str
    payment_intent_id: str
    amount: Money
    status: str
    failure: str | None
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute as Stripe sees it now."""

    id: str
    payment_intent_id: str
    amount: Money
    status: str
    reason: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """A verified event: where to look. ``payment_intent_id`` is filled for charges, refunds and disputes."""

    id: str
    type: str
    object_id: str
    payment_intent_id: str | None
    payload: dict[str, Any]


class PaymentGateway(Protocol):
    """What the shop needs of a payment provider."""

    def create_session(self, request: dict[str, Any], key: str) -> SessionView:
        """Open a page where the buyer pays."""

    def get_session(self, session_id: str) -> SessionView:
        """Return what is true of a session now."""

    def expire_session(self, session_id: str) -> SessionView:
        """Make an open session unpayable and return it; one that is over is returned as it is."""

    def list_sessions(self, since: datetime) -> Iterator[SessionView]:
        """Yield the sessions made since then, newest first."""

    def metadata_of_payment(self, payment_intent_id: str) -> dict[str, str]:
        """Return what we wrote on a payment."""

    def failed_charges(self, payment_intent_id: str) -> list[ChargeView]:
        """Return the tries of a payment that the bank refused, newest first."""

    def create_refund(self, payment_intent_id: str, amount: Money, key: str) -> RefundView:
        """Give money back."""

    def list_refunds(self, payment_intent_id: str) -> list[RefundView]:
        """Return all refunds of a payment."""

    def get_dispute(self, dispute_id: str) -> DisputeView:
        """Return what is true of a dispute now."""

    def list_refunds_since(self, since: datetime) -> Iterator[RefundView]:
        """Yield the refunds made since then, of all payments, newest first."""

    def list_disputes(self, since: datetime) -> Iterator[DisputeView]:
        """Yield the disputes opened since then, newest first."""

    def read_event(self, payload: bytes, signature: str) -> EventView:
        """Verify and read what came to the webhook."""


class StripeGateway:
    """Stripe, or whatever speaks its API at ``base``."""

    def __init__(self, key: str, webhook_secrets: tuple[str, ...], base: str = "") -> None:
        self._secrets = webhook_secrets
        addresses: Any = {"api": base} if base else {}
        self._client = StripeClient(
            key, base_addresses=addresses, max_network_retries=2, http_client=RequestsClient(timeout=_TIMEOUT)
        )

    def create_session(self, request: dict[str, Any], key: str) -> SessionView:
        """Open a page where the buyer pays; the same key gives the same session again."""
        params: Any = {**_in_order(request), "expand": _EXPAND}
        return _session(
            _call(lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": key}))
        )

    def get_session(self, session_id: str) -> SessionView:
        """Return what is true of a session now, with its payment."""
        return _session(
            _call(lambda: self._client.v1.checkout.sessions.retrieve(session_id, {"expand": _EXPAND}))
        )

    def expire_session(self, session_id: str) -> SessionView:
        """Make an open session unpayable; one that is paid or expired already is returned as it is."""
        # Refused when it is over already; how it ended is what the caller wants to know.
        with suppress(PaymentRefused):
            _call(lambda: self._client.v1.checkout.sessions.expire(session_id))
        return self.get_session(session_id)

    def list_sessions(self, since: datetime) -> Iterator[SessionView]:
        """Yield the sessions made since then, newest first, page by page."""
        expand = ["data.payment_intent.latest_charge"]
        sessions = _pages(self._client.v1.checkout.sessions.list, since, expand=expand)
        yield from (_session(session) for session in sessions)

    def metadata_of_payment(self, payment_intent_id: str) -> dict[str, str]:
        """Return what we wrote on a payment; empty when the payment is not from this shop."""
        found = _call(lambda: self._client.v1.payment_intents.retrieve(payment_intent_id))
        return _plain(found.metadata)

    def failed_charges(self, payment_intent_id: str) -> list[ChargeView]:
        """Return the tries of a payment that the bank refused, newest first."""
        found = _pages(self._client.v1.charges.list, payment_intent=payment_intent_id)
        return [charge for charge in map(_charge, found) if charge.is_failed]

    def create_refund(self, payment_intent_id: str, amount: Money, key: str) -> RefundView:
        """Give money back; ``key`` also goes into the metadata, so that a lost answer is recognised."""
        params: Any = {
            "payment_intent": payment_intent_id,
            "amount": to_stripe(amount),
            "metadata": {"refund": key},
        }
        return _refund(
            _call(lambda: self._client.v1.refunds.create(params, {"idempotency_key": f"refund-{key}"}))
        )

    def list_refunds(self, payment_intent_id: str) -> list[RefundView]:
        """Return all refunds of a payment, also those made in the dashboard."""
        found = _pages(self._client.v1.refunds.list, payment_intent=payment_intent_id)
        return [_refund(refund) for refund in found]

    def get_dispute(self, dispute_id: str) -> DisputeView:
        """Return what is true of a dispute now."""
        return _dispute(_call(lambda: self._client.v1.disputes.retrieve(dispute_id)))

    def list_refunds_since(self, since: datetime) -> Iterator[RefundView]:
        """Yield the refunds made since then, of all payments, newest first, page by page."""
        yield from (_refund(found) for found in _pages(self._client.v1.refunds.list, since))

    def list_disputes(self, since: datetime) -> Iterator[DisputeView]:
        """Yield the disputes opened since then, newest first, page by page."""
        yield from (_dispute(found) for found in _pages(self._client.v1.disputes.list, since))

    def read_event(self, payload: bytes, signature: str) -> EventView:
        """Verify with each secret and read the event.

        Raises:
            BadSignature: no secret fits, or the body is no event; valid signatures over odd bodies make the SDK raise
                ValueError, UnicodeDecodeError, AttributeError and more.
        """
        for secret in self._secrets:
            try:
                return _event(stripe.Webhook.construct_event(payload, signature, secret))
            except stripe.SignatureVerificationError:
                continue
            except Exception as error:
                raise BadSignature(type(error).__name__) from error
        raise BadSignature("no secret fits")


def to_stripe(money: Money) -> int:
    """Return the amount in the units in which Stripe counts that currency."""
    return money.amount * _hundredths(money.currency)


def from_stripe(amount: int | None, currency: str | None) -> Money:
    """Return an amount of Stripe's in our minor units."""
    code = (currency or "").upper()
    return Money((amount or 0) // _hundredths(code), code)


def _hundredths(currency: str) -> int:
    """Return how many of Stripe's units one of our minor units is."""
    return 100 if exponent_of(currency) == 0 and currency not in _WHOLE_AT_STRIPE else 1


@lru_cache(maxsize=4)
def make_gateway(settings: Settings) -> PaymentGateway:
    """Return the gateway for these settings."""
    return StripeGateway(settings.stripe_key, settings.webhook_secrets, settings.stripe_base)


def _call(call: Callable[[], T]) -> T:
    """Make one call and put its failures into our words."""
    try:
        with aside():
            return call()
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        is_answered = isinstance(error, stripe.RateLimitError)
        raise PaymentUnknown(
            str(error.user_message or type(error).__name__), is_answered=is_answered
        ) from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        # 409: the first call with this key is still being worked on.
        if status >= 500 or status == 409:
            raise PaymentUnknown(f"Stripe answered {status}", is_answered=status >= 500) from error
        param = getattr(error, "param", None)  # only errors about a request have one
        raise PaymentRefused(
            str(error.user_message or error), str(error.code or ""), str(param or "")
        ) from error


def _pages(read: Callable[[Any], Any], since: datetime | None = None, **wanted: Any) -> Iterator[Any]:
    """Yield the things of a list of Stripe's, newest first, asking for a page when it is needed."""
    params: Any = {"limit": 100, **wanted}
    if since is not None:
        params["created"] = {"gte": int(since.timestamp())}
    while True:
        page = _call(partial(read, params))
        yield from page.data
        if not page.has_more or not page.data:
            return
        params = {**params, "starting_after": page.data[-1].id}


def _session(found: Any) -> SessionView:
    intent = found.payment_intent
    return SessionView(
        id=found.id,
        status=found.status,
        payment_status=found.payment_status,
        amount=from_stripe(found.amount_total, found.currency),
        expires_at=from_timestamp(found.expires_at),
        url=found.url,
        payment_intent_id=_id_of(intent),
        payment_intent_status=None if intent is None or isinstance(intent, str) else intent.status,
        email=found.customer_details.email if found.customer_details else found.customer_email,
        shipping_address=_address(found),
        tax=_tax(found),
        country=_country(found),
        metadata=_plain(found.metadata),
        charge=_latest_charge(intent),
    )


def _latest_charge(intent: Any) -> ChargeView | None:
    charge = None if intent is None or isinstance(intent, str) else intent.latest_charge
    return None if charge is None or isinstance(charge, str) else _charge(charge)


def _charge(found: Any) -> ChargeView:
    """Cards, wallets and debits have a fingerprint and a country, other methods need not have either."""
    charge = found.to_dict()
    method = charge.get("payment_method_details") or {}
    kind = str(method.get("type") or "")
    details = method.get(kind) or {}
    return ChargeView(
        id=found.id,
        is_failed=found.status == "failed",
        at=from_timestamp(found.created),
        code=str(charge.get("failure_code") or ""),
        risk_level=(charge.get("outcome") or {}).get("risk_level"),
        fingerprint=details.get("fingerprint"),
        country=details.get("country"),
        label=" ".join(filter(None, (details.get("brand") or kind, details.get("last4")))) or None,
    )


def _address(found: Any) -> dict[str, Any] | None:
    """Stripe puts what its page collected under ``collected_information``."""
    collected = found.collected_information
    details = collected.shipping_details if collected else None
    if details is None:
        return None
    return {"name": details.name, **_plain(details.address)}


def _tax(found: Any) -> Money | None:
    """Return the tax of a session on which Stripe Tax is switched on."""
    if not found.automatic_tax or not found.automatic_tax.enabled or not found.total_details:
        return None
    return from_stripe(found.total_details.amount_tax, found.currency)


def _country(found: Any) -> str:
    details = found.customer_details
    address = details.address if details else None
    return str((address.country if address else None) or "")


def _refund(found: Any) -> RefundView:
    return RefundView(
        id=found.id,
        payment_intent_id=_id_of(found.payment_intent) or "",
        amount=from_stripe(found.amount, found.currency),
        status=found.status or "succeeded",
        failure=found.to_dict().get("failure_reason"),
        metadata=_plain(found.metadata),
    )


def _dispute(found: Any) -> DisputeView:
    return DisputeView(
        id=found.id,
        payment_intent_id=_id_of(found.payment_intent) or "",
        amount=from_stripe(found.amount, found.currency),
        status=found.status,
        reason=found.reason,
        due_at=_due_at(found),
    )


def _due_at(found: Any) -> datetime | None:
    """Return until when Stripe takes an answer."""
    due = (found.to_dict().get("evidence_details") or {}).get("due_by")
    return from_timestamp(due) if due else None


def _event(found: Any) -> EventView:
    payload = _storable(found.to_dict())
    about = payload["data"]["object"]
    return EventView(
        id=str(payload["id"]),
        type=str(payload["type"]),
        object_id=str(about.get("id") or ""),
        payment_intent_id=_id_of(about.get("payment_intent")),
        payload=payload,
    )


def _in_order(value: Any) -> Any:
    """Return parameters in one order: PostgreSQL keeps JSON in its own, and a key must come with the same bytes."""
    if isinstance(value, dict):
        return {key: _in_order(inner) for key, inner in sorted(value.items())}
    return [_in_order(inner) for inner in value] if isinstance(value, list | tuple) else value


def _storable(value: Any) -> Any:
    """Leave out of a payload what no database can keep in a text: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "ignore").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


def _id_of(thing: Any) -> str | None:
    if thing is None or isinstance(thing, str):
        return thing
    return str(thing["id"])


def _plain(thing: Any) -> dict[str, Any]:
    if thing is None:
        return {}
    return dict(thing) if isinstance(thing, dict) else dict(thing.to_dict())
