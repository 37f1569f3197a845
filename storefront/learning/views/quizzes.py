"""Taking a quiz."""

from flask import request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core import db
from storefront.learning import progress, quizzes
from storefront.learning.classroom import get_classroom, load_lesson
from storefront.learning.views.blueprint import learning
from storefront.learning.views.showing import answer_piece
from storefront.web.access import public

_PIECE = "learning/_quiz.html"


@learning.post("/library/<public_id>/lessons/<lesson_id>/quiz")
@public
def take_quiz(public_id: str, lesson_id: str) -> BaseResponse:
    """Mark the answers; who passes has finished the lesson."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    lesson = load_lesson(place.lesson)
    given = {name: request.form.getlist(name) for name in request.form}
    with db.unit_of_work():
        attempt = quizzes.attempt(room.entitlement.id, lesson, given)
        if attempt.has_passed:
            progress.mark_done(room.entitlement.id, place.lesson.id)
    if attempt.has_passed:
        room.done.add(place.lesson.id)
    said = gettext("Passed.") if attempt.has_passed else gettext("Not passed yet.")
    return answer_piece(room, place, _PIECE, "quiz", said, also=("learning/_steps.html",))
