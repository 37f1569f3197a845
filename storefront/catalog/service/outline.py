"""The outline of a course: its chapters and lessons, put in order and renamed together."""

from collections.abc import Mapping, Sequence

from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.core import db
from storefront.core.errors import N_
from storefront.journal import service as journal

_STEPS = {"up": -1, "down": 1}


def arrange(product: Product, course: Content, wanted: Sequence[str], step: str | None = None) -> bool:
    """Put chapters and lessons in order; say whether anything moved.

    ``wanted`` names them by their public ids as they stand on the page: a chapter, the lessons in it, the next chapter.
    Then one step is made: ``ID:up`` or ``ID:down``. At the edge of its chapter a lesson goes over into the next one.
    What the page did not know yet stays where it is; what is gone meanwhile is ignored.
    """
    before = [(chapter, list(chapter.lessons)) for chapter in course.chapters]
    after = _stepped(_ordered(before, wanted), step)
    if after == before:
        return False
    for position, (chapter, lessons) in enumerate(after):
        chapter.position = position
        for place, lesson in enumerate(lessons):
            lesson.chapter_id, lesson.position = chapter.id, place
    session = db.session()
    session.flush()
    for chapter, _ in before:
        session.expire(chapter, ["lessons"])
    session.expire(course, ["chapters"])
    journal.write(topic_of(product), "course.arranged", title=course.title)
    return True


def rename(product: Product, course: Content, titles: Mapping[str, str]) -> bool:
    """Give chapters and lessons, named by their public ids, other titles; say whether anything changed.

    Raises:
        InvalidField: a title is empty or too long; ``field`` is ``title-`` and the id.
    """
    things: list[Chapter | Lesson] = []
    for chapter in course.chapters:
        things += [chapter, *chapter.lessons]
    changed = {}
    for thing in things:
        title = titles.get(thing.public_id, thing.title)
        if title == thing.title:
            continue
        if not title:
            raise InvalidField(f"title-{thing.public_id}", N_("Please enter a title."))
        if len(title) > 200:
            raise InvalidField(
                f"title-{thing.public_id}", N_("Please use at most %(max)d characters."), max=200
            )
        changed[thing.title], thing.title = title, title
    if changed:
        journal.write(topic_of(product), "course.renamed", title=course.title, changed=changed)
    return bool(changed)


Arrangement = list[tuple[Chapter, list[Lesson]]]


def _ordered(present: Arrangement, wanted: Sequence[str]) -> Arrangement:
    chapters = {chapter.public_id: chapter for chapter, _ in present}
    lessons = {lesson.public_id: lesson for _, some in present for lesson in some}
    result: dict[str, list[Lesson]] = {}
    placed: set[str] = set()
    here: list[Lesson] | None = None
    for name in wanted:
        if name in chapters:
            here = result.setdefault(name, [])
        elif name in lessons and name not in placed and here is not None:
            here.append(lessons[name])
            placed.add(name)
    for chapter, some in present:
        own = result.setdefault(chapter.public_id, [])
        own += [lesson for lesson in some if lesson.public_id not in placed]
    return [(chapters[name], some) for name, some in result.items()]


def _stepped(present: Arrangement, step: str | None) -> Arrangement:
    name, _, way = (step or "").rpartition(":")
    by = _STEPS.get(way, 0)
    result = [(chapter, list(lessons)) for chapter, lessons in present]
    for place, (chapter, lessons) in enumerate(result):
        other = place + by
        if chapter.public_id == name and 0 <= other < len(result):
            result[place], result[other] = result[other], result[place]
            break
        number = next((index for index, lesson in enumerate(lessons) if lesson.public_id == name), None)
        if number is not None:
            _step_lesson(result, place, number, by)
            break
    return result


def _step_lesson(result: Arrangement, place: int, number: int, by: int) -> None:
    lessons = result[place][1]
    if 0 <= number + by < len(lessons):
        lessons.insert(number + by, lessons.pop(number))
    elif 0 <= place + by < len(result):
        over = result[place + by][1]
        over.insert(len(over) if by < 0 else 0, lessons.pop(number))
