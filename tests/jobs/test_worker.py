"""Doing work: once, again after a failure, and never by two."""

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog
import time_machine
from sqlalchemy import select, text

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.jobs import claiming, service, timetable, worker
from storefront.jobs.registry import DELAYS, TRIES, NeedsAttention, RetryLater, job, periodic
from storefront.journal import service as journal
from storefront.journal.models import JournalEntry

pytestmark = pytest.mark.usefixtures("work_database", "work_kinds")


def enqueue(kind: str, **named: Any) -> None:
    with db.unit_of_work():
        service.enqueue(kind, **named)


def actions() -> list[str]:
    with db.unit_of_work() as session:
        return sorted(session.execute(select(JournalEntry.action)).scalars())


def only_job() -> service.JobView:
    with db.unit_of_work():
        [found] = service.jobs_of_topic("t")
    return found


def wait_until(is_so: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_the_effect_and_done_are_one_transaction() -> None:
    @job("half")
    def half() -> None:
        journal.write("t", "half done")
        raise ValueError("then it broke")

    enqueue("half", topic="t")
    worker.drain()
    assert actions() == []
    assert (only_job().attempts, only_job().done_at) == (1, None)
    assert only_job().reason == "ValueError: then it broke"


def test_work_outside_runs_without_a_unit_and_its_follow_up_in_one() -> None:
    where: list[bool] = []

    @job("fetch", outside=True)
    def fetch(n: int) -> Callable[[], None]:
        where.append(db.in_unit())

        def keep() -> None:
            where.append(db.in_unit())
            journal.write("t", f"fetched {n}")

        return keep

    enqueue("fetch", n=4)
    worker.drain()
    assert where == [False, True]
    assert actions() == ["fetched 4"]


def test_work_outside_may_have_nothing_to_keep() -> None:
    @job("fetch", outside=True)
    def fetch() -> None:
        return None

    enqueue("fetch", topic="t")
    worker.drain()
    assert only_job().done_at is not None


def test_failures_come_back_later_and_later_and_then_rest() -> None:
    @job("break")
    def break_() -> None:
        raise ValueError("still broken")

    enqueue("break", topic="t")
    moment = now()
    waits = []
    for _ in range(TRIES - 1):
        with time_machine.travel(moment, tick=False):
            assert worker.drain() == 1
            waits.append((only_job().run_after - moment).total_seconds())
        moment = only_job().run_after
    assert all(0.75 * d <= w <= 1.25 * d for d, w in zip(DELAYS, waits, strict=True)), waits
    assert service.list_resting() == []
    with time_machine.travel(moment, tick=False):
        worker.drain()
    [resting] = service.list_resting()
    assert (resting.attempts, resting.reason) == (TRIES, "ValueError: still broken")
    assert service.count_waiting() == 0


def test_resting_work_can_be_tried_again() -> None:
    mended = False

    @job("break")
    def break_() -> None:
        if not mended:
            raise NeedsAttention("Plug it in.")

    enqueue("break", topic="t")
    worker.drain()
    mended = True
    with db.unit_of_work():
        assert service.retry(only_job_id())
    assert worker.drain() == 1
    assert only_job().done_at is not None
    with db.unit_of_work():
        assert not service.retry(only_job_id())


def only_job_id() -> int:
    [found] = service.jobs_of_topic("t")
    return found.id


def test_what_needs_attention_rests_at_once_and_says_so_in_the_same_unit() -> None:
    def told(args: dict[str, Any], reason: str) -> None:
        journal.write("t", f"{args['n']}: {reason}")

    @job("break", when_resting=told)
    def break_(n: int) -> None:
        raise NeedsAttention("Plug it in.")

    enqueue("break", topic="t", n=5)
    worker.drain()
    assert [view.reason for view in service.list_resting()] == ["Plug it in."]
    assert actions() == ["5: Plug it in."]


def test_retry_later_names_its_own_time() -> None:
    @job("wait")
    def wait() -> None:
        raise RetryLater("Not yet.", timedelta(minutes=45))

    enqueue("wait", topic="t")
    moment = now()
    worker.drain()
    assert timedelta(minutes=44) < only_job().run_after - moment < timedelta(minutes=46)
    assert only_job().reason == "Not yet."


def test_an_unknown_kind_rests_with_the_reason() -> None:
    enqueue("from_the_future", topic="t")
    worker.drain()
    [resting] = service.list_resting()
    assert resting.reason == "This version of the shop does not know how to do this work: from_the_future"


def test_what_kills_its_worker_each_time_rests_in_the_end() -> None:
    @job("poison")
    def poison() -> None:
        raise AssertionError("must not be called any more")

    enqueue("poison", topic="t")
    with db.unit_of_work() as session:
        session.execute(text("UPDATE job SET attempts = :n, lease_token = 'dead'"), {"n": TRIES})
    worker.drain()
    assert [view.reason for view in service.list_resting()] == [
        "The worker died each time in the middle of this."
    ]


def test_reasons_and_logs_hold_neither_addresses_nor_arguments() -> None:
    @job("break")
    def break_(n: int) -> None:
        if n == 1:
            raise ValueError("no mail for maria@example.org with sk_live_abcdefghijkl")
        db.session().execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "tok-123"})

    for number in (1, 2):
        enqueue("break", n=number)
    with structlog.testing.capture_logs() as lines:
        worker.drain()
    with db.unit_of_work() as session:
        reasons = " ".join(session.execute(text("SELECT last_error FROM job")).scalars())
    assert "ValueError: no mail for m***@example.org with sk_live***" in reasons
    for said in (reasons, str(lines)):
        assert "maria@" not in said
        assert "tok-123" not in said
        assert "abcdefghijkl" not in said


def test_a_late_finisher_can_not_commit() -> None:
    began: list[str] = []

    @job("fetch", outside=True)
    def fetch() -> Callable[[], None]:
        began.append("try")
        number = len(began)
        if number == 1:
            _in_thread(lambda: _later(40, worker.drain))
        return lambda: journal.write("t", f"kept by {number}")

    enqueue("fetch", topic="t")
    worker.run_one()
    assert len(began) == 2
    assert actions() == ["kept by 2"]
    assert (only_job().attempts, only_job().reason) == (2, None)


def test_a_late_transaction_is_rolled_back(work_database: str) -> None:
    if work_database.startswith("sqlite"):
        return  # nobody can take anything over while a transaction holds SQLite's one lock for writing
    began: list[str] = []

    @job("note")
    def note() -> None:
        began.append("try")
        journal.write("t", f"kept by {len(began)}")
        if len(began) == 1:
            _in_thread(lambda: _later(40, worker.drain))

    enqueue("note", topic="t")
    worker.run_one()
    assert actions() == ["kept by 2"]


def test_a_late_failure_does_not_touch_the_job() -> None:
    tries: list[str] = []

    @job("fetch", outside=True)
    def fetch() -> None:
        tries.append("try")
        if len(tries) == 1:
            _in_thread(lambda: _later(40, worker.drain))
            raise ValueError("too late to matter")

    enqueue("fetch", topic="t")
    worker.run_one()
    assert (only_job().done_at is not None, only_job().reason) == (True, None)


def test_a_lease_lasts_while_its_worker_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "STEP", timedelta(seconds=0.5))
    monkeypatch.setattr(worker, "_BEAT_SECONDS", 0.1)
    tries: list[str] = []

    @job("fetch", outside=True)
    def fetch() -> None:
        tries.append("try")
        time.sleep(1.5)

    enqueue("fetch", topic="t")
    with running(worker.Worker(2, idle_seconds=0.05)):
        wait_until(lambda: only_job().done_at)
    assert tries == ["try"]


def test_who_takes_longer_than_the_kind_allows_loses_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "STEP", timedelta(seconds=0.5))
    monkeypatch.setattr(worker, "_BEAT_SECONDS", 0.1)
    tries: list[str] = []

    @job("fetch", outside=True, lease=timedelta(seconds=0.3))
    def fetch() -> Callable[[], None]:
        tries.append("try")
        number = len(tries)
        time.sleep(2 if number == 1 else 0)
        return lambda: journal.write("t", f"kept by {number}")

    enqueue("fetch", topic="t")
    with running(worker.Worker(2, idle_seconds=0.05)):
        wait_until(lambda: only_job().done_at)
        time.sleep(1.5)
    assert actions() == ["kept by 2"]


def test_work_starts_at_once_after_its_commit() -> None:
    @job("note")
    def note() -> None:
        journal.write("t", "noted")

    times = []
    with running(worker.Worker(idle_seconds=30)):
        time.sleep(0.3)
        for number in range(1, 12):
            began = time.perf_counter()
            enqueue("note")
            wait_until(lambda number=number: len(actions()) == number, 5)  # type: ignore[misc]  # a default keeps the number
            times.append(time.perf_counter() - began)
    assert statistics.median(times) < 0.5, times


def test_a_slow_mail_server_does_not_stand_in_the_way() -> None:
    @job("slow", outside=True)
    def slow() -> None:
        time.sleep(1.5)

    @job("note")
    def note() -> None:
        journal.write("t", "noted")

    with running(worker.Worker()):
        for _ in range(3):
            enqueue("slow")
        time.sleep(0.2)
        began = time.perf_counter()
        enqueue("note")
        wait_until(lambda: actions() == ["noted"])
        assert time.perf_counter() - began < 1


def test_a_long_film_does_not_stand_in_the_way_of_mail_and_films_come_one_by_one() -> None:
    begun, may_end, sent = threading.Semaphore(0), threading.Event(), threading.Event()

    @job("film", slow=True)
    def film() -> None:
        begun.release()
        assert may_end.wait(10)

    @job("letter", outside=True)
    def letter() -> None:
        sent.set()

    for _ in range(2):
        enqueue("film")
    crew = worker.Worker(threads=2)
    crew.start()
    try:
        assert begun.acquire(timeout=10)
        enqueue("letter")
        assert sent.wait(10)
        assert not begun.acquire(timeout=0.3)
        may_end.set()
        assert begun.acquire(timeout=10)
    finally:
        may_end.set()
        crew.stop()


def test_a_worker_that_is_stopped_finishes_what_it_does() -> None:
    @job("slow", outside=True)
    def slow() -> Callable[[], None]:
        time.sleep(0.7)
        return lambda: journal.write("t", "finished")

    with running(worker.Worker(idle_seconds=0.05)):
        enqueue("slow", topic="t")
        wait_until(lambda: only_job().attempts == 1)
    assert actions() == ["finished"]
    assert not service.is_worker_alive()


def test_a_worker_that_is_stopped_gives_back_what_it_can_not_finish() -> None:
    hold = threading.Event()
    tries: list[int] = []

    @job("slow", outside=True)
    def slow() -> Callable[[], None]:
        tries.append(1)
        number = len(tries)
        if number == 1:
            hold.wait(10)
        return lambda: journal.write("t", f"kept by {number}")

    enqueue("slow", topic="t")
    first = worker.Worker(idle_seconds=0.05)
    first.start()
    wait_until(lambda: tries)
    first.stop(timeout=0.2)
    assert (only_job().attempts, only_job().run_after <= now()) == (0, True)
    worker.drain()
    hold.set()
    time.sleep(0.3)
    assert actions() == ["kept by 2"]


def test_periodic_work_is_done_by_one_of_many_workers() -> None:
    done: list[int] = []

    @periodic("sweep", every=timedelta(minutes=2))
    def sweep() -> None:
        done.append(1)

    tables = [timetable.Timetable() for _ in range(4)]
    moment = now()
    for minutes in (0, 1, 2.1, 3, 4.3):
        with time_machine.travel(moment + timedelta(minutes=minutes), tick=False):
            threads = [threading.Thread(target=_run_all, args=(table,)) for table in tables]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(done) == 3


def test_a_burst_does_what_is_due_with_what_follows_from_it() -> None:
    @periodic("sweep", every=timedelta(minutes=2))
    def sweep() -> None:
        enqueue("note", n=1)

    @job("note")
    def note(n: int) -> None:
        journal.write("t", f"noted {n}")
        if n < 3:
            service.enqueue("note", n=n + 1)

    enqueue("note", run_after=now() + timedelta(minutes=1), n=100)
    worker.burst()
    assert actions() == ["noted 1", "noted 2", "noted 3"]


def test_work_runs_in_the_surroundings_that_were_set() -> None:
    from contextlib import contextmanager

    inside: list[str] = []

    @contextmanager
    def surroundings() -> Any:
        inside.append("in")
        with journal.acting_as("worker"):
            yield

    @job("note")
    def note() -> None:
        journal.write("t", "noted")

    worker.configure(around_job=surroundings)
    enqueue("note")
    worker.drain()
    assert inside == ["in"]
    assert [entry.actor for entry in journal.latest()] == ["worker"]


class running:  # noqa: N801 - reads as a word of a sentence
    """A worker that works during the block."""

    def __init__(self, some: worker.Worker) -> None:
        self._worker = some

    def __enter__(self) -> None:
        self._worker.start()

    def __exit__(self, *_exception: object) -> None:
        self._worker.stop(5)


def _later(seconds: float, work: Callable[[], object]) -> None:
    with time_machine.travel(now() + timedelta(seconds=seconds)):
        work()


def _in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _run_all(table: timetable.Timetable) -> None:
    while table.run_one(worker._around_job):
        pass
