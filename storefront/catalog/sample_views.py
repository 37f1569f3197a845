"""Samples and free lessons, for everybody. Without a place in the page cache: what is withdrawn is gone at once."""

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog import samples
from storefront.catalog.lesson_text import is_picture, lesson_html
from storefront.catalog.models import LessonFile
from storefront.catalog.service.lessons import find_captions, get_file
from storefront.catalog.views import catalog
from storefront.core.errors import NotFound
from storefront.media import service as media
from storefront.storage.views import send_stored
from storefront.web.access import public
from storefront.web.filters import tr
from storefront.web.pages import render_page


@catalog.get("/samples/<sample_id>")
@public
def show_sample(sample_id: str) -> BaseResponse:
    """Send an excerpt, a track, a trailer."""
    return send_stored(samples.get_open_sample(sample_id, _token()))


@catalog.get("/samples/lessons/<lesson_id>")
@public
def show_free_lesson(lesson_id: str) -> Response:
    """Show a lesson that everybody may take."""
    free, token = samples.get_free_lesson(lesson_id, _token()), _token() or None
    files = free.lesson.files
    return render_page(
        "catalog/free_lesson.html",
        free=free,
        token=token,
        text=lesson_html(tr(free.lesson, "body"), files, lambda one: _file_path(lesson_id, one)),
        downloads=[(one.file, _file_path(lesson_id, one)) for one in files if not is_picture(one)],
    )


@catalog.get("/samples/lessons/<lesson_id>/media")
@public
def play_free_lesson(lesson_id: str) -> BaseResponse:
    """Send the video or sound of a lesson that everybody may take."""
    stored = samples.get_free_lesson(lesson_id, _token()).lesson.media
    if stored is None:
        raise NotFound
    return send_stored(media.best_of(stored))


@catalog.get("/samples/lessons/<lesson_id>/files/<file_id>")
@public
def open_free_file(lesson_id: str, file_id: str) -> BaseResponse:
    """Send a file of a lesson that everybody may take."""
    return send_stored(get_file(samples.get_free_lesson(lesson_id, _token()).lesson, file_id).file)


@catalog.get("/samples/lessons/<lesson_id>/captions/<language>.vtt")
@public
def send_free_captions(lesson_id: str, language: str) -> Response:
    """Send the captions of a lesson that everybody may take."""
    captions = find_captions(samples.get_free_lesson(lesson_id, _token()).lesson, language)
    return Response(captions.text, content_type="text/vtt; charset=utf-8")


def _file_path(lesson_id: str, one: LessonFile) -> str:
    return url_for(
        "catalog.open_free_file", lesson_id=lesson_id, file_id=one.public_id, preview=_token() or None
    )


def _token() -> str:
    """Return the secret of a preview, which opens what is not in the shop yet."""
    return request.args.get("preview", "")[:22]
