"""Lessons of what was bought, for whoever knows its unguessable address."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.core.db import unit_of_work
from storefront.fulfilment import watching
from storefront.learning import progress
from storefront.learning.classroom import get_classroom
from storefront.web.access import public
from storefront.web.pages import go, render_page

learning = Blueprint("learning", __name__)


@learning.get("/library/<public_id>/lessons/<lesson_id>")
@public
def show_lesson(public_id: str, lesson_id: str) -> Response:
    """Show one lesson, with its video and the way to the next."""
    room = get_classroom(public_id)
    place = room.find(lesson_id)
    return render_page(
        "learning/show_lesson.html",
        room=room,
        place=place,
        lesson=place.lesson,
        playback=watching.of_lesson(room.holding, place.lesson),
    )


@learning.post("/library/<public_id>/lessons/<lesson_id>/done")
@public
def finish_lesson(public_id: str, lesson_id: str) -> BaseResponse:
    """Note that a lesson is finished, and go on to the next, or back to the course after the last."""
    room = get_classroom(public_id)
    place = room.find(lesson_id)
    with unit_of_work():
        progress.mark_done(room.holding.entitlement.id, place.lesson.id)
    return go(request.script_root + (room.lesson_path(place.after) if place.after else room.path))
