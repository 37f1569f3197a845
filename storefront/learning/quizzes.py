"""Quizzes as learners take them: asked without their answers, marked here, so many times as the owner allows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from storefront.catalog.models import Lesson, Quiz
from storefront.catalog.quizzes import Given, Question, answers_in, mark
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.fulfilment.inserting import insert_once
from storefront.learning.models import QuizAttempt
from storefront.web.language import current_language


class NoTriesLeft(Refused):
    """The owner allows so many tries, and they are used up."""

    sentence = N_("You have used up your tries for this quiz.")


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that can be ticked. ``is_right`` is None as long as the learner is not to know."""

    id: str
    text: str
    is_ticked: bool
    is_right: bool | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the page shows it: ``is_right`` is how the last attempt was, None before any."""

    id: str
    text: str
    is_multiple: bool
    choices: list[Choice]
    is_right: bool | None
    explanation: str


@dataclass(frozen=True, slots=True)
class QuizView:
    """A quiz in the page's language, with the last attempt of the learner. ``tries_left`` None is any number."""

    pass_percent: int
    questions: list[Asked]
    attempt: QuizAttempt | None
    has_passed: bool
    tries_left: int | None

    @property
    def is_open(self) -> bool:
        """Whether it can be tried again."""
        return not self.has_passed and self.tries_left != 0


def view_of(quiz: Quiz, entitlement_id: int | None) -> QuizView:
    """Return the quiz for a learner, or for the owner, who has tried nothing.

    Which answers are right is not in it before the quiz was passed or the tries are used up; explanations come with
    the first attempt.
    """
    attempts = _attempts(entitlement_id, quiz.lesson_id) if entitlement_id is not None else []
    last = attempts[-1] if attempts else None
    has_passed = any(attempt.has_passed for attempt in attempts)
    tries_left = None if quiz.most_tries is None else max(0, quiz.most_tries - len(attempts))
    is_over = has_passed or tries_left == 0
    return QuizView(
        pass_percent=quiz.pass_percent,
        questions=[_asked(question, last, is_over=is_over) for question in quiz.questions],
        attempt=last,
        has_passed=has_passed,
        tries_left=tries_left,
    )


def has_passed(entitlement_id: int, lesson_id: int) -> bool:
    """Whether the learner has passed the quiz of the lesson."""
    return any(attempt.has_passed for attempt in _attempts(entitlement_id, lesson_id))


def attempt(entitlement_id: int, lesson: Lesson, given: Given) -> QuizAttempt:
    """Mark answers in the current unit and keep them as an attempt of the learner.

    The number of the attempt is unique in the database, so that two that come at once are two tries or one, never
    three of two.

    Raises:
        NotFound: the lesson has no quiz. NoTriesLeft: that were too many, or it was passed already.
    """
    quiz = lesson.quiz
    if quiz is None:
        raise NotFound
    before = _attempts(entitlement_id, lesson.id)
    if quiz.most_tries is not None and len(before) >= quiz.most_tries:
        raise NoTriesLeft
    if any(one.has_passed for one in before):
        raise Refused(N_("You have passed this quiz already."))
    answers = answers_in(quiz.questions, given)
    marked = mark(quiz.questions, answers, quiz.pass_percent)
    values = {
        "entitlement_id": entitlement_id,
        "lesson_id": lesson.id,
        "number": len(before) + 1,
        "answers": answers,
        "right_ones": sorted(marked.right),
        "percent": marked.percent,
        "has_passed": marked.has_passed,
        "made_at": now(),
    }
    attempt_id = insert_once(QuizAttempt, values)
    if attempt_id is None:
        raise Refused(N_("These answers were sent twice. The first ones count."))
    return db.session().get_one(QuizAttempt, attempt_id)


def count_attempts(lesson_id: int) -> int:
    """Return how many attempts learners have made at the quiz of a lesson."""
    statement = select(func.count()).select_from(QuizAttempt).where(QuizAttempt.lesson_id == lesson_id)
    return db.session().scalar(statement) or 0


def _attempts(entitlement_id: int, lesson_id: int) -> list[QuizAttempt]:
    statement = (
        select(QuizAttempt)
        .where(QuizAttempt.entitlement_id == entitlement_id, QuizAttempt.lesson_id == lesson_id)
        .order_by(QuizAttempt.number)
    )
    return list(db.session().scalars(statement))


def _asked(question: Question, last: QuizAttempt | None, *, is_over: bool) -> Asked:
    ticked = set((last.answers if last else {}).get(question["id"], ()))
    return Asked(
        id=question["id"],
        text=_words(question, "text"),
        is_multiple=question["is_multiple"],
        choices=[
            Choice(
                choice["id"],
                _words(choice, "text"),
                choice["id"] in ticked,
                choice["is_right"] if last and is_over else None,
            )
            for choice in question["choices"]
        ],
        is_right=question["id"] in last.right_ones if last else None,
        explanation=_words(question, "explanation") if last else "",
    )


def _words(thing: dict[str, Any], name: str) -> str:
    translated = thing.get(f"{name}_zh") if current_language() == "zh" else ""
    return str(translated or thing.get(name, ""))
