"""Ceilings that hold across processes and restarts, counted in the database in fixed windows."""

import hashlib
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import ReturningInsert

from storefront.core import db
from storefront.core.clock import from_timestamp, now, timedelta
from storefront.web.models import ThrottleCount


def count(name: str, key: str, *, per: timedelta, by: int = 1) -> int:
    """Count one more (or ``by`` more) of ``name`` for ``key`` and return how many there were in this window with it.

    Must run within a unit of work. The key is hashed: no address is kept in clear.
    """
    window, ends_at = _window(per)
    row = {"name": name, "key": _hashed(key), "window": window, "count": by, "ends_at": ends_at}
    return int(db.execute(_count_statement(db.is_sqlite()), row).scalar_one())


@lru_cache(maxsize=2)
def _count_statement(is_sqlite: bool) -> ReturningInsert[Any]:
    statement = (sqlite_insert if is_sqlite else postgresql_insert)(ThrottleCount)
    return statement.on_conflict_do_update(
        index_elements=[ThrottleCount.name, ThrottleCount.key, ThrottleCount.window],
        set_={"count": ThrottleCount.count + statement.excluded.count},
    ).returning(ThrottleCount.count)


def uncount(name: str, key: str, *, per: timedelta) -> None:
    """Take one of ``name`` back, because it turned out to be welcome. Must run within a unit of work."""
    window, _ = _window(per)
    db.session().execute(
        update(ThrottleCount)
        .where(
            ThrottleCount.name == name,
            ThrottleCount.key == _hashed(key),
            ThrottleCount.window == window,
            ThrottleCount.count > 0,
        )
        .values(count=ThrottleCount.count - 1)
        .execution_options(synchronize_session=False)
    )


def counted(name: str, key: str, *, per: timedelta) -> int:
    """Return how many of ``name`` there were for ``key`` in this window, without counting."""
    window, _ = _window(per)
    found = db.session().scalar(
        select(ThrottleCount.count).where(
            ThrottleCount.name == name, ThrottleCount.key == _hashed(key), ThrottleCount.window == window
        )
    )
    return found or 0


def most_counted(name: str, keys: list[str], *, per: timedelta) -> int:
    """Return how many of ``name`` there were in this window for the one of ``keys`` that has most, without counting."""
    window, _ = _window(per)
    found = db.session().scalar(
        select(func.max(ThrottleCount.count)).where(
            ThrottleCount.name == name,
            ThrottleCount.key.in_([_hashed(key) for key in keys]),
            ThrottleCount.window == window,
        )
    )
    return found or 0


def seconds_left(per: timedelta) -> int:
    """Return in how many seconds this window ends, for Retry-After."""
    seconds = int(per.total_seconds())
    return seconds - int(now().timestamp()) % seconds


def forget_old() -> None:
    """Delete the counters of windows that are over. Must run within a unit of work."""
    db.session().execute(delete(ThrottleCount).where(ThrottleCount.ends_at < now()))


def _window(per: timedelta) -> tuple[int, object]:
    seconds = int(per.total_seconds())
    window = int(now().timestamp()) // seconds
    return window, from_timestamp((window + 1) * seconds)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
