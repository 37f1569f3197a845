"""What must hold on both databases: the newest position wins, tries are counted, a lesson is told of once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.learning import jobs, opting_out, progress, quizzes
from storefront.learning.classroom import load_lesson
from storefront.learning.models import LessonPosition, QuizAttempt
from storefront.learning.quizzes import NoTriesLeft
from tests.learning.schooling import RIGHT, WRONG, Learner, add_quiz, change_lesson, enrol, mails

Work = Callable[[], int]


@pytest.fixture
def learner(client: FlaskClient, work: Work) -> Learner:
    """Somebody who has just bought a course of three lessons."""
    return enrol(client, work)


def entitlement_id(learner: Learner) -> int:
    """Return the id of what was bought."""
    found = db.session().scalars(select(Entitlement.id).where(Entitlement.public_id == learner.public_id))
    return found.one()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do these at once, each in a thread; return what came back, or the exception."""

    def do(act: Callable[[], object]) -> object:
        try:
            return act()
        except Exception as error:
            return error
        finally:
            db.close_reader()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def test_an_older_report_never_replaces_a_newer_one(app: Flask, learner: Learner) -> None:
    who, lesson_id, begun = entitlement_id(learner), learner.lessons[0].id, now() - timedelta(minutes=5)

    def report(second: int) -> None:
        moment = begun + timedelta(seconds=second)
        with db.unit_of_work():
            progress.report(who, lesson_id, second, moment)

    for second in (30, 10, 60, 20):
        report(second)
    assert _position() == 60
    at_once(
        *(lambda second=second: db.again_on_conflict(lambda: report(second)) for second in (90, 70, 120, 80))
    )
    assert _position() == 120
    # A moment that is still to come is taken for now, so that it can't lock out all others.
    with db.unit_of_work():
        progress.report(who, lesson_id, 1, now() + timedelta(days=900))
    report(200)
    with db.unit_of_work():
        progress.report(who, lesson_id, 300, now())
    assert _position() == 300


def test_two_attempts_at_once_do_not_exceed_the_tries(app: Flask, learner: Learner) -> None:
    add_quiz(learner.lessons[0], most_tries=1)
    who, lesson = entitlement_id(learner), load_lesson(learner.lessons[0])

    def attempt() -> None:
        with db.unit_of_work():
            quizzes.attempt(who, lesson, WRONG)

    at_once(*[lambda: db.again_on_conflict(attempt)] * 4)
    db.close_reader()
    assert db.session().scalar(select(func.count()).select_from(QuizAttempt)) == 1
    with pytest.raises(NoTriesLeft), db.unit_of_work():
        quizzes.attempt(who, lesson, RIGHT)


def test_a_lesson_that_opens_is_told_once_even_by_two_workers(app: Flask, learner: Learner) -> None:
    change_lesson(learner.lessons[1], opens_after_days=7)
    change_lesson(learner.lessons[2], opens_at=now() + timedelta(days=7, hours=1))
    with app.app_context():
        assert jobs.tell_open_lessons() == 0
        with time_machine.travel(now() + timedelta(days=7, hours=2)):
            at_once(*[lambda: db.again_on_conflict(jobs.tell_open_lessons)] * 2)
            assert jobs.tell_open_lessons() == 0
        told = mails(opting_out.LESSON_OPEN)
        assert [mail.args["lesson_ids"] for mail in told] == [[one.id for one in learner.lessons[1:]]]


def test_nobody_is_told_of_what_was_open_long_ago_or_who_does_not_want_to_be(
    app: Flask, learner: Learner
) -> None:
    with app.app_context():
        with time_machine.travel(now() + timedelta(days=30)):
            # The owner lets an old course open step by step: who bought a month ago has all of it anyway.
            change_lesson(learner.lessons[1], opens_after_days=7)
            assert jobs.tell_open_lessons() == 0
        with time_machine.travel(now() + timedelta(days=8)):
            hashed, kind = opting_out.read_opt_out(
                opting_out.opt_out_path("anna@example.org", opting_out.LESSON_OPEN).rpartition("/")[2]
            )
            with db.unit_of_work():
                opting_out.opt_out(hashed, kind)
                opting_out.opt_out(hashed, kind)
            assert jobs.tell_open_lessons() == 0
        assert mails(opting_out.LESSON_OPEN) == []


def _position() -> int:
    db.close_reader()
    return db.session().scalars(select(LessonPosition.seconds)).one()
