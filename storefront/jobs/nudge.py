"""Telling workers that there is something to do: a hint and never the truth, which is the table.

Within this process idle threads wake at once. With a Redis, a job of RQ travels to a worker in another
process; a thread of its own sends it, so that a slow or dead Redis costs a request nothing. Workers also
look by themselves several times a second.
"""

import os
import threading
import time
from typing import TYPE_CHECKING

from storefront.core.logging import get_logger
from storefront.jobs.wake import wake

if TYPE_CHECKING:
    from redis import Redis

QUEUE = "storefront"
# More unheard hints than this say nothing new.
_ENOUGH = 100
_HINT_SECONDS = 60
_PATIENCE_SECONDS = 5.0

_redis_url = ""
_wanted = threading.Event()
_sender: tuple[int, threading.Thread] | None = None
_starting = threading.Lock()


def use_redis(url: str) -> None:
    """Send hints to workers elsewhere over this Redis; with an empty url, only within this process."""
    global _redis_url  # a setting of the process
    _redis_url = url


def nudge() -> None:
    """Say that work was committed. Never raises and never waits."""
    wake()
    if _redis_url:
        _wanted.set()
        _start_sender()


def run_due() -> None:
    """What the job of RQ does in a worker: wake its idle threads."""
    wake()


def connect(url: str, timeout: float) -> "Redis":
    """Return a client that gives up after so many seconds."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=min(timeout, 1.0), retry=Retry(NoBackoff(), 0)
    )


class Complaint:
    """Says that Redis is away, at most once a minute, and once when it is back."""

    def __init__(self) -> None:
        self._said_at: float | None = None

    def away(self, error: Exception) -> None:
        """Note a failure."""
        moment = time.monotonic()
        if self._said_at is None or moment - self._said_at >= 60:
            self._said_at = moment
            get_logger().warning("redis is away, work goes on without it", error=type(error).__name__)

    def back(self) -> None:
        """Note a success."""
        if self._said_at is not None:
            self._said_at = None
            get_logger().info("redis is back")


def _start_sender() -> None:
    """Start the sending thread once in each process; a fork has to start its own."""
    global _sender  # one thread a process
    if _sender and _sender[0] == os.getpid() and _sender[1].is_alive():
        return
    with _starting:
        if _sender and _sender[0] == os.getpid() and _sender[1].is_alive():
            return
        thread = threading.Thread(target=_send_hints, name="jobs-nudge", daemon=True)
        _sender = (os.getpid(), thread)
        thread.start()


def _send_hints() -> None:
    """Send one hint for all commits since the last one, for as long as the process lives."""
    complaint = Complaint()
    while _wanted.wait():
        _wanted.clear()
        try:
            _send_hint()
            complaint.back()
        except Exception as error:  # whatever goes wrong here, the work itself is safe in the table
            complaint.away(error)
            time.sleep(_PATIENCE_SECONDS)


def _send_hint() -> None:
    from rq import Queue

    with connect(_redis_url, timeout=1.0) as connection:
        queue = Queue(QUEUE, connection=connection)
        if queue.count < _ENOUGH:
            queue.enqueue_call(
                run_due,
                description="nudge",
                timeout=10,
                ttl=_HINT_SECONDS,
                failure_ttl=_HINT_SECONDS,
                result_ttl=0,
            )
