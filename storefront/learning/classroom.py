"""What a learner has before them: the courses of one purchase, how far they are, and what opens later."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.catalog.service.lessons import with_all
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import NotFound
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import Holding, get_holding
from storefront.learning.models import LessonPosition, LessonProgress

# Who was so near the end of a film begins it anew.
_END_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Course:
    """A course with its chapters and lessons in order."""

    content: Content
    chapters: list[Chapter]
    lessons: list[Lesson]


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


@dataclass(slots=True)
class Classroom:
    """The courses of one purchase as its learner sees them.

    ``path`` is where they are, without language. ``entitlement`` is None when the owner looks: everything is open then,
    nothing is noted, and ``editor_path`` leads back.
    """

    product: Product
    path: str
    courses: list[Course]
    entitlement: Entitlement | None = None
    done: set[int] = field(default_factory=set)
    positions: dict[int, LessonPosition] = field(default_factory=dict)
    holding: Holding | None = None
    editor_path: str = ""

    @property
    def is_preview(self) -> bool:
        """Whether the owner looks."""
        return self.entitlement is None

    def lesson_path(self, lesson: Lesson) -> str:
        """Return where a lesson is, without language."""
        return f"{self.path}/lessons/{lesson.public_id}"

    def opens_at(self, lesson: Lesson) -> datetime | None:
        """Return when a lesson opens that is still locked, None for one that is open."""
        if self.entitlement is None:
            return None
        moment = opening_of(lesson, self.entitlement)
        return moment if moment is not None and moment > now() else None

    def find(self, lesson_id: str) -> Place:
        """Return the place of a lesson by its public id, also of one that is locked.

        Raises:
            NotFound: none of the courses has it.
        """
        for course in self.courses:
            for number, lesson in enumerate(course.lessons):
                if lesson.public_id == lesson_id:
                    return Place(course, lesson, number)
        raise NotFound

    def find_open(self, lesson_id: str) -> Place:
        """Return the place of a lesson that may be taken now.

        Raises:
            NotFound: none of the courses has it, or it is locked.
        """
        place = self.find(lesson_id)
        if self.opens_at(place.lesson) is not None:
            raise NotFound
        return place

    def get_course(self, content_id: str) -> Course:
        """Return one course by the public id of its content.

        Raises:
            NotFound: the purchase has no such course.
        """
        for course in self.courses:
            if course.content.public_id == content_id:
                return course
        raise NotFound

    def count_done(self, course: Course) -> int:
        """Return how many lessons of the course are finished."""
        return sum(lesson.id in self.done for lesson in course.lessons)

    def is_complete(self, course: Course) -> bool:
        """Whether every lesson of the course is finished."""
        return self.count_done(course) == len(course.lessons)

    def upcoming(self, course: Course) -> Lesson:
        """Return the lesson to go on with: the last one that was open, or the next that is not finished and open."""
        seen = [lesson for lesson in course.lessons if lesson.id in self.positions]
        last = max(seen, key=lambda lesson: self.positions[lesson.id].reported_at, default=None)
        first = 0
        if last is not None and self.opens_at(last) is None:
            if last.id not in self.done:
                return last
            first = course.lessons.index(last) + 1
        for lesson in course.lessons[first:] + course.lessons[:first]:
            if lesson.id not in self.done and self.opens_at(lesson) is None:
                return lesson
        return course.lessons[0]

    def start_of(self, lesson: Lesson) -> int:
        """Return the second at which to go on with a film or sound; 0 when it was seen to its end."""
        position = self.positions.get(lesson.id)
        if position is None:
            return 0
        whole = lesson.duration_seconds
        # Of a short film the last seconds are a good part.
        is_at_end = whole and position.seconds > max(whole - _END_SECONDS, whole * 9 // 10)
        return 0 if is_at_end else position.seconds


def opening_of(lesson: Lesson, entitlement: Entitlement) -> datetime | None:
    """Return when a lesson opens for a buyer, None when it always was; free lessons are open to everybody."""
    if lesson.is_preview:
        return None
    if lesson.opens_after_days is not None:
        return entitlement.starts_at + timedelta(days=lesson.opens_after_days)
    return lesson.opens_at


def open_lessons(holding: Holding, lessons: list[Lesson]) -> list[Lesson]:
    """Return those of the lessons that the learner may take now."""
    moment = now()
    return [one for one in lessons if (opening_of(one, holding.entitlement) or moment) <= moment]


def get_classroom(public_id: str) -> Classroom:
    """Return the classroom of a purchase by its unguessable address.

    Raises:
        NotFound: there is none, it can't be used now, or it holds no lessons; the answer is the same.
    """
    room = classroom_of(get_holding(public_id))
    if room is None:
        raise NotFound
    return room


def classroom_of(holding: Holding) -> Classroom | None:
    """Return the classroom of a purchase, None when it holds no lessons (5 queries at any number of lessons)."""
    courses = courses_of(holding.contents)
    if not courses:
        return None
    entitlement = holding.entitlement
    return Classroom(
        product=holding.product,
        path=f"/library/{entitlement.public_id}",
        courses=courses,
        entitlement=entitlement,
        done=_done(entitlement.id),
        positions=_positions(entitlement.id),
        holding=holding,
    )


def courses_of(contents: Sequence[Content]) -> list[Course]:
    """Return the courses among the contents with their chapters and lessons; empty ones are left out (2 queries)."""
    wanted = [content for content in contents if content.kind is ContentKind.COURSE]
    statement = (
        select(Chapter)
        .where(Chapter.content_id.in_([content.id for content in wanted]))
        .order_by(Chapter.position, Chapter.id)
        .options(selectinload(Chapter.lessons))
    )
    chapters = list(db.session().scalars(statement)) if wanted else []
    courses = []
    for content in wanted:
        own = [chapter for chapter in chapters if chapter.content_id == content.id]
        lessons = [lesson for chapter in own for lesson in chapter.lessons]
        if lessons:
            courses.append(Course(content, own, lessons))
    return courses


def load_lesson(lesson: Lesson) -> Lesson:
    """Return the lesson with what it has besides its words: media, files, captions, quiz (6 queries)."""
    return db.session().scalars(select(Lesson).where(Lesson.id == lesson.id).options(*with_all())).one()


def _done(entitlement_id: int) -> set[int]:
    statement = select(LessonProgress.lesson_id).where(LessonProgress.entitlement_id == entitlement_id)
    return set(db.session().scalars(statement))


def _positions(entitlement_id: int) -> dict[int, LessonPosition]:
    statement = select(LessonPosition).where(LessonPosition.entitlement_id == entitlement_id)
    return {position.lesson_id: position for position in db.session().scalars(statement)}
