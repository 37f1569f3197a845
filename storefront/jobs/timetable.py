"""Periodic work: whoever moves the time on in the database does it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.logging import get_logger
from storefront.jobs import service
from storefront.jobs.claiming import in_words
from storefront.jobs.models import Periodic
from storefront.jobs.registry import Round, rounds

_PERIODIC = cast(Table, Periodic.__table__)
_INSERT = {
    "sqlite": sqlite.insert(_PERIODIC).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_PERIODIC).on_conflict_do_nothing(),
}


class Timetable:
    """When each piece of periodic work is due next, as far as this worker knows."""

    def __init__(self) -> None:
        self._next: dict[str, datetime] = {}

    def run_one(self, around: Callable[[], AbstractContextManager[object]]) -> bool:
        """Do one piece of periodic work that is due; return whether there was one."""
        for entry in rounds():
            if entry.name not in self._next:
                self._next[entry.name] = _learn(entry)
            if self._next[entry.name] <= now() and self._take(entry):
                _do(entry, around)
                return True
        return False

    def seconds_left(self) -> float:
        """Return how long nothing is due."""
        first = min(self._next.values(), default=now() + timedelta(seconds=1))
        return max((first - now()).total_seconds(), 0.05)

    def _take(self, entry: Round) -> bool:
        """Move the time on by one conditional update; learn the next time when another worker was faster."""
        moment = now()
        is_due = (_PERIODIC.c.name == entry.name) & (_PERIODIC.c.next_at <= moment)
        claim = update(_PERIODIC).where(is_due).values(next_at=moment + entry.every)
        with db.unit_of_work() as session:
            taken = session.execute(claim.returning(_PERIODIC.c.name)).first()
        self._next[entry.name] = moment + entry.every if taken else _learn(entry)
        return taken is not None


def _learn(entry: Round) -> datetime:
    statement = select(_PERIODIC.c.next_at).where(_PERIODIC.c.name == entry.name)
    with db.unit_of_work() as session:
        known: datetime | None = session.execute(statement).scalar_one_or_none()
        if known is None:
            known = now()
            session.execute(_INSERT[db.engine().dialect.name], {"name": entry.name, "next_at": known})
            service.beat(f"periodic:{entry.name}")
    return known


def _do(entry: Round, around: Callable[[], AbstractContextManager[object]]) -> None:
    """Run it and note the success; a failure waits for the next time and, if it lasts, shows as overdue."""
    began = time.monotonic()
    try:
        with around():
            entry.work()
    except Exception as error:
        get_logger().error("periodic work failed", work=entry.name, reason=in_words(error))
    else:
        with db.unit_of_work():
            service.beat(f"periodic:{entry.name}")
        get_logger().debug("periodic work done", work=entry.name, seconds=round(time.monotonic() - began, 3))
    finally:
        db.close_reader()
