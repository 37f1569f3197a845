"""The library and what is in it: files by links that die in minutes, lessons, keys, texts."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.catalog.models import Chapter, Lesson
from storefront.catalog.states import ProductKind
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.fulfilment import service
from storefront.storage.service import signed_url
from storefront.web.access import customer_only, public
from storefront.web.pages import go, render_page

fulfilment = Blueprint("fulfilment", __name__)


@fulfilment.get("/library")
@customer_only
def library() -> Response:
    """Show everything that the account has bought."""
    account = current_account()
    assert account is not None
    words, kind = request.args.get("q", "").strip()[:100], _kind(request.args.get("kind"))
    archived = request.args.get("archive") == "1"
    return render_page(
        "fulfilment/library.html",
        fragment="fulfilment/_library.html",
        holdings=service.find_in_library(account.id, words=words, kind=kind, archived=archived),
        account=account,
        words=words,
        kind=kind,
        archived=archived,
    )


@fulfilment.post("/library/<public_id>/archive")
@customer_only
def archive(public_id: str) -> BaseResponse:
    """Put a thing aside, or take it back when ``back`` is sent."""
    account = current_account()
    assert account is not None
    back = "back" in request.form
    with unit_of_work():
        service.set_aside(account.id, public_id, aside=not back)
    flash(
        gettext("It is back in your library.")
        if back
        else gettext("Put aside. You find it under “Things put aside”."),
        "success",
    )
    return go(url_for("fulfilment.library", archive="1" if back else None))


@fulfilment.get("/library/<public_id>")
@public
def show_holding(public_id: str) -> Response:
    """Show one thing that was bought, to whoever knows its unguessable address."""
    holding = service.get_holding(public_id)
    return render_page(
        "fulfilment/show_holding.html",
        holding=holding,
        chapters=service.course_of(holding),
        done=service.done_lessons(holding.entitlement.id),
    )


@fulfilment.get("/downloads/<public_id>/<content_id>")
@public
def download(public_id: str, content_id: str) -> BaseResponse:
    """Lead to a fresh link to a file; an old one is dead within minutes."""
    holding = service.get_holding(public_id)
    content = next((one for one in holding.contents if one.public_id == content_id and one.file), None)
    if content is None or content.file is None:
        raise NotFound
    return redirect(signed_url(content.file), 302)


@fulfilment.get("/library/<public_id>/lessons/<lesson_id>")
@public
def show_lesson(public_id: str, lesson_id: str) -> Response:
    """Show one lesson, with its video and the way to the next."""
    holding = service.get_holding(public_id)
    chapters = service.course_of(holding)
    lesson, before, after = _find_lesson(chapters, lesson_id)
    return render_page(
        "fulfilment/show_lesson.html",
        holding=holding,
        chapters=chapters,
        lesson=lesson,
        previous_lesson=before,
        next_lesson=after,
        media_url=signed_url(lesson.media, inline=True) if lesson.media else None,
        done=service.done_lessons(holding.entitlement.id),
    )


@fulfilment.post("/library/<public_id>/lessons/<lesson_id>/done")
@public
def finish_lesson(public_id: str, lesson_id: str) -> BaseResponse:
    """Note that a lesson is finished, and go on to the next, or back to the course after the last."""
    holding = service.get_holding(public_id)
    lesson, _, after = _find_lesson(service.course_of(holding), lesson_id)
    with unit_of_work():
        service.mark_done(holding.entitlement.id, lesson.id)
    if after is None:
        return go(url_for("fulfilment.show_holding", public_id=public_id))
    return go(url_for("fulfilment.show_lesson", public_id=public_id, lesson_id=after.public_id))


def _kind(word: str | None) -> ProductKind | None:
    return ProductKind(word) if word in list(ProductKind) else None


def _find_lesson(chapters: list[Chapter], lesson_id: str) -> tuple[Lesson, Lesson | None, Lesson | None]:
    """Return the lesson, and those before and after it."""
    lessons = [lesson for chapter in chapters for lesson in chapter.lessons]
    place = next((index for index, lesson in enumerate(lessons) if lesson.public_id == lesson_id), None)
    if place is None:
        raise NotFound
    before = lessons[place - 1] if place else None
    return lessons[place], before, lessons[place + 1] if place + 1 < len(lessons) else None
