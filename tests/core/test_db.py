"""Units of work: one transaction each, not nested, and writers take turns."""

import sqlite3
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.db import after_commit, again_on_conflict, session, unit_of_work
from storefront.core.errors import NotFound
from storefront.web.models import ThrottleCount

pytestmark = pytest.mark.usefixtures("work_database")


def row(name: str, count: int = 1, at: datetime | None = None) -> ThrottleCount:
    """A row of a table without relations."""
    return ThrottleCount(name=name, key="k", window=1, count=count, ends_at=at or now())


def names() -> list[str]:
    """What a reader sees."""
    return list(session().scalars(select(ThrottleCount.name).order_by(ThrottleCount.name)))


def add(name: str) -> None:
    """Write one row in a unit."""
    with unit_of_work():
        session().add(row(name))


def test_unit_commits_at_its_end() -> None:
    add("kept")
    assert names() == ["kept"]


def test_unit_that_raises_leaves_nothing() -> None:
    def fail() -> None:
        with unit_of_work():
            session().add(row("lost"))
            session().flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names() == []


def test_units_do_not_nest() -> None:
    with unit_of_work(), pytest.raises(RuntimeError, match="do not nest"), unit_of_work():
        pass
    add("after")
    assert names() == ["after"]


def test_what_follows_comes_after_the_commit_in_order() -> None:
    told: list[list[str] | str] = []
    with unit_of_work():
        after_commit(lambda: told.append(names()))
        after_commit(lambda: told.append("second"))
        session().add(row("kept"))
        assert told == []
    assert told == [["kept"], "second"]


def test_what_follows_is_dropped_with_the_unit() -> None:
    told: list[str] = []

    def fail() -> None:
        with unit_of_work():
            after_commit(lambda: told.append("no"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert told == []


def test_what_follows_may_open_a_unit_of_its_own() -> None:
    with unit_of_work():
        after_commit(lambda: add("second"))
        session().add(row("first"))
    assert names() == ["first", "second"]


def test_following_needs_a_unit() -> None:
    with pytest.raises(RuntimeError, match="outside a unit"):
        after_commit(lambda: None)


def test_session_of_the_unit_is_the_session_inside_it() -> None:
    reader = session()
    with unit_of_work() as own:
        assert session() is own is not reader
        assert db.in_unit()
    assert session() is reader
    assert not db.in_unit()


def test_reader_sees_what_a_unit_has_changed() -> None:
    add("one")
    known = session().scalars(select(ThrottleCount)).one()
    assert known.count == 1
    with unit_of_work():
        session().scalars(select(ThrottleCount)).one().count = 7
    assert session().scalars(select(ThrottleCount)).one().count == 7


def test_reader_sees_what_others_have_committed_meanwhile() -> None:
    assert names() == []
    in_a_thread(lambda: add("theirs"))
    assert names() == ["theirs"]


def test_reader_holds_no_transaction() -> None:
    """Else a page that is slow would keep PostgreSQL from cleaning up, and SQLite's log from being written back."""
    names()
    in_a_thread(lambda: add("meanwhile"))
    if not db.is_sqlite():
        with db.engine().connect() as other:
            idle = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")
            assert other.execute(idle).scalar_one() == 0
    assert names() == ["meanwhile"]


def test_threads_have_units_of_their_own() -> None:
    seen: list[bool] = []
    with unit_of_work():
        in_a_thread(lambda: seen.append(db.in_unit()))
    assert seen == [False]


def test_second_writer_waits_for_the_first() -> None:
    """Both read and then write: with a lock taken late, one would fail or overwrite the other."""
    add("counter")
    together = threading.Barrier(2)

    def count_up() -> None:
        together.wait(10)
        for _ in range(20):
            with unit_of_work():
                found = session().scalars(select(ThrottleCount).with_for_update()).one()
                found.count += 1

    threads = [threading.Thread(target=count_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert session().scalars(select(ThrottleCount.count)).one() == 41


def test_get_or_404_finds_or_refuses() -> None:
    add("here")
    assert db.get_or_404(ThrottleCount, ThrottleCount.name == "here").name == "here"
    with pytest.raises(NotFound):
        db.get_or_404(ThrottleCount, ThrottleCount.name == "there")


def test_times_come_back_aware_and_in_utc() -> None:
    moment = datetime.fromisoformat("2026-03-01T01:02:03.000004+09:00")
    with unit_of_work():
        session().add(row("timed", at=moment))
    kept = session().scalars(select(ThrottleCount.ends_at)).one()
    assert kept == moment
    assert kept.utcoffset() == timedelta(0)


def test_naive_time_is_a_mistake() -> None:
    naive = row("naive", at=datetime(2026, 3, 1))
    with pytest.raises(StatementError, match="naive datetime"), unit_of_work():
        session().add(naive)


def test_violated_constraint_is_named() -> None:
    add("one")
    with pytest.raises(IntegrityError) as caught:
        add("one")
    assert "throttle_count" in db.constraint_of(caught.value)


class TestAgain:
    """Trying a transaction again when the database says so."""

    def test_lost_race_is_run_again(self) -> None:
        tries: list[int] = []

        def work() -> str:
            tries.append(1)
            if len(tries) < 3:
                raise OperationalError("...", None, sqlite3.OperationalError("database is locked"))
            return "done"

        assert again_on_conflict(work) == "done"
        assert len(tries) == 3

    def test_patience_ends(self) -> None:
        def work() -> None:
            raise OperationalError("...", None, sqlite3.OperationalError("database is locked"))

        with pytest.raises(OperationalError):
            again_on_conflict(work)

    def test_other_errors_are_not_tried_again(self) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            raise IntegrityError("...", None, sqlite3.IntegrityError("UNIQUE"))

        with pytest.raises(IntegrityError):
            again_on_conflict(work)
        assert len(tries) == 1

    @pytest.mark.parametrize(("code", "worth"), [("40001", True), ("40P01", True), ("23505", False)])
    def test_postgresql_says_it_by_its_codes(self, code: str, worth: bool) -> None:
        reason = Exception("...")
        reason.sqlstate = code  # type: ignore[attr-defined]  # as psycopg's errors have it
        assert db.is_worth_another_try(OperationalError("...", None, reason)) is worth


def test_deadlock_is_solved_by_trying_again() -> None:
    """Two units lock two rows crosswise: PostgreSQL ends one of them, SQLite lets them take turns."""
    for name in ("a", "b"):
        add(name)
    together = threading.Barrier(2)
    done: list[str] = []

    def cross(first: str, second: str) -> None:
        met: list[bool] = []

        def work() -> None:
            with unit_of_work():
                lock(first)
                if not met and not db.is_sqlite():
                    met.append(True)
                    together.wait(10)
                lock(second)

        again_on_conflict(work)
        done.append(first)

    threads = [threading.Thread(target=cross, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["a", "b"]


@pytest.mark.durable
def test_sqlite_is_safe_for_money() -> None:
    if not db.is_sqlite():
        return
    with db.engine().connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}


def test_database_must_be_connected_first() -> None:
    db.disconnect()
    with pytest.raises(RuntimeError, match="connect"):
        db.engine()


def lock(name: str) -> None:
    """Lock one row until the unit ends."""
    session().scalars(select(ThrottleCount).where(ThrottleCount.name == name).with_for_update()).one()


def in_a_thread(work: object) -> None:
    """Do something as another request would, and wait for it."""
    assert callable(work)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
