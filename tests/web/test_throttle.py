"""Ceilings count in fixed windows, in the database, also for many at once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from storefront.core import db
from storefront.core.db import unit_of_work
from storefront.web import throttle
from storefront.web.models import ThrottleCount

pytestmark = pytest.mark.usefixtures("work_database")

HOUR = timedelta(hours=1)


def count(key: str = "203.0.113.7", name: str = "login") -> int:
    """One more, in a unit of its own."""
    with unit_of_work():
        return throttle.count(name, key, per=HOUR)


def test_each_one_counts() -> None:
    assert [count() for _ in range(3)] == [1, 2, 3]


def test_names_and_keys_count_apart() -> None:
    count()
    assert (count(key="other"), count(name="register")) == (1, 1)


def test_window_ends_at_the_full_hour() -> None:
    with time_machine.travel("2026-03-01T12:59:59Z", tick=False) as clock:
        assert [count(), count()] == [1, 2]
        assert throttle.seconds_left(HOUR) == 1
        clock.shift(1)
        assert throttle.counted("login", "203.0.113.7", per=HOUR) == 0
        assert count() == 1
        assert throttle.seconds_left(HOUR) == 3600


def test_looking_does_not_count() -> None:
    count()
    for _ in range(3):
        assert throttle.counted("login", "203.0.113.7", per=HOUR) == 1


def test_one_may_be_taken_back_but_never_below_nothing() -> None:
    count()
    for _ in range(3):
        with unit_of_work():
            throttle.uncount("login", "203.0.113.7", per=HOUR)
    assert count() == 1


def test_what_is_rolled_back_was_not_counted() -> None:
    def fail() -> None:
        with unit_of_work():
            throttle.count("login", "k", per=HOUR)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert throttle.counted("login", "k", per=HOUR) == 0


def test_many_at_once_are_all_counted() -> None:
    together, seen = threading.Barrier(8), []

    def work() -> None:
        together.wait(10)
        for _ in range(5):
            seen.append(count())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == list(range(1, 41))


def test_no_address_is_kept_in_clear() -> None:
    count(key="anna@example.org")
    kept = db.session().scalars(select(ThrottleCount.key)).one()
    assert "anna" not in kept
    assert len(kept) == 64


def test_old_windows_are_forgotten() -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        count()
        clock.shift(timedelta(hours=1, seconds=1))
        count(key="new")
        with unit_of_work():
            throttle.forget_old()
        assert len(db.session().scalars(select(ThrottleCount)).all()) == 1
