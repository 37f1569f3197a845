"""What a lesson has besides its text and film: files, captions, a quiz, and when it opens."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog import quizzes, vtt
from storefront.catalog.models import Caption, Chapter, Content, Lesson, LessonFile, Product, Quiz
from storefront.catalog.service.contents import forget_file
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.errors import N_, NotFound, Refused
from storefront.journal import service as journal
from storefront.storage import service as storage
from storefront.storage.service import Upload

MOST_FILES = 50
MOST_CAPTIONS = 20
MOST_DAYS = 3650
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")


def get_whole_lesson(product_id: int, public_id: str) -> Lesson:
    """Return a lesson of the product with its media, files, captions and quiz (5 queries).

    Raises:
        NotFound: the product has no such lesson.
    """
    statement = (
        select(Lesson)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .where(Content.product_id == product_id, Lesson.public_id == public_id)
        .options(*with_all())
    )
    lesson = db.session().scalar(statement)
    if lesson is None:
        raise NotFound
    return lesson


def with_all() -> tuple[Any, ...]:
    """Return what to load so that a lesson can be shown."""
    return (
        selectinload(Lesson.media),
        selectinload(Lesson.files).selectinload(LessonFile.file),
        selectinload(Lesson.captions),
        selectinload(Lesson.quiz),
    )


def add_file(product: Product, lesson: Lesson, upload: Upload) -> LessonFile:
    """Put a file into the lesson. One of the same name takes the place of the one before, also in the text.

    Raises:
        Refused: there are many already.
    """
    stored = storage.register(upload)
    same = next((one for one in lesson.files if one.file.filename == stored.filename), None)
    if same is not None:
        before, same.file = same.file, stored
        db.session().flush()
        forget_file(before)
        added = same
    else:
        if len(lesson.files) >= MOST_FILES:
            raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_FILES)
        position = max((one.position for one in lesson.files), default=-1) + 1
        added = LessonFile(lesson_id=lesson.id, file=stored, position=position)
        lesson.files.append(added)
        db.session().flush()
    journal.write(topic_of(product), "lesson.file_added", title=lesson.title, file=stored.filename)
    return added


def get_file(lesson: Lesson, public_id: str) -> LessonFile:
    """Return one file of the lesson.

    Raises:
        NotFound: it has no such file.
    """
    found = next((one for one in lesson.files if one.public_id == public_id), None)
    if found is None:
        raise NotFound
    return found


def remove_file(product: Product, lesson: Lesson, public_id: str) -> None:
    """Take a file out of the lesson."""
    gone = get_file(lesson, public_id)
    stored = gone.file
    lesson.files.remove(gone)
    db.session().flush()
    forget_file(stored)
    journal.write(topic_of(product), "lesson.file_removed", title=lesson.title, file=stored.filename)


def set_captions(product: Product, lesson: Lesson, language: str, text: str) -> None:
    """Keep captions of a language, in place of those before.

    Raises:
        BadCaptions: they are no WebVTT. InvalidField: the language is none. Refused: there are many already.
    """
    if not _LANGUAGE.fullmatch(language):
        raise InvalidField("language", N_("Please name the language, such as en, zh or pt-BR."))
    kept = vtt.checked(text)
    known = next((one for one in lesson.captions if one.language == language), None)
    if known is None:
        if len(lesson.captions) >= MOST_CAPTIONS:
            raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_CAPTIONS)
        lesson.captions.append(Caption(lesson_id=lesson.id, language=language, text=kept))
    else:
        known.text = kept
    db.session().flush()
    journal.write(topic_of(product), "lesson.captions_set", title=lesson.title, language=language)


def find_captions(lesson: Lesson, language: str) -> Caption:
    """Return the captions of a language.

    Raises:
        NotFound: there are none.
    """
    found = next((one for one in lesson.captions if one.language == language), None)
    if found is None:
        raise NotFound
    return found


def remove_captions(product: Product, lesson: Lesson, language: str) -> None:
    """Take the captions of a language away."""
    lesson.captions.remove(find_captions(lesson, language))
    db.session().flush()
    journal.write(topic_of(product), "lesson.captions_removed", title=lesson.title, language=language)


def set_quiz(
    product: Product,
    lesson: Lesson,
    questions: list[quizzes.Question],
    pass_percent: int,
    most_tries: int | None,
) -> None:
    """Let the lesson ask these questions; none takes the quiz away. Attempts that were made stay as they were marked.

    Raises:
        InvalidField: a question can't be asked as it is.
    """
    if not questions:
        lesson.quiz = None
    else:
        quizzes.check(questions)
        quiz = lesson.quiz or Quiz(lesson_id=lesson.id)
        quiz.questions, quiz.pass_percent, quiz.most_tries = questions, pass_percent, most_tries
        lesson.quiz = quiz
    db.session().flush()
    journal.write(topic_of(product), "lesson.quiz_saved", title=lesson.title, questions=len(questions))


def open_later(lesson: Lesson, after_days: int | None, at: datetime | None) -> None:
    """Have the lesson open so many days after a buyer's access begins, or at a moment, or at once.

    Raises:
        InvalidField: both, or an odd number of days.
    """
    if after_days is not None and at is not None:
        raise InvalidField("opens_at", N_("Please choose days or a date, not both."))
    if after_days is not None and not 0 <= after_days <= MOST_DAYS:
        raise InvalidField("opens_after_days", N_("Please enter up to %(most)s days."), most=MOST_DAYS)
    lesson.opens_after_days, lesson.opens_at = after_days or None, at


def open_step_by_step(product: Product, course: Content, every_days: int, *, by_chapter: bool) -> None:
    """Have the lessons of a course open one after the other, every so many days, or chapter by chapter.

    The first opens at once; 0 days opens all at once. Free lessons are open to everybody anyway and take no turn.
    """
    if not 0 <= every_days <= MOST_DAYS:
        raise InvalidField("every_days", N_("Please enter up to %(most)s days."), most=MOST_DAYS)
    turn = 0
    for chapter in course.chapters:
        for lesson in chapter.lessons:
            days = 0 if lesson.is_preview else turn * every_days
            open_later(lesson, min(days, MOST_DAYS), None)
            turn += not by_chapter and not lesson.is_preview
        turn += by_chapter
    db.session().flush()
    journal.write(topic_of(product), "course.opening_set", title=course.title, days=every_days)
