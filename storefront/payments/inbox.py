"""The inbox: each event of Stripe is kept once, before anything acts on it."""

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import now
from storefront.gateways.stripe import EventView
from storefront.payments.models import IncomingEvent


def keep(event: EventView) -> int | None:
    """Put an event into the inbox and return its row's id, or None when it was there already."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    statement = (
        insert(IncomingEvent)
        .values(
            stripe_id=event.id,
            type=event.type[:80],
            object_id=event.object_id[:120],
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


def mark_handled(event_id: int) -> None:
    """Write down that what followed from the event was done."""
    db.session().execute(update(IncomingEvent).where(IncomingEvent.id == event_id).values(handled_at=now()))
