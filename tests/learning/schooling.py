"""A course that somebody has bought, and what its learner does over HTTP."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from storefront.catalog.models import Chapter, Content, Lesson, Product, Quiz
from storefront.catalog.states import ContentKind, ProductKind
from storefront.core import db
from storefront.notifications.models import Message
from tests.reviews.buying import buy
from tests.selling import BUYER, make_product, token_of

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "colour",
        "text": "Which is a colour?",
        "text_zh": "哪个是颜色？",
        "explanation": "Red is one.",
        "explanation_zh": "",
        "is_multiple": False,
        "choices": [
            {"id": "aaaa", "text": "Red", "text_zh": "红", "is_right": True},
            {"id": "bbbb", "text": "Three", "text_zh": "三", "is_right": False},
        ],
    },
    {
        "id": "number",
        "text": "Which are numbers?",
        "text_zh": "",
        "explanation": "",
        "explanation_zh": "",
        "is_multiple": True,
        "choices": [
            {"id": "cccc", "text": "One", "text_zh": "", "is_right": True},
            {"id": "dddd", "text": "Two", "text_zh": "", "is_right": True},
            {"id": "eeee", "text": "Blue", "text_zh": "", "is_right": False},
        ],
    },
]
RIGHT: dict[str, Any] = {"colour": ["aaaa"], "number": ["cccc", "dddd"]}
WRONG: dict[str, Any] = {"colour": ["bbbb"], "number": ["cccc"]}


@dataclass
class Learner:
    """Who has bought the course, with a browser; ``path`` is where it is."""

    client: FlaskClient
    product: Product
    public_id: str
    lessons: list[Lesson]
    content: Content

    @property
    def path(self) -> str:
        """The page of the course."""
        return f"/library/{self.public_id}"

    def lesson(self, number: int = 0) -> str:
        """The page of a lesson."""
        return f"{self.path}/lessons/{self.lessons[number].public_id}"

    @property
    def certificate(self) -> str:
        """The page of the certificate."""
        return f"{self.path}/courses/{self.content.public_id}/certificate"

    def open(self, path: str, status: int = 200) -> str:
        """Open a page and return it."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:3000]
        return answer.text

    def send(self, path: str, status: int = 303, **fields: Any) -> TestResponse:
        """Send a form, with the token that the browser has."""
        answer = self.client.post(path, data={"csrf_token": self.token(), **fields})
        assert answer.status_code == status, answer.text[:3000]
        return answer

    def token(self) -> str:
        """Return the token of forms."""
        return token_of(self.client.get("/account/login"))

    def done(self, number: int) -> TestResponse:
        """Mark a lesson as done."""
        return self.send(f"{self.lesson(number)}/done")


def make_course(titles: tuple[str, ...] = ("One", "Two", "Three"), **settings: bool) -> Product:
    """Put a course with these lessons in one chapter into the shop; it costs nothing."""
    with db.unit_of_work():
        product = make_product("Colour", amount=0, kind=ProductKind.COURSE, content=None)
        course = Content(
            product_id=product.id, kind=ContentKind.COURSE, title="Colour", translations={}, **settings
        )
        chapter = Chapter(title="First", position=0, translations={})
        chapter.lessons = [
            Lesson(title=title, body=f"Words of {title}.", position=place, translations={})
            for place, title in enumerate(titles)
        ]
        course.chapters = [chapter]
        db.session().add(course)
        return product


def enrol(
    client: FlaskClient, work: Callable[[], int], product: Product | None = None, email: str = BUYER
) -> Learner:
    """Buy a course."""
    product = product or make_course()
    bought = buy(client, work, product=product, email=email)
    course = db.session().scalars(select(Content).where(Content.product_id == product.id)).one()
    statement = (
        select(Lesson)
        .join(Chapter)
        .where(Chapter.content_id == course.id)
        .order_by(Chapter.position, Lesson.position)
    )
    lessons = list(db.session().scalars(statement))
    db.close_reader()
    return Learner(client, product, bought.public_id, lessons, course)


def change_lesson(lesson: Lesson, **values: object) -> None:
    """Change a lesson as the owner might."""
    with db.unit_of_work() as session:
        found = session.get_one(Lesson, lesson.id)
        for name, value in values.items():
            setattr(found, name, value)


def add_quiz(lesson: Lesson, pass_percent: int = 100, most_tries: int | None = None) -> None:
    """Let a lesson ask two questions."""
    with db.unit_of_work() as session:
        session.add(
            Quiz(lesson_id=lesson.id, questions=QUESTIONS, pass_percent=pass_percent, most_tries=most_tries)
        )


def mails(kind: str) -> list[Message]:
    """Return the mails of a kind, first one first."""
    db.close_reader()
    return list(db.session().scalars(select(Message).where(Message.kind == kind).order_by(Message.id)))


def words_of(page: str) -> str:
    """Return the words of a page without its elements."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
