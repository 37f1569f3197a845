"""Notes of a learner, and all of them as a file."""

from flask import Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core import db
from storefront.learning import notes
from storefront.learning.classroom import get_classroom
from storefront.learning.forms import NoteForm
from storefront.learning.views.blueprint import learning
from storefront.learning.views.showing import answer_piece, render_lesson
from storefront.web.access import public

_PIECE = "learning/_notes.html"


@learning.post("/library/<public_id>/lessons/<lesson_id>/notes")
@public
def add_note(public_id: str, lesson_id: str) -> BaseResponse:
    """Keep a note."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    form = NoteForm(request.form)
    if not form.validate():
        return render_lesson(room, place, fragment=_PIECE, status=422, note_form=form)
    with db.unit_of_work():
        notes.add(room.entitlement.id, place.lesson, form.note.data, form.at.seconds)
    return answer_piece(room, place, _PIECE, "notes", gettext("Your note is kept."))


@learning.post("/library/<public_id>/lessons/<lesson_id>/notes/<note_id>")
@public
def change_note(public_id: str, lesson_id: str, note_id: str) -> BaseResponse:
    """Write other words into a note, or remove it."""
    room = get_classroom(public_id)
    place = room.find_open(lesson_id)
    assert room.entitlement is not None
    form = NoteForm(request.form)
    is_removed = "remove" in request.form
    if not is_removed and not form.validate():
        return render_lesson(room, place, fragment=_PIECE, status=422, note_form=form)
    with db.unit_of_work():
        if is_removed:
            notes.remove(room.entitlement.id, note_id)
        else:
            notes.change(room.entitlement.id, note_id, form.note.data)
    said = gettext("Your note is gone.") if is_removed else gettext("Your note is kept.")
    return answer_piece(room, place, _PIECE, "notes", said)


@learning.get("/library/<public_id>/notes.txt")
@public
def export_notes(public_id: str) -> Response:
    """Send all notes of a purchase as a text file."""
    response = Response(notes.as_text(get_classroom(public_id)), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="notes.txt"'
    return response
