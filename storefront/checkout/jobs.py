"""What follows a sale, done by the worker."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import current_app

from storefront.checkout import (
    delivering,
    doctor,
    recovering,
    refunding,
    risk,
    settling,
    starting,
    sweeping,
    transfers,
)
from storefront.checkout.billing import look_up
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, PaymentRefused, PaymentUnknown, make_gateway
from storefront.jobs.registry import RetryLater, job, periodic
from storefront.journal.service import acting_as
from storefront.journal.service import write as journal
from storefront.licensing import emails as licensing_emails
from storefront.licensing import giving, pool
from storefront.notifications.service import tell
from storefront.orders import queries as orders
from storefront.orders.service import moving
from storefront.payments import balancing, failures, inbox
from storefront.shop.service import get_profile, shop_mark
from storefront.shop.states import Reminder
from storefront.taxes.billing import Billing
from storefront.taxes.states import VatCheck
from storefront.web import throttle
from storefront.web.setup import settings

# What the nightly comparison looks at: the last days, and no more of each kind of thing.
_COMPARED = timedelta(days=3)
_MOST_COMPARED = 5000
# Banks dispute payments for four months.
_ADDRESS_KEPT = timedelta(days=120)


def gateway() -> PaymentGateway:
    """Return Stripe as this app is set up."""
    found: PaymentGateway | None = current_app.extensions.get("payment_gateway")
    return found or make_gateway(settings())


@job("grant_order")
def grant_order(order_id: int) -> None:
    """Give the buyer what was paid for."""
    delivering.deliver(moving.lock(order_id))


@job(pool.DELIVER)
def deliver_keys(order_id: int) -> None:
    """Give what an order lacks, now that there are more licence keys, and tell the buyer who has waited."""
    order = moving.lock(order_id)
    has_waited = bool(giving.lacking_lines(order_id))
    delivering.deliver(order)
    if has_waited and not giving.lacking_lines(order_id):
        giving.resolve_attention(moving.lock(order_id))
        tell(licensing_emails.DELIVERED, order.email, order.language, topic=order.topic, order_id=order_id)


@job("handle_event", outside=True)
def handle_event(event_id: int) -> Callable[[], None]:
    """Look where an event of Stripe points; what is true there is written down."""
    event = inbox.get(event_id)
    kind, object_id, payload = event.type, event.object_id, event.payload
    db.close_reader()
    with acting_as("stripe"):
        try:
            _follow(kind, object_id, payload["data"]["object"])
        except PaymentUnknown as unknown:
            raise RetryLater(str(unknown)) from unknown
    return lambda: inbox.mark_handled(event_id)


@job("send_refund", outside=True)
def send_refund(refund_id: int) -> Callable[[], None] | None:
    """Make a refund at Stripe."""
    try:
        return refunding.send_refund(refund_id, gateway())
    except PaymentUnknown as unknown:
        raise RetryLater(str(unknown)) from unknown


@job("check_vat_id", outside=True)
def check_vat_id(order_id: int) -> Callable[[], None] | None:
    """Ask VIES again about a VAT id of which the checkout could only say that it has the right form."""
    before = Billing.read(orders.get_order(order_id).billing)
    db.close_reader()
    after = look_up(before, settings().vies_url)
    if after.vat_state == VatCheck.FORMAT:
        raise RetryLater(N_("VIES does not answer."))
    return partial(_note_vat_id, order_id, after)


@periodic("sweep_payments", every=timedelta(minutes=2))
def sweep_payments() -> None:
    """Ask Stripe about what is not settled."""
    with acting_as("sweep"):
        sweeping.sweep(gateway())


@periodic("sweep_strays", every=timedelta(minutes=10))
def sweep_strays() -> None:
    """Close sessions that nobody waits for."""
    with acting_as("sweep"):
        sweeping.sweep_strays(gateway())


@periodic("transfers", every=timedelta(hours=1))
def look_after_transfers() -> None:
    """Remind of transfers that are awaited, and end the waiting when its time is over."""
    with acting_as("sweep"):
        transfers.remind_and_expire()


@periodic("forget_addresses", every=timedelta(days=1))
def forget_addresses() -> None:
    """Forget from where payments were begun; what a bank may still ask about is kept."""
    with db.unit_of_work():
        failures.forget_addresses(now() - _ADDRESS_KEPT)


@periodic("reconcile", every=timedelta(days=1))
def compare_with_stripe() -> None:
    """Compare the last days at Stripe with the books, so that nothing is missed for longer than a night.

    Bounded and one call after the other; two workers at once find the same and write it down once.
    """
    with acting_as("sweep"):
        sweeping.reconcile(gateway(), now() - _COMPARED, most=_MOST_COMPARED)


@periodic("recover_checkouts", every=timedelta(minutes=15))
def recover_checkouts() -> int:
    """Write once to who left before paying, where they may be written to; return how many mails were put down."""
    profile = get_profile()
    with db.unit_of_work():
        recovering.close_paid()
        recovering.find_recovered()
    sent = last = 0
    while profile.recovery is not Reminder.OFF:
        batch = recovering.due(profile.recovery_hours, last)
        db.close_reader()
        if not batch:
            break
        for order_id in batch:
            with db.unit_of_work():
                sent += recovering.decide(order_id, profile.recovery_hours)
        last = batch[-1]
    return sent


@periodic("balance_books", every=timedelta(days=1))
def balance_books() -> None:
    """Compare the ledger of all days with what was paid and refunded; the doctor tells what does not agree."""
    found = balancing.unbalanced_days()
    db.close_reader()
    with db.unit_of_work():
        balancing.remember(found)


@periodic("doctor", every=timedelta(minutes=5))
def look_after_invariants() -> None:
    """Check what must always hold; the admin page turns red when something does not."""
    found = doctor.findings()
    for finding in found:
        get_logger().error("doctor", invariant=finding.name, rows=finding.rows[:5])
    with db.unit_of_work():
        doctor.remember(found)


@periodic("forget_counters", every=timedelta(hours=1))
def forget_counters() -> None:
    """Delete counters of windows that are over."""
    with db.unit_of_work():
        throttle.forget_old()


def _note_vat_id(order_id: int, billing: Billing) -> None:
    order = moving.lock(order_id)
    order.billing = billing.kept()
    journal(order.topic, "order.vat_id", number=billing.vat_id, state=billing.vat_state)
    if billing.vat_state == VatCheck.INVALID:
        moving.call_for_attention(
            order,
            N_("VIES does not know the VAT id of this buyer. Ask them, or ask for the tax."),
        )


def _follow(kind: str, object_id: str, about: dict[str, Any]) -> None:
    if kind.startswith("checkout.session."):
        settling.settle(object_id, gateway())
    elif kind.startswith("charge.dispute."):
        _unless_foreign(refunding.follow_dispute(object_id, gateway()), about)
    elif kind == "charge.failed":
        _follow_failure(about)
    elif kind.startswith("refund.") or kind in ("charge.refunded", "charge.refund.updated"):
        intent = about.get("payment_intent")
        if isinstance(intent, str):
            _unless_foreign(refunding.follow_refunds(intent, gateway()), about)


def _follow_failure(about: dict[str, Any]) -> None:
    """Count a refused try, and close the page of an order for which far too many cards were tried."""
    intent, reference = about.get("payment_intent"), str((about.get("metadata") or {}).get("reference", ""))
    if not isinstance(intent, str) or not risk.follow_failures(intent, gateway(), reference=reference):
        return
    payment = risk.find_hopeless(intent, reference)
    db.close_reader()
    if payment is not None:
        try:
            starting.give_up(payment, gateway())
        except starting.PaymentPageUnavailable as trouble:
            raise RetryLater(trouble.sentence) from trouble


def _unless_foreign(is_known: bool, about: dict[str, object]) -> None:
    """An event may come before the one that tells of its payment; one of another shop's payments never concerns us."""
    intent = about.get("payment_intent")
    if is_known or not isinstance(intent, str):
        return
    try:
        is_ours = gateway().metadata_of_payment(intent).get("shop") == shop_mark()
    except PaymentRefused:
        return
    if is_ours:
        raise RetryLater(N_("The payment of this event is not in the books yet."))
