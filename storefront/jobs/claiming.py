"""Taking, finishing and giving back single jobs. A lease with a token decides whose work counts."""

import random
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, select, update

from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.logging import mask
from storefront.jobs.models import Job
from storefront.jobs.registry import DELAYS, TRIES, WhenResting, slow_kinds

# A lease is short and is renewed while its worker lives, so that the work of a dead worker goes on soon.
STEP = timedelta(seconds=30)

_LONGEST_REASON = 2000


class Lane(Enum):
    """Where work queues: the shop's own, what talks to the network, and what may take hours."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    SLOW = "slow"


_JOB = cast(Table, Job.__table__)
_job = _JOB.c
_due = and_(
    _job.done_at.is_(None),
    _job.resting_since.is_(None),
    _job.outside == bindparam("lane"),
    _job.run_after <= bindparam("moment"),
)
_is_slow = _job.kind.in_(bindparam("slow", expanding=True))


def _peek(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(_job.id).where(_due, *conditions).limit(1)


def _claiming(*conditions: ColumnElement[bool]) -> Any:
    first = _peek(*conditions).order_by(_job.run_after, _job.id)
    return (
        update(_JOB)
        .where(_job.id == first.with_for_update(skip_locked=True).scalar_subquery())
        .values(
            lease_token=bindparam("token"),
            leased_until=bindparam("until"),
            run_after=bindparam("until"),
            attempts=_job.attempts + 1,
        )
        .returning(_job.id, _job.kind, _job.args, _job.attempts, _job.last_error)
    )


_conditions: dict[Lane, tuple[ColumnElement[bool], ...]] = {
    Lane.INSIDE: (),
    Lane.OUTSIDE: (~_is_slow,),
    Lane.SLOW: (_is_slow,),
}
_PEEK = {lane: _peek(*conditions) for lane, conditions in _conditions.items()}
_CLAIM = {lane: _claiming(*conditions) for lane, conditions in _conditions.items()}
_mine = and_(_job.id == bindparam("job_id"), _job.lease_token == bindparam("held"), _job.done_at.is_(None))
_UPDATE_MINE = update(_JOB).where(_mine)
_FINISH = _UPDATE_MINE.values(
    done_at=bindparam("moment"), last_error=None, lease_token=None, leased_until=None
)
_RENEW = _UPDATE_MINE.values(leased_until=bindparam("until"), run_after=bindparam("until"))
_POSTPONE = _UPDATE_MINE.values(
    run_after=bindparam("until"), last_error=bindparam("reason"), lease_token=None, leased_until=None
)
_REST = _UPDATE_MINE.values(
    resting_since=bindparam("moment"), last_error=bindparam("reason"), lease_token=None, leased_until=None
)
_GIVE_BACK = _UPDATE_MINE.values(
    run_after=bindparam("moment"), attempts=_job.attempts - 1, lease_token=None, leased_until=None
)


class LeaseLost(Exception):
    """Another worker has taken this job over; what we did must not be committed."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job in our hands. ``attempts`` counts this try."""

    id: int
    kind: str
    args: dict[str, Any]
    attempts: int
    last_error: str | None
    token: str


def claim(lane: Lane) -> Claimed | None:
    """Take the job of this lane that is due longest, if any, in a unit of its own.

    Looking first costs no write lock, so that idle workers are in nobody's way.
    """
    if db.session().execute(_PEEK[lane], _asked(lane)).first() is None:
        return None
    return db.again_on_conflict(lambda: _claim(lane))


def _asked(lane: Lane) -> dict[str, Any]:
    values: dict[str, Any] = {"lane": lane is not Lane.INSIDE, "moment": now()}
    return values if lane is Lane.INSIDE else values | {"slow": slow_kinds()}


def _claim(lane: Lane) -> Claimed | None:
    token = secrets.token_urlsafe(16)
    with db.unit_of_work() as session:
        values = _asked(lane)
        values |= {"token": token, "until": values["moment"] + STEP}
        row = session.execute(_CLAIM[lane], values).first()
    return Claimed(row.id, row.kind, row.args, row.attempts, row.last_error, token) if row else None


def finish(job: Claimed) -> None:
    """Write "done" in the current unit.

    Raises:
        LeaseLost: another worker has the job now; the unit must be rolled back.
    """
    if _change(_FINISH, job, moment=now()) != 1:
        raise LeaseLost


def renew(job_id: int, token: str) -> None:
    """Keep the lease a little longer, in the current unit; nothing happens when it is no longer ours."""
    until = now() + STEP
    db.session().execute(_RENEW, {"job_id": job_id, "held": token, "until": until})


def give_back(job_id: int, token: str) -> None:
    """Let another worker take the job at once, in the current unit; the try does not count."""
    db.session().execute(_GIVE_BACK, {"job_id": job_id, "held": token, "moment": now()})


def postpone(job: Claimed, reason: str, after: timedelta | None, when_resting: WhenResting | None) -> bool:
    """Note a failed try in the current unit; return whether it was the last one and the job now rests."""
    if job.attempts >= TRIES:
        rest(job, reason, when_resting)
        return True
    _change(_POSTPONE, job, until=now() + (after or _delay(job.attempts)), reason=reason)
    return False


def rest(job: Claimed, reason: str, when_resting: WhenResting | None) -> None:
    """Let the job wait for the owner, with the reason, in the current unit."""
    if _change(_REST, job, moment=now(), reason=reason) and when_resting:
        when_resting(job.args, reason)


def in_words(error: BaseException) -> str:
    """Return why it failed, for the owner: without e-mail addresses, keys and the arguments of statements."""
    told = getattr(error, "orig", None) or error
    name = "" if isinstance(told, Exception) and type(told).__name__ in _PLAIN else f"{type(told).__name__}: "
    return mask(f"{name}{told}".strip())[:_LONGEST_REASON]


_PLAIN = {"NeedsAttention", "RetryLater"}


def _delay(attempts: int) -> timedelta:
    """Some tenths more or less, so that what failed together does not come back together."""
    seconds = DELAYS[min(attempts, len(DELAYS)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, guards nothing


def _change(statement: Any, job: Claimed, **values: datetime | str) -> int:
    result = db.session().execute(statement, {"job_id": job.id, "held": job.token, **values})
    return int(cast(Any, result).rowcount)
