"""Samples and free lessons, for everybody. Without a place in the page cache: what is withdrawn is gone at once."""

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog import samples
from storefront.catalog.views import catalog
from storefront.core.errors import NotFound
from storefront.media import service as media
from storefront.storage.views import send_stored
from storefront.web.access import public
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
    return render_page(
        "catalog/free_lesson.html", free=samples.get_free_lesson(lesson_id, _token()), token=_token() or None
    )


@catalog.get("/samples/lessons/<lesson_id>/media")
@public
def play_free_lesson(lesson_id: str) -> BaseResponse:
    """Send the video or sound of a lesson that everybody may take."""
    stored = samples.get_free_lesson(lesson_id, _token()).lesson.media
    if stored is None:
        raise NotFound
    return send_stored(media.best_of(stored))


def _token() -> str:
    """Return the secret of a preview, which opens what is not in the shop yet."""
    return request.args.get("preview", "")[:22]
