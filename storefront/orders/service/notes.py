"""What the owner writes down about an order, for herself."""

from sqlalchemy import select

from storefront.core import db
from storefront.journal.service import current_actor
from storefront.orders.models import OrderNote


def add(order_id: int, text: str) -> OrderNote:
    """Write down a note in the current unit."""
    note = OrderNote(order_id=order_id, author=current_actor()[:80], text=text)
    db.session().add(note)
    db.session().flush()
    return note


def remove(order_id: int, note_id: int) -> None:
    """Take a note away in the current unit.

    Raises:
        NotFound: the order has no such note.
    """
    note = db.get_or_404(OrderNote, OrderNote.id == note_id, OrderNote.order_id == order_id, for_update=True)
    db.session().delete(note)


def notes_of(order_id: int) -> list[OrderNote]:
    """Return the notes of an order, newest first."""
    statement = select(OrderNote).where(OrderNote.order_id == order_id).order_by(OrderNote.id.desc())
    return list(db.session().scalars(statement))
