"""The worker: takes what is due and does it, here and now or for ever in threads.

There are three lanes, so that a slow mail server never stands in the way of what customers have paid for, and a long
film in nobody's: work of the shop itself, work that talks to the network (``outside``), and what may take hours
(``slow``, one at a time). Periodic work has a thread of its own, and one more keeps the leases and the heartbeat alive.
"""

import os
import socket
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext

import structlog

from storefront.core import db, faults
from storefront.core.clock import timedelta
from storefront.core.errors import N_
from storefront.core.logging import get_logger
from storefront.jobs import claiming, service, timetable, wake
from storefront.jobs.claiming import Claimed, Lane, LeaseLost
from storefront.jobs.nudge import use_redis
from storefront.jobs.registry import TRIES, Kind, NeedsAttention, RetryLater, find_kind

# How often an idle thread looks by itself: on SQLite, where the lookout sees each commit, and on PostgreSQL.
_IDLE_SECONDS = (1.0, 0.5)
_LOOKOUT_SECONDS = 0.1
_BEAT_SECONDS = 10.0
_PATIENCE_SECONDS = 1.0
_GRACE = timedelta(seconds=8)

Surroundings = Callable[[], AbstractContextManager[object]]
_around_job: Surroundings = nullcontext


def configure(*, around_job: Surroundings = nullcontext, redis_url: str = "") -> None:
    """Set up this process: the context in which all work runs, made anew for each, and the Redis, if any."""
    global _around_job  # a setting of the process
    _around_job = around_job
    use_redis(redis_url)


def run_one() -> bool:
    """Do one job that is due; return whether there was one."""
    return any(_run_one(lane, _Held()) for lane in Lane)


def drain(limit: int = 100_000) -> int:
    """Do what is due until nothing is, or ``limit`` jobs were done; return how many."""
    done = 0
    while done < limit and run_one():
        done += 1
    return done


def burst(stop: threading.Event | None = None) -> None:
    """Do the periodic work and the jobs that are due, and return, earlier when ``stop`` is set: for cron."""
    held = _Held()
    keeper = _Keeper(f"worker:burst:{socket.gethostname()[:20]}", held)
    keeper.start()
    try:
        table = timetable.Timetable()
        while not (stop and stop.is_set()) and (
            table.run_one(_around_job) or any(_run_one(lane, held) for lane in Lane)
        ):
            pass
    finally:
        keeper.stop()


class _Held:
    """The leases that a worker holds, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: dict[int, tuple[str, float]] = {}

    def add(self, job: Claimed, lease: timedelta) -> None:
        with self._lock:
            self._leases[job.id] = (job.token, time.monotonic() + lease.total_seconds())

    def remove(self, job: Claimed) -> None:
        with self._lock:
            self._leases.pop(job.id, None)

    def within_time(self) -> list[tuple[int, str]]:
        """Return what may be renewed; who takes longer than its kind allows loses the lease."""
        moment = time.monotonic()
        with self._lock:
            return [(job_id, token) for job_id, (token, end) in self._leases.items() if end > moment]

    def all(self) -> list[tuple[int, str]]:
        with self._lock:
            return [(job_id, token) for job_id, (token, _) in self._leases.items()]


def _run_one(lane: Lane, held: _Held) -> bool:
    try:
        job = claiming.claim(lane)
        if job is None:
            return False
        kind = find_kind(job.kind)
        held.add(job, kind.lease if kind else claiming.STEP)
        try:
            with structlog.contextvars.bound_contextvars(job_id=job.id, job=job.kind):
                _do(job, kind)
        finally:
            held.remove(job)
        return True
    finally:
        db.close_reader()


def _do(job: Claimed, kind: Kind | None) -> None:
    faults.reach("job.claimed")
    try:
        with _around_job():
            _perform(job, kind)
    except LeaseLost:
        get_logger().info("job was taken over by another worker")
    except Exception as error:
        _note_failure(job, kind, error)


def _perform(job: Claimed, kind: Kind | None) -> None:
    if kind is None:
        raise NeedsAttention(
            N_("This version of the shop does not know how to do this work") + f": {job.kind}"
        )
    if job.attempts > TRIES:
        # Counted when it is taken: whatever kills its worker each time must not go on for ever.
        raise NeedsAttention(job.last_error or N_("The worker died each time in the middle of this."))
    if kind.outside:
        follow = kind.handler(**job.args)
        db.close_reader()
        db.again_on_conflict(lambda: _finish_with(follow, {}, job))
    else:
        db.again_on_conflict(lambda: _finish_with(kind.handler, job.args, job))
    faults.reach("job.after_done")


def _finish_with(work: Callable[..., object] | None, args: dict[str, object], job: Claimed) -> None:
    """Do the work and write "done" as one transaction."""
    with db.unit_of_work():
        if work is not None:
            work(**args)
        faults.reach("job.before_done")
        claiming.finish(job)


def _note_failure(job: Claimed, kind: Kind | None, error: Exception) -> None:
    """Write down why, so that it is tried again later or rests; nothing when it was done after all."""
    reason = claiming.in_words(error)
    when_resting = kind.when_resting if kind else None
    is_expected = isinstance(error, NeedsAttention | RetryLater)

    def note() -> bool:
        with db.unit_of_work():
            if isinstance(error, NeedsAttention):
                claiming.rest(job, reason, when_resting)
                return True
            after = error.after if isinstance(error, RetryLater) else None
            return claiming.postpone(job, reason, after, when_resting)

    place = {} if is_expected else {"where": _place(error)}
    if db.again_on_conflict(note):
        get_logger().error("job rests", reason=reason, attempts=job.attempts, **place)
    else:
        get_logger().warning(
            "job failed and will be tried again", reason=reason, attempts=job.attempts, **place
        )


def _place(error: BaseException) -> str:
    """Where it happened; the message, which may hold the arguments of a statement, is not repeated."""
    return " > ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-5:]
    )


class Worker:
    """Threads that do what is due until they are told to stop."""

    def __init__(self, threads: int = 1, *, redis_url: str = "", idle_seconds: float | None = None) -> None:
        """``threads`` for each lane, one for the slow one; ``idle_seconds``: how often an idle one looks by itself."""
        self._stopping = threading.Event()
        self._held = _Held()
        self._idle_seconds = idle_seconds
        self._redis_url = redis_url
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"jobs-{lane.value}-{number}", daemon=True)
            for lane in Lane
            for number in range(1 if lane is Lane.SLOW else threads)
        ]
        self._threads.append(threading.Thread(target=self._keep_time, name="jobs-timetable", daemon=True))
        if db.is_sqlite():
            self._threads.append(threading.Thread(target=self._look_out, name="jobs-lookout", daemon=True))
        if redis_url:
            self._threads.append(threading.Thread(target=self._listen, name="jobs-rq", daemon=True))
        self._keeper = _Keeper(f"worker:{socket.gethostname()[:40]}:{os.getpid()}", self._held)

    def run_forever(self, stop: threading.Event) -> None:
        """Work in the background until ``stop`` is set, then end in order."""
        self.start()
        stop.wait()
        self.stop()

    def start(self) -> None:
        """Begin to work, in threads."""
        self._keeper.start()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = _GRACE.total_seconds()) -> None:
        """Take nothing more, wait so many seconds for what is being done, and give back the rest."""
        self._stopping.set()
        wake.wake()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self._keeper.stop()

    def _work(self, lane: Lane) -> None:
        seconds = self._idle_seconds or _IDLE_SECONDS[not db.is_sqlite()]
        while not self._stopping.is_set():
            seen = wake.count()
            if not _calmly(lambda: _run_one(lane, self._held)):
                wake.wait(seen, seconds)

    def _keep_time(self) -> None:
        table = timetable.Timetable()
        while not self._stopping.is_set():
            if not _calmly(lambda: table.run_one(_around_job)):
                self._stopping.wait(min(table.seconds_left(), 1.0))

    def _look_out(self) -> None:
        """Wake the idle threads when another process has committed something; asking costs microseconds."""
        while not self._stopping.is_set():
            _calmly(self._watch_commits)

    def _watch_commits(self) -> bool:
        with closing(db.engine().raw_connection()) as connection:
            cursor = connection.cursor()
            known = None
            while not self._stopping.wait(_LOOKOUT_SECONDS):
                version = cursor.execute("PRAGMA data_version").fetchone()
                if version != known:
                    known = version
                    wake.wake()
        return True

    def _listen(self) -> None:
        from storefront.jobs.listening import listen

        listen(self._redis_url, self._stopping)


class _Keeper:
    """A thread that says "alive" and renews the leases of what is being done."""

    def __init__(self, name: str, held: _Held) -> None:
        self._name = name
        self._held = held
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="jobs-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give back what is still being done, and say goodbye."""
        self._stopping.set()
        self._thread.join(1.0)
        _calmly(self._leave)

    def _keep(self) -> None:
        while True:
            _calmly(self._beat)
            if self._stopping.wait(_BEAT_SECONDS):
                return

    def _beat(self) -> bool:
        with db.unit_of_work():
            service.beat(self._name)
            for job_id, token in self._held.within_time():
                claiming.renew(job_id, token)
        return True

    def _leave(self) -> bool:
        with db.unit_of_work():
            service.forget(self._name)
            for job_id, token in self._held.all():
                claiming.give_back(job_id, token)
        return True


_said_at = 0.0


def _calmly(work: Callable[[], bool]) -> bool:
    """Run a step of a thread that must not end; when the database is away, wait, and say so once a minute."""
    global _said_at  # shared by the threads of this process
    try:
        return work()
    except Exception as error:
        moment = time.monotonic()
        if moment - _said_at >= 60 or _said_at == 0.0:
            _said_at = moment
            get_logger().error("worker can't work", reason=claiming.in_words(error))
        time.sleep(_PATIENCE_SECONDS)
        return False
