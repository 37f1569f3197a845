"""The inbox: each event of Stripe is kept once, before anything acts on it."""

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import now
from storefront.gateways.stripe import EventView
from storefront.payments.models import IncomingEvent

# Nobody reads on; an order has a dozen.
_MOST_OF_ONE = 200


def keep(event: EventView) -> int | None:
    """Put an event into the inbox and return its row's id, or None when it was there already."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    statement = (
        insert(IncomingEvent)
        .values(
            stripe_id=event.id,
            type=event.type[:80],
            object_id=event.object_id[:120],
            payment_intent_id=(event.payment_intent_id or "")[:120] or None,
            payload=event.payload,
            received_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["stripe_id"])
        .returning(IncomingEvent.id)
    )
    return db.session().scalar(statement)


def get(event_id: int) -> IncomingEvent:
    """Return an event of the inbox."""
    return db.session().get_one(IncomingEvent, event_id)


def find(event_id: int) -> IncomingEvent | None:
    """Return an event of the inbox, if it is there."""
    return db.session().get(IncomingEvent, event_id)


def mark_handled(event_id: int) -> None:
    """Write down that what followed from the event was done."""
    db.session().execute(update(IncomingEvent).where(IncomingEvent.id == event_id).values(handled_at=now()))


def events_about(object_ids: set[str], payment_intent_ids: set[str]) -> list[IncomingEvent]:
    """Return the events about these sessions, refunds or disputes, or about these payments, first one first."""
    if not object_ids and not payment_intent_ids:
        return []
    is_meant = or_(
        IncomingEvent.object_id.in_(object_ids | payment_intent_ids),
        IncomingEvent.payment_intent_id.in_(payment_intent_ids),
    )
    return list(
        db.session().scalars(
            select(IncomingEvent).where(is_meant).order_by(IncomingEvent.id).limit(_MOST_OF_ONE)
        )
    )
