"""What a learner has before them: the courses of one purchase, how far they are, and what is still locked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Chapter, Content, Lesson
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.fulfilment.service import Holding, get_holding
from storefront.learning.models import LessonProgress


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its chapters and lessons in order."""

    content: Content
    chapters: list[Chapter]
    lessons: list[Lesson]


@dataclass(slots=True)
class Classroom:
    """The courses of one purchase as its learner sees them. ``path`` is where the purchase is, without language."""

    holding: Holding
    path: str
    courses: list[Course]
    done: set[int] = field(default_factory=set)

    def lesson_path(self, lesson: Lesson) -> str:
        """Return where a lesson is, without language."""
        return f"{self.path}/lessons/{lesson.public_id}"

    def find(self, lesson_id: str) -> "Place":
        """Return the place of a lesson by its public id.

        Raises:
            NotFound: none of the courses has it.
        """
        for course in self.courses:
            for number, lesson in enumerate(course.lessons):
                if lesson.public_id == lesson_id:
                    return Place(course, lesson, number)
        raise NotFound

    def count_done(self, course: Course) -> int:
        """Return how many lessons of the course are finished."""
        return sum(lesson.id in self.done for lesson in course.lessons)

    def upcoming(self, course: Course) -> Lesson:
        """Return the lesson to go on with: the first that is not finished, or the first of all."""
        return next((lesson for lesson in course.lessons if lesson.id not in self.done), course.lessons[0])


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its course a lesson stands."""

    course: Course
    lesson: Lesson
    number: int

    @property
    def before(self) -> Lesson | None:
        """The lesson before."""
        return self.course.lessons[self.number - 1] if self.number else None

    @property
    def after(self) -> Lesson | None:
        """The lesson after."""
        return next(iter(self.course.lessons[self.number + 1 :]), None)


def get_classroom(public_id: str) -> Classroom:
    """Return the classroom of a purchase by its unguessable address.

    Raises:
        NotFound: there is none, it can't be used now, or it holds no course; the answer is the same.
    """
    room = classroom_of(get_holding(public_id))
    if room is None:
        raise NotFound
    return room


def classroom_of(holding: Holding) -> Classroom | None:
    """Return the classroom of a purchase, None when it holds no lessons (4 queries at any number of lessons)."""
    courses = courses_of([one for one in holding.contents if one.kind is ContentKind.COURSE])
    if not courses:
        return None
    entitlement = holding.entitlement
    return Classroom(holding, f"/library/{entitlement.public_id}", courses, _done(entitlement.id))


def courses_of(contents: Sequence[Content]) -> list[Course]:
    """Return the courses with their chapters, lessons and media; those without lessons are left out (3 queries)."""
    statement = (
        select(Chapter)
        .where(Chapter.content_id.in_([content.id for content in contents]))
        .order_by(Chapter.position, Chapter.id)
        .options(selectinload(Chapter.lessons).selectinload(Lesson.media))
    )
    chapters = list(db.session().scalars(statement)) if contents else []
    courses = []
    for content in contents:
        own = [chapter for chapter in chapters if chapter.content_id == content.id]
        lessons = [lesson for chapter in own for lesson in chapter.lessons]
        if lessons:
            courses.append(Course(content, own, lessons))
    return courses


def _done(entitlement_id: int) -> set[int]:
    statement = select(LessonProgress.lesson_id).where(LessonProgress.entitlement_id == entitlement_id)
    return set(db.session().scalars(statement))
