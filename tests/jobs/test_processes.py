"""Workers as processes: two at once, killed at every step, stopped in order, with and without Redis."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import select

from storefront.core import db
from storefront.core.clock import now
from storefront.jobs import service, worker
from storefront.jobs.registry import job
from storefront.journal.models import JournalEntry
from tests.fixtures.work import migrate_to
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.valkey import ValkeyServer
from tests.servers.watchdog import watchdog

pytestmark = pytest.mark.usefixtures("work_kinds")

PROGRAM = Path(__file__).with_name("program.py")


class Workers:
    """Starts workers on the database of the test."""

    def __init__(self, database: str, folder: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "VAR_DIR": str(folder),
            "LOG_LEVEL": "INFO",
        }
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker; what it says goes into ``log``."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *arguments],
                env=self._environment | environment,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        watchdog.guard_process(process.pid, signal.SIGKILL)
        self._running.append(process)
        return process

    def burst(self, **environment: str) -> int:
        """Run a worker for as long as something is due, and return its exit status."""
        return self.start("--burst", **environment).wait(30)

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()
            watchdog.release_process(process.pid)

    @property
    def log(self) -> Path:
        return self._folder / "log"


@pytest.fixture
def workers(work_database: str, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(work_database, tmp_path)
    yield found
    found.end()


def enqueue(kind: str, **named: Any) -> None:
    with db.unit_of_work():
        service.enqueue(kind, **named)


def actions() -> list[str]:
    with db.unit_of_work() as session:
        return sorted(session.execute(select(JournalEntry.action)).scalars())


def wait_until(is_so: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _freeze(process: subprocess.Popen[bytes]) -> None:
    """Stop a process in the middle of its job, but where it does not hold SQLite's only lock, which stops everybody."""
    for _ in range(50):
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: "State:\tT" in Path(f"/proc/{process.pid}/status").read_text())
        if not db.is_sqlite() or _can_be_written(str(db.engine().url.database)):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.03)
    raise AssertionError("it always holds the lock")


def _can_be_written(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    return True


def test_a_burst_does_what_is_due_and_ends_well(workers: Workers) -> None:
    enqueue("note", n=1)
    assert workers.burst() == 0
    assert actions() == ["noted 1", "ticked"]
    enqueue("note", n=2)
    assert workers.burst() == 0
    assert actions() == ["noted 1", "noted 2", "ticked"]


def test_a_burst_needs_no_redis_to_be_there(workers: Workers) -> None:
    enqueue("note", n=1)
    assert workers.burst(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") == 0
    assert actions() == ["noted 1", "ticked"]


def test_two_workers_share_the_work_and_do_each_job_once(workers: Workers) -> None:
    with db.unit_of_work():
        for number in range(200):
            service.enqueue("note", n=number)
    both = [workers.start(), workers.start()]
    wait_until(lambda: service.count_waiting() == 0)
    for process in both:
        process.terminate()
        assert process.wait(15) == 0
    expected = Counter({f"noted {number}": 1 for number in range(200)}) + Counter(["ticked"])
    assert Counter(actions()) == expected


@pytest.mark.parametrize("point", ["job.claimed", "job.before_done", "job.after_done"])
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(workers: Workers, point: str) -> None:
    enqueue("note", n=1)
    killed = workers.burst(STOREFRONT_FAULT=point, STEP="0.6")
    assert killed == -signal.SIGKILL
    time.sleep(0.7)
    assert workers.burst(STEP="0.6") == 0
    assert actions() == ["noted 1", "ticked"]
    assert service.count_waiting() == 0


def test_a_worker_killed_in_the_middle_is_followed_by_another_within_its_lease(workers: Workers) -> None:
    enqueue("slow", n=1, seconds=30, topic="t")
    victim = workers.start(STEP="1")
    wait_until(lambda: "began 1" in actions())
    victim.kill()
    victim.wait()
    workers.start(STEP="1")
    wait_until(lambda: actions().count("began 1") == 2)


def test_a_frozen_worker_can_not_commit_what_was_taken_over(workers: Workers) -> None:
    enqueue("slow", n=1, seconds=1, topic="t")
    frozen = workers.start(STEP="0.9")
    wait_until(lambda: "began 1" in actions())
    _freeze(frozen)
    wait_until(lambda: _is_due_again("t"))
    workers.start(STEP="0.9")
    wait_until(lambda: "finished 1" in actions())
    frozen.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    assert Counter(actions()) == Counter(["began 1", "began 1", "finished 1", "ticked"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_and_takes_nothing_more(
    workers: Workers, number: int
) -> None:
    process = workers.start()
    enqueue("slow", n=1, seconds=1)
    wait_until(lambda: "began 1" in actions())
    enqueue("slow", n=2, seconds=0)
    process.send_signal(number)
    assert process.wait(15) == 0
    assert [action for action in actions() if action != "ticked"] == ["began 1", "finished 1"]
    assert service.count_waiting() == 1
    assert not service.is_worker_alive()


def test_a_hint_over_redis_wakes_a_worker_elsewhere(
    workers: Workers, own_redis: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.start(REDIS_URL=own_redis.url, IDLE="60")
    wait_until(lambda: _listeners(own_redis.url))
    worker.configure(redis_url=own_redis.url)
    times = []
    for number in range(5):
        began = time.monotonic()
        enqueue("note", n=number)
        wait_until(lambda number=number: f"noted {number}" in actions(), 8)  # type: ignore[misc]  # the number is kept
        times.append(time.monotonic() - began)
    assert sorted(times)[2] < 3, times


def test_losing_redis_loses_nothing_and_is_said_once(workers: Workers, own_redis: ValkeyServer) -> None:
    worker.configure(redis_url=own_redis.url)
    process = workers.start(REDIS_URL=own_redis.url)
    wait_until(lambda: _listeners(own_redis.url))

    own_redis.wipe()
    enqueue("note", n=1)
    wait_until(lambda: "noted 1" in actions())

    own_redis.kill()
    began = time.monotonic()
    for number in range(2, 30):
        enqueue("note", n=number)
    assert time.monotonic() - began < 6, "putting work down must not wait for Redis"
    wait_until(lambda: "noted 29" in actions())

    own_redis.start()
    wait_until(lambda: _listeners(own_redis.url))
    enqueue("note", n=30)
    wait_until(lambda: "noted 30" in actions())

    process.terminate()
    assert process.wait(15) == 0
    assert Counter(actions()) == Counter([*(f"noted {number}" for number in range(1, 31)), "ticked"])
    said = workers.log.read_text()
    assert said.count("redis is away") == 1, said
    assert said.count("redis is back") == 1, said
    assert "Traceback" not in said, said


def test_a_frozen_redis_delays_nobody(workers: Workers, own_redis: ValkeyServer) -> None:
    worker.configure(redis_url=own_redis.url)
    process = workers.start(REDIS_URL=own_redis.url)
    wait_until(lambda: _listeners(own_redis.url))
    own_redis.freeze()
    began = time.monotonic()
    enqueue("note", n=1)
    assert time.monotonic() - began < 2
    wait_until(lambda: "noted 1" in actions())
    process.terminate()
    assert process.wait(15) == 0
    own_redis.thaw()


def test_hints_that_nobody_hears_do_not_pile_up(work_database: str, redis_url: str) -> None:
    @job("note")
    def note(n: int) -> None:
        pass

    from storefront.jobs import nudge

    nudge.use_redis(redis_url)
    for _ in range(150):
        nudge._send_hint()
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen("rq:queue:storefront") == 100


def _listeners(url: str) -> int:
    from rq import Queue, Worker

    with redis.Redis.from_url(url, socket_timeout=2) as client:
        return Worker.count(queue=Queue("storefront", connection=client))


def _is_due_again(topic: str) -> bool:
    with db.unit_of_work():
        [found] = service.jobs_of_topic(topic)
    return found.run_after < now()


def test_a_worker_outlives_its_database(own_postgres: PostgresServer, tmp_path: Path) -> None:
    url = own_postgres.new_database(own_postgres.template("work", migrate_to))
    db.connect(url.replace("postgresql:", "postgresql+psycopg:", 1))
    found = Workers(url, tmp_path)
    try:
        process = found.start()
        wait_until(lambda: "ticked" in actions())
        own_postgres.kill()
        time.sleep(1.5)
        own_postgres.start()
        enqueue("note", n=1)
        wait_until(lambda: "noted 1" in actions())
        process.terminate()
        assert process.wait(15) == 0
    finally:
        found.end()
        db.disconnect()
