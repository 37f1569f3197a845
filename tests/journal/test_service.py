"""The journal is written with the thing itself, and says who."""

import threading

import pytest
import structlog

from storefront.core import db
from storefront.journal import service as journal

pytestmark = pytest.mark.usefixtures("work_database")


def write(topic: str, action: str, actor: str | None = None, **data: object) -> None:
    with db.unit_of_work():
        journal.write(topic, action, actor, **data)


def test_a_line_without_a_unit_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="outside a unit"):
        journal.write("order:1", "paid")


def test_a_line_goes_with_its_transaction() -> None:
    def fail() -> None:
        with db.unit_of_work():
            journal.write("order:1", "paid")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert journal.latest() == []


def test_a_line_says_who_did_what_to_which_thing_in_which_request() -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"), journal.acting_as("owner:3"):
        write("product:5", "price changed", old=1900, new=2100)
    [entry] = journal.entries_of("product:5")
    assert (entry.actor, entry.action, entry.data, entry.request_id) == (
        "owner:3",
        "price changed",
        {"old": 1900, "new": 2100},
        "r-1",
    )


def test_the_actor_holds_for_the_block_and_this_thread_only() -> None:
    with journal.acting_as("owner:3"):
        with journal.acting_as("worker"):
            write("t", "a")
        write("t", "b")
        thread = threading.Thread(target=write, args=("t", "c"))
        thread.start()
        thread.join()
        write("t", "d", "stripe")
    write("t", "e")
    assert [entry.actor for entry in reversed(journal.entries_of("t"))] == [
        "worker",
        "owner:3",
        "shop",
        "stripe",
        "shop",
    ]


def test_one_thing_has_its_own_journal_newest_first() -> None:
    for number in range(3):
        write("order:1", f"step {number}")
        write("order:2", f"other {number}")
    assert [entry.action for entry in journal.entries_of("order:1")] == ["step 2", "step 1", "step 0"]
    assert [entry.action for entry in journal.entries_of("order:1", limit=1)] == ["step 2"]


def test_the_whole_journal_comes_in_pages() -> None:
    for number in range(5):
        write("t", str(number))
    first = journal.latest(limit=2)
    rest = journal.latest(limit=10, before_id=first[-1].id)
    assert [entry.action for entry in first + rest] == ["4", "3", "2", "1", "0"]
