"""A quiz, as the owner fills it in: questions that can be added, moved and taken out before anything is saved."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import state_of, whole
from storefront.catalog.models import Quiz
from storefront.catalog.quizzes import (
    LONGEST_CHOICE,
    LONGEST_QUESTION,
    MOST_CHOICES,
    MOST_QUESTIONS,
    Question,
)
from storefront.catalog.service.mistakes import InvalidField

_PERCENT, _MOST_TRIES = "70", 100
_ID = re.compile(r"[A-Za-z0-9_-]{4,16}")


@dataclass(slots=True)
class QuizForm:
    """What the page of a quiz shows: ``errors`` are sentences by the name of the field."""

    seen: str
    questions: list[Question]
    pass_percent: str = _PERCENT
    most_tries: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, error: InvalidField) -> None:
        """Show at its field what can't be asked like this."""
        self.errors[error.field] = gettext(error.sentence, **error.values)

    def numbers(self) -> tuple[int, int | None]:
        """Return per cent to pass and the most tries, None for any number.

        Raises:
            InvalidField: one of them is odd.
        """
        if (
            not re.fullmatch(r"[0-9]{1,3}", self.pass_percent, re.ASCII)
            or not 1 <= int(self.pass_percent) <= 100
        ):
            raise InvalidField("pass_percent", gettext("Please enter a number from 1 to 100."))
        if not self.most_tries:
            return int(self.pass_percent), None
        if (
            not re.fullmatch(r"[0-9]{1,3}", self.most_tries, re.ASCII)
            or not 1 <= int(self.most_tries) <= _MOST_TRIES
        ):
            raise InvalidField("most_tries", gettext("Please enter a number from 1 to 100, or nothing."))
        return int(self.pass_percent), int(self.most_tries)

    def do(self, what: str) -> None:
        """Do what a button says: ``add``, ``add:2`` (an answer), ``drop:2``, ``drop:2:0``, ``up:2``, ``down:2``."""
        word, _, place = what.partition(":")
        numbers = [int(part) for part in place.split(":") if re.fullmatch("[0-9]{1,3}", part, re.ASCII)]
        if word == "add" and not numbers and len(self.questions) < MOST_QUESTIONS:
            self.questions.append(_new_question())
        elif numbers and numbers[0] < len(self.questions):
            self._do_with(word, *numbers[:2])

    def _do_with(self, word: str, number: int, choice: int | None = None) -> None:
        question = self.questions[number]
        if word == "add" and len(question["choices"]) < MOST_CHOICES:
            question["choices"].append(_new_choice())
        elif word == "drop" and choice is None:
            self.questions.pop(number)
        elif word == "drop" and choice is not None and choice < len(question["choices"]):
            question["choices"].pop(choice)
        elif word in ("up", "down"):
            other = number + (1 if word == "down" else -1)
            if 0 <= other < len(self.questions):
                self.questions[number], self.questions[other] = self.questions[other], question


def quiz_form(quiz: Quiz | None) -> QuizForm:
    """Return the form of a quiz, with a first question where there is none yet."""
    if quiz is None:
        return QuizForm(quiz_state(None), [_new_question()])
    tries = "" if quiz.most_tries is None else str(quiz.most_tries)
    return QuizForm(quiz_state(quiz), list(quiz.questions), str(quiz.pass_percent), tries)


def sent_quiz(sent: Mapping[str, str]) -> QuizForm:
    """Return the form as it was filled in."""
    questions: list[Question] = []
    while f"q{len(questions)}.id" in sent and len(questions) < MOST_QUESTIONS:
        questions.append(_sent_question(sent, f"q{len(questions)}"))
    return QuizForm(
        trimmed(sent.get("seen"))[:24],
        questions,
        trimmed(sent.get("pass_percent"))[:5],
        trimmed(sent.get("most_tries"))[:5],
    )


def quiz_state(quiz: Quiz | None) -> str:
    """Return a mark of what the form of the quiz shows."""
    return state_of(quiz and [quiz.questions, quiz.pass_percent, quiz.most_tries])


def _sent_question(sent: Mapping[str, str], at: str) -> Question:
    choices: list[dict[str, Any]] = []
    while f"{at}.c{len(choices)}" in sent and len(choices) < MOST_CHOICES:
        name = f"{at}.c{len(choices)}"
        choices.append(
            {
                "id": _id(sent.get(f"{name}.id")),
                "text": trimmed(sent[name])[:LONGEST_CHOICE],
                "text_zh": trimmed(sent.get(f"{name}.zh"))[:LONGEST_CHOICE],
                "is_right": f"{name}.right" in sent,
            }
        )
    return {
        "id": _id(sent.get(f"{at}.id")),
        "text": whole(sent.get(f"{at}.text"))[:LONGEST_QUESTION],
        "text_zh": whole(sent.get(f"{at}.text_zh"))[:LONGEST_QUESTION],
        "explanation": whole(sent.get(f"{at}.explanation"))[:LONGEST_QUESTION],
        "explanation_zh": whole(sent.get(f"{at}.explanation_zh"))[:LONGEST_QUESTION],
        "is_multiple": f"{at}.multiple" in sent,
        "choices": choices,
    }


def _new_question() -> Question:
    texts = dict.fromkeys(("text", "text_zh", "explanation", "explanation_zh"), "")
    return {"id": _id(None), **texts, "is_multiple": False, "choices": [_new_choice(), _new_choice()]}


def _new_choice() -> dict[str, Any]:
    return {"id": _id(None), "text": "", "text_zh": "", "is_right": False}


def _id(sent: str | None) -> str:
    """Ids stay when questions are moved, so that what learners have answered still fits."""
    return sent if sent and _ID.fullmatch(sent) else secrets.token_hex(4)
