"""What learners note for themselves. A note belongs to one purchase; nobody else ever reads it, nor does the owner."""

from sqlalchemy import func, select

from storefront.catalog.models import Lesson
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, Refused
from storefront.learning.classroom import Classroom
from storefront.learning.models import LessonNote
from storefront.web.filters import duration
from storefront.web.language import in_language

LONGEST = 5000
MOST_NOTES = 2000


def notes_of(entitlement_id: int, lesson_id: int) -> list[LessonNote]:
    """Return the notes of a lesson in the order of the film; those without a second come last, oldest first."""
    statement = select(LessonNote).where(
        LessonNote.entitlement_id == entitlement_id, LessonNote.lesson_id == lesson_id
    )
    return list(
        db.session().scalars(
            statement.order_by(LessonNote.seconds.is_(None), LessonNote.seconds, LessonNote.id)
        )
    )


def add(entitlement_id: int, lesson: Lesson, body: str, seconds: int | None) -> LessonNote:
    """Keep a note in the current unit.

    Raises:
        Refused: there are many already.
    """
    own = select(func.count()).select_from(LessonNote).where(LessonNote.entitlement_id == entitlement_id)
    if (db.session().scalar(own) or 0) >= MOST_NOTES:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_NOTES)
    note = LessonNote(entitlement_id=entitlement_id, lesson_id=lesson.id, body=body, seconds=seconds)
    db.session().add(note)
    db.session().flush()
    return note


def change(entitlement_id: int, public_id: str, body: str) -> None:
    """Write other words into a note of this purchase, in the current unit.

    Raises:
        NotFound: the purchase has no such note.
    """
    note = _get(entitlement_id, public_id)
    note.body, note.updated_at = body, now()


def remove(entitlement_id: int, public_id: str) -> None:
    """Delete a note of this purchase in the current unit.

    Raises:
        NotFound: the purchase has no such note.
    """
    db.session().delete(_get(entitlement_id, public_id))


def as_text(room: Classroom) -> str:
    """Return all notes of a purchase as plain text, in the order of its lessons."""
    assert room.entitlement is not None
    statement = select(LessonNote).where(LessonNote.entitlement_id == room.entitlement.id)
    by_lesson: dict[int, list[LessonNote]] = {}
    for note in db.session().scalars(
        statement.order_by(LessonNote.seconds.is_(None), LessonNote.seconds, LessonNote.id)
    ):
        by_lesson.setdefault(note.lesson_id, []).append(note)
    lines = [in_language(room.product, "title")]
    for course in room.courses:
        for lesson in course.lessons:
            if lesson.id in by_lesson:
                lines += ["", in_language(lesson, "title"), *map(_line, by_lesson[lesson.id])]
    return "\n".join(lines) + "\n"


def _line(note: LessonNote) -> str:
    indented = note.body.replace("\n", "\n  ")
    return f"- {duration(note.seconds)}  {indented}" if note.seconds is not None else f"- {indented}"


def _get(entitlement_id: int, public_id: str) -> LessonNote:
    return db.get_or_404(
        LessonNote,
        LessonNote.entitlement_id == entitlement_id,
        LessonNote.public_id == public_id,
        for_update=True,
    )
