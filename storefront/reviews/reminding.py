"""Asking buyers once, some days after delivery, what it is like; and leaving alone who does not want to be asked."""

import hashlib
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Product
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import NotFound
from storefront.fulfilment import service as fulfilment
from storefront.fulfilment.models import Entitlement
from storefront.journal.models import JournalEntry
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import FulfilmentState, PaymentState
from storefront.reviews.models import ReminderOptOut, Review, ReviewReminder
from storefront.web.setup import settings

KIND = "review_reminder"
# Who switches reminders on in an old shop does not want to write to everybody who ever bought.
WINDOW = timedelta(days=60)

_BATCH = 200
_HAVE_PAID = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
_HAVE_GOODS = (FulfilmentState.FULFILLED, FulfilmentState.DELIVERED)


def due_orders(days: int, after_id: int = 0) -> list[int]:
    """Return ids of orders old enough that nobody has decided on yet, in batches by id."""
    moment = now()
    statement = (
        select(Order.id)
        .outerjoin(ReviewReminder, ReviewReminder.order_id == Order.id)
        .where(
            Order.payment_state.in_(_HAVE_PAID),
            Order.fulfilment_state.in_(_HAVE_GOODS),
            Order.placed_at > moment - timedelta(days=days) - WINDOW,
            Order.placed_at <= moment - timedelta(days=days),
            Order.id > after_id,
            ReviewReminder.order_id.is_(None),
        )
    )
    return list(db.session().scalars(statement.order_by(Order.id).limit(_BATCH)))


def remind(order_id: int, days: int) -> bool:
    """Decide in the current unit whether to ask the buyer of an order, once; return whether a mail goes out.

    Nothing is decided while the goods have not been there long enough.
    """
    order = moving.lock(order_id)
    if order.payment_state not in _HAVE_PAID or order.fulfilment_state not in _HAVE_GOODS:
        return False
    if _delivered_at(order) > now() - timedelta(days=days):
        return False
    is_wanted = not has_opted_out(order.email) and bool(unreviewed(order))
    if not _decide(order_id, is_sent=is_wanted) or not is_wanted:
        return False
    tell(
        KIND,
        order.email,
        order.language,
        unique_key=f"{KIND}:{order_id}",
        topic=order.topic,
        order_id=order_id,
    )
    return True


def unreviewed(order: Order) -> list[tuple[Entitlement, Product]]:
    """Return what the buyer has of this order, may still use, can be seen in the shop and was not reviewed yet."""
    given = [one for one in fulfilment.entitlements_of(order.id) if fulfilment.is_active(one)]
    ids = {one.product_id for one in given}
    session = db.session()
    reviewed = set(
        session.scalars(select(Review.product_id).where(Review.product_id.in_(ids), _is_of(order)))
    )
    wanted = select(Product).where(Product.id.in_(ids - reviewed), Product.state == ProductState.PUBLISHED)
    products = {product.id: product for product in session.scalars(wanted)}
    first = {one.product_id: one for one in reversed(given)}
    return [(first[product_id], products[product_id]) for product_id in sorted(products)]


def opt_out_path(email: str) -> str:
    """Return the signed address, without language, at which a mailbox ends the reminders; it names nobody."""
    return f"/reviews/opt-out/{_signer().dumps(_hashed(email))}"


def read_opt_out(token: str) -> str:
    """Return which mailbox the address stands for, as a hash.

    Raises:
        NotFound: it was not signed by us.
    """
    try:
        return str(_signer().loads(token))
    except BadSignature as error:
        raise NotFound from error


def opt_out(hashed_email: str) -> None:
    """Note in the current unit that the mailbox wants no reminders; harmless when repeated."""
    _insert_once(ReminderOptOut, {"email_sha256": hashed_email, "created_at": now()})


def has_opted_out(email: str) -> bool:
    """Whether the mailbox wants no reminders."""
    return db.session().get(ReminderOptOut, _hashed(email)) is not None


def _delivered_at(order: Order) -> datetime:
    """Return when the buyer had everything: downloads when they were opened, parcels when they were noted."""
    granted = select(func.max(Entitlement.granted_at)).where(Entitlement.order_id == order.id)
    moved = select(func.max(JournalEntry.at)).where(
        JournalEntry.topic == order.topic, JournalEntry.action == "order.fulfilment_state"
    )
    moments = [db.session().scalar(granted), db.session().scalar(moved), order.placed_at]
    return max(moment for moment in moments if moment is not None)


def _is_of(order: Order) -> Any:
    if order.account_id is None:
        return Review.email == order.email
    return (Review.email == order.email) | (Review.account_id == order.account_id)


def _decide(order_id: int, *, is_sent: bool) -> bool:
    return _insert_once(ReviewReminder, {"order_id": order_id, "decided_at": now(), "is_sent": is_sent})


def _insert_once(model: Any, values: dict[str, Any]) -> bool:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    key = next(iter(model.__table__.primary_key.columns))
    statement = insert(model).values(**values).on_conflict_do_nothing().returning(key)
    return db.session().execute(statement).scalar_one_or_none() is not None


def _signer() -> URLSafeSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    keys = list(reversed(settings().signing_keys))
    return URLSafeSerializer(keys, salt="reviews.opt-out")


def _hashed(email: str) -> str:
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()
