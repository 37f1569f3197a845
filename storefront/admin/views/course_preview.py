"""A course as its buyers see it. Nothing that the owner does there is noted."""

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.catalog.service import contents, editing, lessons
from storefront.core.errors import NotFound
from storefront.learning.classroom import Classroom, courses_of
from storefront.learning.views.showing import render_lesson
from storefront.storage.service import signed_url
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/products/<slug>/courses/<content_id>/preview")
@owner_only
def preview_course(slug: str, content_id: str) -> Response:
    """Show the page of a course."""
    return render_page("learning/preview.html", classroom=_room(slug, content_id))


@admin.get("/products/<slug>/courses/<content_id>/preview/lessons/<lesson_id>")
@owner_only
def preview_lesson(slug: str, content_id: str, lesson_id: str) -> Response:
    """Show a lesson, also one that buyers see later."""
    room = _room(slug, content_id)
    return render_lesson(room, room.find(lesson_id))


@admin.get("/products/<slug>/courses/<content_id>/preview/lessons/<lesson_id>/captions/<language>.vtt")
@owner_only
def preview_captions(slug: str, content_id: str, lesson_id: str, language: str) -> Response:
    """Send the captions of a language."""
    lesson = lessons.get_whole_lesson(editing.get_for_owner(slug).id, lesson_id)
    return Response(lessons.find_captions(lesson, language).text, content_type="text/vtt; charset=utf-8")


@admin.get("/products/<slug>/courses/<content_id>/preview/lessons/<lesson_id>/files/<file_id>")
@owner_only
def preview_file(slug: str, content_id: str, lesson_id: str, file_id: str) -> BaseResponse:
    """Lead to a file of the lesson."""
    lesson = lessons.get_whole_lesson(editing.get_for_owner(slug).id, lesson_id)
    return go(signed_url(lessons.get_file(lesson, file_id).file, inline=True))


def _room(slug: str, content_id: str) -> Classroom:
    product = editing.get_for_owner(slug)
    courses = courses_of([contents.get_content(product.id, content_id)])
    if not courses:
        raise NotFound
    return Classroom(
        product=product,
        path=f"/admin/products/{product.slug}/courses/{content_id}/preview",
        courses=courses,
        editor_path=url_for("admin.edit_content", slug=product.slug, content_id=content_id),
    )
