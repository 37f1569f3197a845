"""Lessons: seen, played, finished; and where one is in them."""

import re

from flask import Response, flash, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog.service.lessons import find_captions, get_file
from storefront.core import db
from storefront.core.clock import datetime, from_timestamp, timedelta
from storefront.fulfilment.access import note
from storefront.fulfilment.states import Deed
from storefront.learning import progress
from storefront.learning.classroom import get_classroom, load_lesson
from storefront.learning.views.blueprint import learning
from storefront.learning.views.showing import render_lesson
from storefront.storage.service import signed_url
from storefront.web.access import public
from storefront.web.pages import go, render_page


@learning.get("/library/<public_id>/lessons/<lesson_id>")
@public
def show_lesson(public_id: str, lesson_id: str) -> Response:
    """Show one lesson, or when it opens and why."""
    room = get_classroom(public_id)
    place = room.find(lesson_id)
    opens_at = room.opens_at(place.lesson)
    if opens_at is not None:
        return render_page("learning/locked.html", status=403, room=room, place=place, opens_at=opens_at)
    if room.entitlement is not None:
        with db.unit_of_work():
            note(room.entitlement, Deed.LESSON, place.lesson.title)
    return render_lesson(room, place)


@learning.post("/library/<public_id>/lessons/<lesson_id>/done")
@public
def finish_lesson(public_id: str, lesson_id: str) -> BaseResponse:
    """Note that a lesson is finished, and go on to the next, or back to the course after the last."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    lesson = load_lesson(place.lesson)
    try:
        with db.unit_of_work():
            progress.finish(room.entitlement.id, lesson)
    except progress.NotPassed as error:
        flash(gettext(error.sentence), "warning")
        return go(f"{request.script_root}{room.lesson_path(place.lesson)}#quiz")
    return go(request.script_root + (room.lesson_path(place.after) if place.after else room.path))


@learning.post("/library/<public_id>/lessons/<lesson_id>/done/removal")
@public
def reopen_lesson(public_id: str, lesson_id: str) -> BaseResponse:
    """Note that a lesson is not finished after all."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    with db.unit_of_work():
        progress.mark_undone(room.entitlement.id, place.lesson.id)
    return go(request.script_root + room.lesson_path(place.lesson))


@learning.post("/library/<public_id>/lessons/<lesson_id>/position")
@public
def report_position(public_id: str, lesson_id: str) -> Response:
    """Note where a learner is. The page says when by our own clock: when we made it, and how long ago that was."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    moment = from_timestamp(0) + timedelta(milliseconds=_number("opened") + _number("elapsed"))
    entitlement_id = room.entitlement.id
    db.again_on_conflict(lambda: _report(entitlement_id, place.lesson.id, _number("seconds"), moment))
    return Response(status=204)


@learning.get("/library/<public_id>/lessons/<lesson_id>/captions/<language>.vtt")
@public
def send_captions(public_id: str, lesson_id: str, language: str) -> Response:
    """Send the captions of a language."""
    lesson = load_lesson(get_classroom(public_id).find_open(lesson_id).lesson)
    return Response(find_captions(lesson, language).text, content_type="text/vtt; charset=utf-8")


@learning.get("/library/<public_id>/lessons/<lesson_id>/files/<file_id>")
@public
def open_file(public_id: str, lesson_id: str, file_id: str) -> BaseResponse:
    """Lead to a fresh link to a file of the lesson; an old one is dead within minutes."""
    lesson = load_lesson(get_classroom(public_id).find_open(lesson_id).lesson)
    return redirect(signed_url(get_file(lesson, file_id).file, inline=True, holder=public_id), 302)


def _report(entitlement_id: int, lesson_id: int, seconds: int, moment: datetime) -> None:
    with db.unit_of_work():
        progress.report(entitlement_id, lesson_id, seconds, moment)


def _number(name: str) -> int:
    """Return a whole number that was sent; odd ones are 0, which is never newer than anything."""
    text = request.form.get(name, "").partition(".")[0]
    return int(text) if re.fullmatch("[0-9]{1,14}", text, re.ASCII) else 0
