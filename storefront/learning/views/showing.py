"""The page of a lesson, for its learner and for the owner who wants to see what buyers see."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog.lesson_text import is_picture, lesson_html
from storefront.catalog.models import Caption, Lesson
from storefront.catalog.vtt import Paragraph, transcript_of
from storefront.core.clock import now
from storefront.learning import discussion, notes, quizzes
from storefront.learning.classroom import Classroom, Place, load_lesson
from storefront.learning.forms import NoteForm, PostForm
from storefront.learning.models import QuizAttempt
from storefront.learning.playing import playback_of, shown_to_owner
from storefront.web.filters import tr
from storefront.web.language import current_language
from storefront.web.markdown import render_markdown
from storefront.web.pages import announce, go, render_page, wants_fragment

LESSON_PAGE = "learning/show_lesson.html"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said in a film: as the owner wrote it down, or in paragraphs from the captions."""

    words: str
    paragraphs: tuple[Paragraph, ...]


def render_lesson(
    room: Classroom,
    place: Place,
    *,
    fragment: str | None = None,
    also: tuple[str, ...] = (),
    status: int = 200,
    note_form: NoteForm | None = None,
    post_form: PostForm | None = None,
    answering: str = "",
) -> Response:
    """Return the page of an open lesson, or a piece of it; forms that came back with errors as they were filled in.

    ``answering`` is the question under which the form of ``post_form`` stands.
    """
    lesson = load_lesson(place.lesson)
    start = _start(room, lesson)
    return render_page(
        LESSON_PAGE,
        fragment=fragment,
        also=also,
        status=status,
        room=room,
        place=place,
        lesson=lesson,
        base=request.script_root + room.lesson_path(lesson),
        playback=playback_of(room, lesson, start),
        shown=shown_to_owner(room, lesson),
        start=start,
        text=_text(room, lesson),
        told=_told(lesson),
        downloads=[one for one in lesson.files if not is_picture(one)],
        note_form=note_form or NoteForm(None),
        post_form=post_form or PostForm(None),
        answering=answering,
        opened_ms=int(now().timestamp() * 1000),
        **_of_the_learner(room, lesson),
    )


def answer_piece(
    room: Classroom, place: Place, fragment: str, anchor: str, sentence: str, *, also: tuple[str, ...] = ()
) -> BaseResponse:
    """Answer what a learner has changed in a piece of the page: with the piece alone, or with the way back to it."""
    if wants_fragment():
        return announce(render_lesson(room, place, fragment=fragment, also=also), sentence)
    return go(f"{request.script_root}{room.lesson_path(place.lesson)}#{anchor}")


def find_caption(lesson: Lesson) -> Caption | None:
    """Return the captions in the language of the page, else the first."""
    own = (one for one in lesson.captions if one.language.partition("-")[0] == current_language())
    return next(own, None) or next(iter(lesson.captions), None)


def _of_the_learner(room: Classroom, lesson: Lesson) -> dict[str, Any]:
    entitlement_id = room.entitlement.id if room.entitlement else None
    quiz = quizzes.view_of(lesson.quiz, entitlement_id) if lesson.quiz else None
    attempt: QuizAttempt | None = quiz.attempt if quiz else None
    return {
        "quiz": quiz,
        "attempt": attempt,
        "notes": notes.notes_of(entitlement_id, lesson.id) if entitlement_id else [],
        "threads": discussion.threads_of(lesson.id),
    }


def _text(room: Classroom, lesson: Lesson) -> str:
    base = request.script_root + room.lesson_path(lesson)
    return lesson_html(tr(lesson, "body"), lesson.files, lambda one: f"{base}/files/{one.public_id}")


def _told(lesson: Lesson) -> Told | None:
    words = tr(lesson, "transcript")
    if words:
        return Told(render_markdown(words), ())
    caption = find_caption(lesson)
    return Told("", transcript_of(caption.text)) if caption else None


def _start(room: Classroom, lesson: Lesson) -> int:
    """Return the second to begin with: the one that the address names, else the one where the learner was."""
    asked = request.args.get("t", "")
    if asked.isascii() and asked.isdigit() and len(asked) <= 6:
        return int(asked)
    return room.start_of(lesson)
