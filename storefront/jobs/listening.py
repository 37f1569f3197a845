"""Hearing the hints that other processes send over Redis, by RQ, in a thread of the worker's own process.

RQ's worker class without a fork does it: no process per job, the shop imported once. Its jobs only wake our
threads, which take the real work from the table; so losing Redis, or all that is in it, loses nothing.
"""

import logging
import threading
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job
from rq.timeouts import TimerDeathPenalty
from rq.worker import WorkerStatus

from storefront.jobs.nudge import QUEUE, Complaint, connect

_PATIENCE_SECONDS = 2.0
_STEP_SECONDS = 1


def listen(url: str, stopping: threading.Event) -> None:
    """Wake our threads at each hint, until ``stopping`` is set; survive any time without Redis."""
    logging.getLogger("rq.worker").setLevel(logging.CRITICAL)  # we say it ourselves, and less often
    complaint = Complaint()
    while not stopping.is_set():
        try:
            with connect(url, timeout=_STEP_SECONDS + 2.0) as connection:
                worker = _Listener([QUEUE], connection=connection, worker_ttl=60)
                worker.attend(stopping, complaint)
                worker.work()
        except (RedisError, OSError) as error:
            complaint.away(error)
        stopping.wait(_PATIENCE_SECONDS)


class _Listener(SimpleWorker):
    """RQ's worker in a thread: no signals, no remote commands, no log handlers, and it hears a stop."""

    death_penalty_class = TimerDeathPenalty
    log_job_description = False

    def attend(self, stopping: threading.Event, complaint: Complaint) -> None:
        """Name the event that ends it."""
        self._stopping = stopping
        self._complaint = complaint

    @property
    def connection_timeout(self) -> int:
        """Notice a Redis that hangs soon after the longest wait."""
        return _STEP_SECONDS + 2

    def bootstrap(self, *_arguments: Any, **_named: Any) -> None:
        """Show up in RQ's list of workers."""
        self.register_birth()  # type: ignore[no-untyped-call]  # RQ leaves it untyped
        self.set_state(WorkerStatus.STARTED)
        self._complaint.back()

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a hint in short steps. A lost Redis ends this worker; ``listen`` makes the next one."""
        self.set_state(WorkerStatus.IDLE)
        while not self._stopping.is_set():
            self.heartbeat()
            try:
                found: tuple[Job, Queue] | None = self.queue_class.dequeue_any(
                    self._ordered_queues,
                    _STEP_SECONDS,
                    connection=self.connection,
                    job_class=self.job_class,
                    serializer=self.serializer,
                    death_penalty_class=self.death_penalty_class,
                )
            except DequeueTimeout:
                continue
            return found
        raise StopRequested

    def _install_signal_handlers(self) -> None:
        """The process has its own."""

    def procline(self, message: str) -> None:
        """The process keeps its name."""

    def subscribe(self) -> None:
        """RQ's remote commands are not for us."""

    def unsubscribe(self) -> None:
        """See ``subscribe``."""
