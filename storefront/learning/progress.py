"""How far a learner is: what is finished, and where in a film they are."""

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Lesson
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import N_, Refused
from storefront.fulfilment.inserting import insert_once
from storefront.learning import quizzes
from storefront.learning.models import LessonPosition, LessonProgress

MOST_SECONDS = 7 * 24 * 3600


class NotPassed(Refused):
    """A lesson with a quiz is finished by passing it."""

    sentence = N_("This lesson is done when its quiz is passed.")


def finish(entitlement_id: int, lesson: Lesson) -> None:
    """Note in the current unit that a learner has finished a lesson; harmless when repeated.

    Raises:
        NotPassed: it has a quiz that was not passed yet.
    """
    if lesson.quiz is not None and not quizzes.has_passed(entitlement_id, lesson.id):
        raise NotPassed
    mark_done(entitlement_id, lesson.id)


def mark_done(entitlement_id: int, lesson_id: int) -> None:
    """Note in the current unit that a lesson is finished; harmless when repeated."""
    insert_once(LessonProgress, {"entitlement_id": entitlement_id, "lesson_id": lesson_id, "done_at": now()})


def mark_undone(entitlement_id: int, lesson_id: int) -> None:
    """Note in the current unit that a lesson is not finished after all; harmless when repeated."""
    db.session().execute(
        delete(LessonProgress).where(
            LessonProgress.entitlement_id == entitlement_id, LessonProgress.lesson_id == lesson_id
        )
    )


def report(entitlement_id: int, lesson_id: int, seconds: int, moment: datetime) -> None:
    """Note in the current unit where a learner is in a lesson, unless something newer is known.

    Reports come late, twice and out of order: from a page that was put away, from two devices. The database compares
    their moments in one statement, so the newest wins whatever comes when.
    """
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    statement = insert(LessonPosition).values(
        entitlement_id=entitlement_id,
        lesson_id=lesson_id,
        seconds=min(max(seconds, 0), MOST_SECONDS),
        reported_at=min(moment, now()),
    )
    new = statement.excluded
    db.session().execute(
        statement.on_conflict_do_update(
            index_elements=[LessonPosition.entitlement_id, LessonPosition.lesson_id],
            set_={"seconds": new.seconds, "reported_at": new.reported_at},
            where=LessonPosition.reported_at <= new.reported_at,
        )
    )
