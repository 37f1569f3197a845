"""Putting work down, and looking after it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy import insert, text

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.jobs import service, timetable, worker
from storefront.jobs.models import Heartbeat, Job
from storefront.jobs.registry import job, periodic
from storefront.journal import service as journal

pytestmark = pytest.mark.usefixtures("work_database", "work_kinds")


def enqueue(kind: str, **named: Any) -> None:
    with db.unit_of_work():
        service.enqueue(kind, **named)


def actions() -> list[str]:
    return sorted(entry.action for entry in journal.latest(1000))


def writing_kind(name: str = "note") -> None:
    @job(name)
    def note(n: int) -> None:
        journal.write("test:1", f"noted {n}")


def test_work_without_a_unit_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="outside a unit"):
        service.enqueue("note", n=1)


def test_rolled_back_work_was_never_put_down() -> None:
    def fail() -> None:
        with db.unit_of_work():
            service.enqueue("note", n=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert service.count_waiting() == 0


def test_a_unique_key_is_used_once() -> None:
    writing_kind()
    with db.unit_of_work():
        service.enqueue("note", unique_key="a", n=1)
        service.enqueue("note", unique_key="a", n=2)
        service.enqueue("note", unique_key="b", n=3)
    worker.drain()
    enqueue("note", unique_key="a", n=4)
    assert worker.drain() == 0
    assert actions() == ["noted 1", "noted 3"]


def test_a_unique_key_is_used_once_by_many_at_once() -> None:
    start = threading.Barrier(8)

    def put_down() -> None:
        start.wait()
        enqueue("note", unique_key="only one", n=1)

    threads = [threading.Thread(target=put_down) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.count_waiting() == 1


def test_work_for_later_waits() -> None:
    writing_kind()
    enqueue("note", run_after=now() + timedelta(hours=1), n=1)
    assert worker.drain() == 0
    assert service.oldest_due_age() == timedelta(0)
    with time_machine.travel(now() + timedelta(hours=2)):
        assert timedelta(minutes=59) < service.oldest_due_age() < timedelta(minutes=61)
        assert worker.drain() == 1


def test_work_is_done_in_the_order_in_which_it_is_due() -> None:
    done: list[int] = []

    @job("note")
    def note(n: int) -> None:
        done.append(n)

    for number in (3, 1, 2):
        enqueue("note", run_after=now() - timedelta(minutes=10 - number), n=number)
    worker.drain()
    assert done == [1, 2, 3]


def test_jobs_of_a_thing_are_listed_in_order() -> None:
    writing_kind()
    for number in (1, 2):
        enqueue("note", topic="order:7", n=number)
    enqueue("note", topic="order:8", n=3)
    worker.run_one()
    found = service.jobs_of_topic("order:7")
    assert [view.done_at is not None for view in found] == [True, False]


def test_resting_work_is_listed_newest_first_and_in_pages() -> None:
    for _ in range(5):
        enqueue("nobody knows this")
    worker.drain()
    first = service.list_resting(limit=2)
    rest = service.list_resting(limit=10, before_id=first[-1].id)
    assert [view.id for view in first + rest] == sorted((v.id for v in first + rest), reverse=True)
    assert len(first + rest) == service.count_resting() == 5


def test_old_done_jobs_are_deleted_and_nothing_else() -> None:
    moment = now()
    old, recent = moment - timedelta(days=8), moment - timedelta(days=6)
    with db.unit_of_work() as session:
        session.execute(insert(Job), [_row(old, done_at=old) for _ in range(2500)])
        session.execute(insert(Job), [_row(old, done_at=recent), _row(old), _row(old, resting_since=old)])
        session.add(Heartbeat(name="worker:gone:1", seen_at=old))
    service.delete_old()
    with db.unit_of_work() as session:
        assert session.execute(text("SELECT count(*) FROM job")).scalar_one() == 3
    assert service.last_seen("worker:") is None


def test_claiming_stays_cheap_beside_a_hundred_thousand_done_jobs() -> None:
    writing_kind()
    moment = now()
    with db.unit_of_work() as session:
        rows = [_row(moment - timedelta(days=1), done_at=moment) for _ in range(5000)]
        for _ in range(20):
            session.execute(insert(Job), rows)
    with db.unit_of_work() as session:
        session.execute(text("ANALYZE"))
    for number in range(50):
        enqueue("note", n=number)
    plan = _plan_of_claim()
    assert "ix_job_due" in plan, plan
    assert _busy_seconds(worker.drain) < 50 / 150


def test_a_worker_does_at_least_150_small_jobs_a_second() -> None:
    writing_kind()
    with db.unit_of_work():
        for number in range(300):
            service.enqueue("note", n=number)
    seconds = _busy_seconds(worker.drain)
    assert len(actions()) == 300
    assert 300 / seconds >= 150, f"{300 / seconds:.0f} jobs a second"


def test_periodic_work_that_keeps_failing_shows() -> None:
    @periodic("sweep", every=timedelta(minutes=10))
    def sweep() -> None:
        raise ValueError("no")

    @periodic("tidy", every=timedelta(minutes=10))
    def tidy() -> None:
        pass

    began = now()
    for minutes in (0, 11, 22, 33, 44):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            table = timetable.Timetable()
            while table.run_one(worker._around_job):
                pass
            assert service.overdue_rounds() == (["sweep"] if minutes == 44 else [])


def test_a_worker_is_alive_for_a_minute_after_its_last_word() -> None:
    assert not service.is_worker_alive()
    with db.unit_of_work():
        service.beat("worker:here:1")
    assert service.is_worker_alive()
    with time_machine.travel(now() + timedelta(seconds=90)):
        assert not service.is_worker_alive()


def _row(moment: Any, **values: Any) -> dict[str, Any]:
    return {"kind": "note", "args": {}, "run_after": moment, "created_at": moment, **values}


def _plan_of_claim() -> str:
    word = "EXPLAIN QUERY PLAN" if db.is_sqlite() else "EXPLAIN"
    statement = (
        "SELECT id FROM job WHERE done_at IS NULL AND resting_since IS NULL AND outside = :lane"
        " AND run_after <= :moment ORDER BY run_after, id LIMIT 1"
    )
    with db.unit_of_work() as session:
        rows = session.execute(text(f"{word} {statement}"), {"lane": False, "moment": str(now())}).all()
    return "\n".join(str(row) for row in rows)


def _busy_seconds(work: Callable[[], object]) -> float:
    """The processor time of this thread, which other work on the machine hardly changes."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
