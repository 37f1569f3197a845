"""Writing the journal in the transaction of the thing itself, and reading it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import structlog
from sqlalchemy import Table, insert, select

from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.journal.models import JournalEntry

_actor: ContextVar[str] = ContextVar("actor", default="shop")

_TABLE = cast(Table, JournalEntry.__table__)
_WRITE = insert(_TABLE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal: who did what when to which thing."""

    id: int
    at: datetime
    actor: str
    topic: str
    action: str
    data: dict[str, Any]
    request_id: str | None


_ENTRY = select(
    JournalEntry.id,
    JournalEntry.at,
    JournalEntry.actor,
    JournalEntry.topic,
    JournalEntry.action,
    JournalEntry.data,
    JournalEntry.request_id,
)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Let the block's entries say who acts: ``owner:3``, ``visitor``, ``stripe``, ``worker``."""
    mark = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(mark)


def current_actor() -> str:
    """Return who acts here; ``shop`` when nobody said."""
    return _actor.get()


def write(topic: str, action: str, actor: str | None = None, **data: Any) -> None:
    """Write a line in the current unit: ``write("order:12", "paid", amount=1900)``.

    ``data`` is for the owner to read: numbers and words, no secrets.
    """
    if not db.in_unit():
        raise RuntimeError("journal.write() outside a unit of work")
    row = {
        "at": now(),
        "actor": actor or _actor.get(),
        "topic": topic,
        "action": action,
        "data": data,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }
    db.session().execute(_WRITE, row)


def entries_of(topic: str, limit: int = 100) -> list[Entry]:
    """Return the journal of one thing, newest first."""
    return _entries(_ENTRY.where(JournalEntry.topic == topic).order_by(JournalEntry.id.desc()).limit(limit))


def latest(limit: int = 50, before_id: int | None = None) -> list[Entry]:
    """Return the newest lines of the whole journal; ``before_id`` continues a list."""
    statement = _ENTRY.order_by(JournalEntry.id.desc()).limit(limit)
    return _entries(statement.where(JournalEntry.id < before_id) if before_id else statement)


def _entries(statement: Any) -> list[Entry]:
    return [Entry(*row) for row in db.session().execute(statement)]
