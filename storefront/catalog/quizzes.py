"""What a quiz is made of, and how it is marked. Pure: no database.

A question is kept as ``{"id", "text", "text_zh", "explanation", "explanation_zh", "is_multiple", "choices"}`` and a
choice as ``{"id", "text", "text_zh", "is_right"}``. Ids are short, stay when things are moved, and say nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storefront.catalog.service.mistakes import InvalidField
from storefront.core.errors import N_

MOST_QUESTIONS = 100
MOST_CHOICES = 12
LONGEST_QUESTION = 1000
LONGEST_CHOICE = 300
_ALL = 100  # per cent

Question = dict[str, Any]
Given = Mapping[str, Sequence[str]]
"""The ids of the choices that were ticked, by the id of the question."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How an attempt went: which questions were answered rightly, and per cent of all of them, rounded down."""

    right: frozenset[str]
    percent: int
    has_passed: bool


def mark(questions: Sequence[Question], given: Given, pass_percent: int) -> Mark:
    """Mark the answers. A question is right when exactly its right choices were ticked; what it has not, is ignored."""
    right = frozenset(question["id"] for question in questions if _is_right(question, given))
    percent = len(right) * _ALL // len(questions) if questions else 0
    # Compared without rounding: two of three do not pass where 67 per cent are asked.
    has_passed = bool(questions) and len(right) * _ALL >= pass_percent * len(questions)
    return Mark(right, percent, has_passed)


def answers_in(questions: Sequence[Question], given: Given) -> dict[str, list[str]]:
    """Return of what was sent only what can be an answer: known choices, one where only one may be ticked."""
    found: dict[str, list[str]] = {}
    for question in questions:
        known = [choice["id"] for choice in question["choices"]]
        ticked = [choice for choice in known if choice in set(given.get(question["id"], ()))]
        found[question["id"]] = ticked if question["is_multiple"] else ticked[:1]
    return found


def check(questions: Sequence[Question]) -> None:
    """Look whether these questions can be asked.

    Raises:
        InvalidField: something is missing; ``field`` is ``q0.text``, ``q0.c1`` or ``questions``.
    """
    if not questions:
        raise InvalidField("questions", N_("A quiz needs a question."))
    if len(questions) > MOST_QUESTIONS:
        raise InvalidField("questions", N_("A quiz can have up to %(most)s questions."), most=MOST_QUESTIONS)
    for place, question in enumerate(questions):
        _check_question(place, question)


def _check_question(place: int, question: Question) -> None:
    if not question["text"]:
        raise InvalidField(f"q{place}.text", N_("Please write the question."))
    choices = question["choices"]
    for number, choice in enumerate(choices):
        if not choice["text"]:
            raise InvalidField(f"q{place}.c{number}", N_("Please write the answer, or take it out."))
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise InvalidField(
            f"q{place}.text", N_("A question needs from two to %(most)s answers."), most=MOST_CHOICES
        )
    right = sum(choice["is_right"] for choice in choices)
    if not right:
        raise InvalidField(f"q{place}.text", N_("Please tick the answer that is right."))
    if right > 1 and not question["is_multiple"]:
        raise InvalidField(
            f"q{place}.text", N_("Only one answer can be right, unless several may be ticked.")
        )


def _is_right(question: Question, given: Given) -> bool:
    ticked = set(answers_in([question], given)[question["id"]])
    return ticked == {choice["id"] for choice in question["choices"] if choice["is_right"]}
