"""Bringing back who left before paying: one mail, some hours later, with a link that fills the cart again.

Only to people who agreed when they checked out (or, where the owner has chosen so, did not object), never to somebody
who bought meanwhile, never twice. The link names nobody, works on another device, and dies after some days.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog import queries as catalog
from storefront.checkout import blocking
from storefront.checkout.models import CheckoutRecovery, RecoveryOptOut
from storefront.checkout.settling import LEFT_BECAUSE
from storefront.checkout.states import WHY_NOT, RecoveryOutcome
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import NotFound
from storefront.journal.models import JournalEntry
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order, OrderLine
from storefront.orders.service import moving
from storefront.orders.states import OrderState, PaymentState
from storefront.web.setup import settings

KIND = "abandoned_checkout"
# How long the link in the mail works.
LASTS = timedelta(days=7)
# A mailbox gets one such mail in this time, however often it begins.
_QUIET = timedelta(days=30)
# Who was away longer has forgotten it, and a mail would only be advertising.
_WINDOW = timedelta(days=3)
# A purchase so long after the link was opened still came of it.
_COUNTS_FOR = timedelta(days=14)
_BATCH = 200
# What the journal says when buyer or owner calls an unpaid order off; its page then expires like any other.
_CANCEL_ASKED = "order.cancel_asked"
_MONEY_BACK = (PaymentState.REFUNDED, PaymentState.DISPUTED)


def note_wish(order: Order, wants: bool | None, *, is_consent: bool) -> None:
    """Note, in the unit that holds the order, whether its buyer may be reminded; None when nobody was asked."""
    if wants is None:
        return
    known = _get(order.id)
    if wants and known is None:
        mark = hashed(order.email)
        db.session().add(CheckoutRecovery(order_id=order.id, mailbox_sha256=mark, is_consent=is_consent))
        journal(order.topic, "recovery.allowed", consent=is_consent)
    elif not wants and known is not None and known.decided_at is None:
        db.session().delete(known)
        journal(order.topic, "recovery.refused")
    db.session().flush()


def due(hours: int, after_id: int = 0) -> list[int]:
    """Return ids of orders that were left so many hours ago and are undecided, in batches by id."""
    moment = now() - timedelta(hours=hours)
    statement = (
        select(CheckoutRecovery.order_id)
        .join(Order, Order.id == CheckoutRecovery.order_id)
        .where(
            CheckoutRecovery.decided_at.is_(None),
            CheckoutRecovery.order_id > after_id,
            Order.state == OrderState.CANCELLED,
            Order.payment_state == PaymentState.UNPAID,
            Order.cancelled_at <= moment,
        )
    )
    return list(db.session().scalars(statement.order_by(CheckoutRecovery.order_id).limit(_BATCH)))


def close_paid() -> None:
    """Decide in the current unit on all orders that were paid, so that nobody looks at them again."""
    paid = select(Order.id).where(
        Order.id == CheckoutRecovery.order_id, Order.payment_state != PaymentState.UNPAID
    )
    db.session().execute(
        update(CheckoutRecovery)
        .where(CheckoutRecovery.decided_at.is_(None), paid.exists())
        .values(decided_at=now(), outcome=RecoveryOutcome.BOUGHT)
        .execution_options(synchronize_session=False)
    )


def decide(order_id: int, hours: int) -> bool:
    """Decide in the current unit, once, whether to write to who left this order; return whether a mail goes out."""
    order = moving.lock(order_id)
    recovery = _get(order_id)
    if recovery is None or recovery.decided_at is not None or not _is_left(order, hours):
        return False
    recovery.decided_at, recovery.outcome = now(), _outcome(order)
    db.session().flush()
    if recovery.outcome is not RecoveryOutcome.SENT:
        journal(order.topic, "recovery.not_sent", reason=WHY_NOT[recovery.outcome])
        return False
    journal(order.topic, "recovery.sent")
    tell(
        KIND, order.email, order.language, unique_key=f"{KIND}:{order_id}", topic=order.topic, order_id=order_id
    )  # fmt: skip
    return True


def still_wanted(order: Order) -> CheckoutRecovery | None:
    """Return the recovery whose mail is to be sent now, or None: they bought or objected while it waited."""
    recovery = _get(order.id)
    if recovery is None or recovery.outcome is not RecoveryOutcome.SENT:
        return None
    if order.payment_state is not PaymentState.UNPAID:
        return None
    if has_opted_out(order.email) or _others(order, _is_bought_since(order)) or not available(order):
        return None
    return recovery


def available(order: Order) -> list[OrderLine]:
    """Return the lines of the order that can still be bought."""
    variants = catalog.get_variants([line.variant_id for line in order.lines])
    return [
        line
        for line in order.lines
        if (variant := variants.get(line.variant_id)) is not None
        and variant.archived_at is None
        and catalog.is_published(variant.product)
        and variant.stock != 0
    ]


def find_open(public_id: str) -> CheckoutRecovery | None:
    """Return the recovery of a link, or None when it is too old.

    Raises:
        NotFound: there was never such a link.
    """
    recovery = db.get_or_404(
        CheckoutRecovery,
        CheckoutRecovery.public_id == public_id,
        CheckoutRecovery.outcome == RecoveryOutcome.SENT,
    )
    assert recovery.decided_at is not None
    return recovery if recovery.decided_at > now() - LASTS else None


def ends_at(recovery: CheckoutRecovery) -> datetime:
    """Return until when the link of a mail works."""
    return (recovery.decided_at or now()) + LASTS


def note_opened(order_id: int) -> None:
    """Count in the current unit that the link was opened, the first time."""
    _change(order_id, CheckoutRecovery.opened_at.is_(None), opened_at=now())


def note_restored(order_id: int, checkout_key: str) -> None:
    """Note in the current unit into which cart the things were put."""
    _change(order_id, CheckoutRecovery.order_id == order_id, checkout_key=checkout_key)


def find_recovered() -> int:
    """Note in the current unit which orders came of a mail: paid from the cart that its link has filled, or with its
    address after the link was opened. Return how many were found."""
    opened = select(CheckoutRecovery).where(
        CheckoutRecovery.outcome == RecoveryOutcome.SENT,
        CheckoutRecovery.recovered_order_id.is_(None),
        CheckoutRecovery.decided_at > now() - LASTS - _COUNTS_FOR,
        CheckoutRecovery.opened_at.is_not(None),
    )
    found = 0
    for recovery in db.session().scalars(opened.limit(_BATCH)).all():
        recovery.recovered_order_id = _order_after(recovery)
        found += recovery.recovered_order_id is not None
    db.session().flush()
    return found


def opt_out_path(email: str) -> str:
    """Return the signed address, without language, at which a mailbox ends these mails; it names nobody."""
    return f"/cart/reminders/{_signer().dumps(hashed(email))}"


def read_opt_out(token: str) -> str:
    """Return which mailbox the address stands for, as a hash.

    Raises:
        NotFound: it was not signed by us.
    """
    try:
        return str(_signer().loads(token))
    except BadSignature as error:
        raise NotFound from error


def opt_out(mailbox_sha256: str) -> None:
    """Note in the current unit that the mailbox wants no such mails; harmless when repeated."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"mailbox_sha256": mailbox_sha256, "created_at": now()}
    db.session().execute(insert(RecoveryOptOut).values(row).on_conflict_do_nothing())


def has_opted_out(email: str) -> bool:
    """Whether the mailbox wants no such mails."""
    return db.session().get(RecoveryOptOut, hashed(email)) is not None


def hashed(email: str) -> str:
    """Return the mailbox as these tables keep it."""
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()


def _is_left(order: Order, hours: int) -> bool:
    return (
        order.state is OrderState.CANCELLED
        and order.payment_state is PaymentState.UNPAID
        and order.cancelled_at is not None
        and order.cancelled_at <= now() - timedelta(hours=hours)
    )


def _outcome(order: Order) -> RecoveryOutcome:
    """Return the first reason against a mail, or that it is sent."""
    assert order.cancelled_at is not None
    begun_since = _is_of(order) & (Order.id > order.id)
    reasons: Iterable[tuple[RecoveryOutcome, bool]] = (
        (RecoveryOutcome.BOUGHT, _others(order, _is_bought_since(order))),
        (RecoveryOutcome.CALLED_OFF, not _was_left(order)),
        (RecoveryOutcome.AGAIN, _others(order, begun_since)),
        (RecoveryOutcome.TOO_LATE, order.cancelled_at < now() - _WINDOW),
        (RecoveryOutcome.OPTED_OUT, has_opted_out(order.email)),
        (RecoveryOutcome.ASKED_BEFORE, _was_asked_lately(order)),
        (RecoveryOutcome.BLOCKED, blocking.is_blocked(order.email)),
        (RecoveryOutcome.MONEY_BACK, _others(order, _is_of(order) & Order.payment_state.in_(_MONEY_BACK))),
        (RecoveryOutcome.NOTHING_LEFT, not available(order)),
    )
    return next((outcome for outcome, holds in reasons if holds), RecoveryOutcome.SENT)


def _was_left(order: Order) -> bool:
    """Whether the order ended because nobody came back, and not because somebody wanted it so."""
    lines = select(JournalEntry.action, JournalEntry.data).where(
        JournalEntry.topic == order.topic, JournalEntry.action.in_(("order.state", _CANCEL_ASKED))
    )
    rows = db.session().execute(lines.order_by(JournalEntry.id)).all()
    if not rows or any(row.action == _CANCEL_ASKED for row in rows):
        return False
    return rows[-1].data.get("reason") in LEFT_BECAUSE


def _is_of(order: Order) -> ColumnElement[bool]:
    """The same mailbox, or the same account under another address."""
    mailbox = Order.email == order.email
    return mailbox if order.account_id is None else or_(mailbox, Order.account_id == order.account_id)


def _is_bought_since(order: Order) -> ColumnElement[bool]:
    since = or_(Order.paid_at >= order.placed_at, Order.placed_at >= order.placed_at)
    return _is_of(order) & since & (Order.payment_state != PaymentState.UNPAID)


def _others(order: Order, condition: ColumnElement[bool]) -> bool:
    statement = select(Order.id).where(Order.id != order.id, condition).limit(1)
    return db.session().scalar(statement) is not None


def _was_asked_lately(order: Order) -> bool:
    statement = select(CheckoutRecovery.order_id).where(
        CheckoutRecovery.mailbox_sha256 == hashed(order.email),
        CheckoutRecovery.outcome == RecoveryOutcome.SENT,
        CheckoutRecovery.decided_at > now() - _QUIET,
    )
    return db.session().scalar(statement.limit(1)) is not None


def _order_after(recovery: CheckoutRecovery) -> int | None:
    """Return the first order that was paid since the link was opened, by the same cart or the same mailbox."""
    email = db.session().scalar(select(Order.email).where(Order.id == recovery.order_id))
    statement = select(Order.id).where(
        or_(Order.checkout_key == recovery.checkout_key, Order.email == email),
        Order.paid_at >= recovery.opened_at,
        Order.payment_state != PaymentState.UNPAID,
    )
    return db.session().scalar(statement.order_by(Order.paid_at, Order.id).limit(1))


def _get(order_id: int) -> CheckoutRecovery | None:
    return db.session().get(CheckoutRecovery, order_id, populate_existing=True)


def _change(order_id: int, condition: ColumnElement[bool], **values: Any) -> None:
    db.session().execute(
        update(CheckoutRecovery)
        .where(CheckoutRecovery.order_id == order_id, condition)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _signer() -> URLSafeSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    return URLSafeSerializer(list(reversed(settings().signing_keys)), salt="checkout.reminders")
