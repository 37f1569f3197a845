"""Questions about a lesson, and learners' answers."""

from flask import request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core import db
from storefront.core.errors import TooMany
from storefront.learning import discussion
from storefront.learning.classroom import Classroom, Place, get_classroom
from storefront.learning.forms import PostForm
from storefront.learning.views.blueprint import learning
from storefront.learning.views.showing import answer_piece, render_lesson
from storefront.web.access import public

_PIECE = "learning/_discussion.html"


@learning.post("/library/<public_id>/lessons/<lesson_id>/questions")
@public
def ask_question(public_id: str, lesson_id: str) -> BaseResponse:
    """Put a question under a lesson."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    form = PostForm(request.form)
    if not form.validate():
        return render_lesson(room, place, fragment=_PIECE, status=422, post_form=form)
    _slow_down(public_id)
    with db.unit_of_work():
        assert room.entitlement is not None
        discussion.ask(room.entitlement, place.lesson, form.words.data, form.author_name.data)
    return _answer(room, place, gettext("Your question is there. You get a mail when somebody answers."))


@learning.post("/library/<public_id>/lessons/<lesson_id>/questions/<question_id>/answers")
@public
def answer_question(public_id: str, lesson_id: str, question_id: str) -> BaseResponse:
    """Put an answer under a question."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    form = PostForm(request.form)
    if not form.validate():
        return render_lesson(room, place, fragment=_PIECE, status=422, post_form=form, answering=question_id)
    _slow_down(public_id)
    with db.unit_of_work():
        assert room.entitlement is not None
        discussion.answer(room.entitlement, place.lesson, question_id, form.words.data, form.author_name.data)
    return _answer(room, place, gettext("Your answer is there."))


def _slow_down(public_id: str) -> None:
    """A unit of its own: what was refused was counted, too."""
    with db.unit_of_work():
        was_often = discussion.is_often(public_id, request.remote_addr or "")
    if was_often:
        raise TooMany


def _answer(room: Classroom, place: Place, sentence: str) -> BaseResponse:
    return answer_piece(room, place, _PIECE, "questions", sentence)
