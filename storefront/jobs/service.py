"""Durable work: put it down in the transaction that calls for it, and look after it."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Executable, Table, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.jobs.models import Heartbeat, Job
from storefront.jobs.nudge import nudge
from storefront.jobs.registry import find_kind, rounds

KEEP_DONE = timedelta(days=7)
# A worker says every ten seconds that it is alive; see worker.py.
SILENCE = timedelta(seconds=60)

_BATCH = 1000
_OPEN = and_(Job.done_at.is_(None), Job.resting_since.is_(None))
_NUDGED = "jobs.nudged"

# Written once for each database, since they are used all the time.
_JOB = cast(Table, Job.__table__)
_HEARTBEAT = cast(Table, Heartbeat.__table__)
_INSERT = {
    "sqlite": sqlite.insert(_JOB).on_conflict_do_nothing(index_elements=["unique_key"]),
    "postgresql": postgresql.insert(_JOB).on_conflict_do_nothing(index_elements=["unique_key"]),
}
_BEAT: dict[str, Executable] = {
    "sqlite": (alive := sqlite.insert(_HEARTBEAT)).on_conflict_do_update(
        index_elements=["name"], set_={"seen_at": alive.excluded.seen_at}
    ),
    "postgresql": (heard := postgresql.insert(_HEARTBEAT)).on_conflict_do_update(
        index_elements=["name"], set_={"seen_at": heard.excluded.seen_at}
    ),
}


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as the owner sees it. ``reason`` is why it failed the last time, without secrets."""

    id: int
    kind: str
    topic: str | None
    attempts: int
    created_at: datetime
    run_after: datetime
    done_at: datetime | None
    resting_since: datetime | None
    reason: str | None


_VIEW = select(
    Job.id,
    Job.kind,
    Job.topic,
    Job.attempts,
    Job.created_at,
    Job.run_after,
    Job.done_at,
    Job.resting_since,
    Job.last_error,
)


def enqueue(
    kind: str,
    *,
    unique_key: str | None = None,
    topic: str | None = None,
    run_after: datetime | None = None,
    **args: Any,
) -> None:
    """Put down work in the current unit; a worker does it after the commit, or after ``run_after``.

    ``args`` are ids, never secrets or addresses. A ``unique_key`` that was used before makes it a quiet
    no-op; a key is free again some days after its job was done, so the effect itself must be harmless when
    repeated.
    """
    if not db.in_unit():
        raise RuntimeError("enqueue() outside a unit of work")
    moment = now()
    known = find_kind(kind)
    row = {
        "kind": kind,
        "args": args,
        "topic": topic,
        "unique_key": unique_key,
        "outside": known is not None and known.outside,
        "run_after": run_after or moment,
        "attempts": 0,
        "created_at": moment,
    }
    db.session().execute(_INSERT[db.engine().dialect.name], row)
    if run_after is None or run_after <= moment:
        _nudge_after_commit()


def is_underway(kind: str) -> bool:
    """Return whether a job of this kind is being done now, or will be within a minute."""
    soon = now() + timedelta(minutes=1)
    statement = select(Job.id).where(_OPEN, Job.kind == kind, Job.run_after <= soon).limit(1)
    return db.session().execute(statement).first() is not None


def retry(job_id: int) -> bool:
    """Let a job that rests or waits run now, with all its tries ahead. False when it is done or unknown."""
    return _run_now(Job.id == job_id) > 0


def repeat(job_id: int) -> bool:
    """Put down work that is done once more, in the current unit; False when it is unknown or not done.

    Every kind is harmless when repeated. A second click finds the first one's work.
    """
    statement = select(Job.kind, Job.topic, Job.args, Job.done_at).where(Job.id == job_id)
    row = db.session().execute(statement).one_or_none()
    if row is None or row.done_at is None:
        return False
    enqueue(row.kind, unique_key=f"repeat:{job_id}:{row.done_at.timestamp()}", topic=row.topic, **row.args)
    return True


def retry_topic(topic: str) -> int:
    """Let every unfinished job of a thing run now; return how many there are, with those that run already."""
    _run_now(Job.topic == topic)
    return _count(and_(Job.topic == topic, Job.done_at.is_(None)))


def list_resting(limit: int = 50, before_id: int | None = None) -> list[JobView]:
    """Return jobs that gave up, newest first; ``before_id`` continues a list."""
    statement = _VIEW.where(Job.resting_since.is_not(None)).order_by(Job.id.desc()).limit(limit)
    return _views(statement.where(Job.id < before_id) if before_id else statement)


def jobs_of_topic(topic: str) -> list[JobView]:
    """Return the jobs of a thing such as ``order:12``, oldest first; done ones are kept for some days."""
    return _views(_VIEW.where(Job.topic == topic).order_by(Job.id).limit(500))


def count_resting() -> int:
    """Return how many jobs gave up and wait for the owner."""
    return _count(Job.resting_since.is_not(None))


def count_waiting() -> int:
    """Return how many jobs are not done yet and will be tried without anybody's help."""
    return _count(_OPEN)


def oldest_due_age() -> timedelta:
    """Return for how long the job that is due longest has been due; zero when nothing is."""
    statement = select(Job.run_after).where(_OPEN).order_by(Job.run_after).limit(1)
    first = db.session().execute(statement).scalar_one_or_none()
    return max(now() - first, timedelta(0)) if first is not None else timedelta(0)


def beat(name: str) -> None:
    """Note in the current unit that this part of the shop (``worker:host:12``) is alive."""
    db.session().execute(_BEAT[db.engine().dialect.name], {"name": name, "seen_at": now()})


def forget(name: str) -> None:
    """Note in the current unit that this part has ended in order."""
    db.session().execute(delete(Heartbeat).where(Heartbeat.name == name))


def last_seen(prefix: str) -> datetime | None:
    """Return when any part whose name begins so was last alive."""
    statement = select(func.max(Heartbeat.seen_at)).where(Heartbeat.name.startswith(prefix, autoescape=True))
    return db.session().execute(statement).scalar_one()


def is_worker_alive() -> bool:
    """Whether some worker has been seen in the last minute."""
    seen = last_seen("worker:")
    return seen is not None and now() - seen < SILENCE


def overdue_rounds() -> list[str]:
    """Return the periodic work that has not succeeded for three intervals and five minutes."""
    moment = now()
    statement = select(Heartbeat.name, Heartbeat.seen_at).where(Heartbeat.name.startswith("periodic:"))
    seen = {row.name: row.seen_at for row in db.session().execute(statement)}
    return [
        entry.name
        for entry in rounds()
        if moment - seen.get(f"periodic:{entry.name}", moment) > 3 * entry.every + timedelta(minutes=5)
    ]


def delete_old() -> None:
    """Delete jobs done a week ago and heartbeats of what ended yesterday, in short units of its own."""
    horizon = now() - KEEP_DONE
    old = select(Job.id).where(Job.done_at < horizon).order_by(Job.done_at).limit(_BATCH)
    while True:
        with db.unit_of_work() as session:
            ids = list(session.execute(old).scalars())
            session.execute(delete(Job).where(Job.id.in_(ids)).execution_options(synchronize_session=False))
        if len(ids) < _BATCH:
            break
    with db.unit_of_work() as session:
        is_gone = Heartbeat.seen_at < now() - timedelta(days=1)
        session.execute(delete(Heartbeat).where(Heartbeat.name.startswith("worker:"), is_gone))


def _run_now(which: ColumnElement[bool]) -> int:
    """A job in a worker's hands keeps its lease: it is being done now."""
    moment = now()
    statement = (
        update(Job)
        .where(which, Job.done_at.is_(None), Job.lease_token.is_(None))
        .values(run_after=moment, resting_since=None, attempts=0)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    found = len(db.session().execute(statement).all())
    if found:
        _nudge_after_commit()
    return found


def _nudge_after_commit() -> None:
    """Once a unit is enough, however many jobs it puts down."""
    notes = db.session().info
    if _NUDGED not in notes:
        notes[_NUDGED] = True
        db.after_commit(nudge)


def _views(statement: Any) -> list[JobView]:
    return [JobView(*row) for row in db.session().execute(statement)]


def _count(which: ColumnElement[bool]) -> int:
    return db.session().execute(select(func.count()).select_from(Job).where(which)).scalar_one()
