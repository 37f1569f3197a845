"""Chapters and lessons of a course."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import (
    ChapterForm,
    LessonForm,
    TitleForm,
    chapter_form,
    chapter_state,
    lesson_form,
    lesson_state,
)
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    begun_uploads,
    choose_between,
    most_bytes,
    preview_of,
    previewed_name,
    received,
    refusal_of,
    wanted_order,
)
from storefront.admin.views.preparing import poster_sent, poster_url, prepare_again, show_state
from storefront.admin.views.products import page_of
from storefront.catalog.models import Chapter, Lesson, Product
from storefront.catalog.service import contents, courses, editing
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core.errors import NotFound, ShopError
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.post("/products/<slug>/contents/<content_id>/chapters")
@owner_only
def add_chapter(slug: str, content_id: str) -> BaseResponse:
    """Add a chapter to a course."""
    title = _title()
    change_product(
        slug,
        lambda product: courses.add_chapter(product, contents.get_content(product.id, content_id), title),
    )
    return go(_course_url(slug, content_id))


@admin.post("/products/<slug>/contents/<content_id>/chapters/order")
@owner_only
def order_chapters(slug: str, content_id: str) -> BaseResponse:
    """Put the chapters in order."""
    wanted, step = wanted_order()
    change_product(
        slug,
        lambda product: courses.move_chapters(
            product, contents.get_content(product.id, content_id), wanted, step
        ),
    )
    return go(_course_url(slug, content_id, f"chapter-{(step or '').partition(':')[0]}"))


@admin.get("/products/<slug>/chapters/<chapter_id>")
@owner_only
def edit_chapter(slug: str, chapter_id: str) -> Response:
    """Show a chapter's title, to be changed."""
    product, chapter = _get_chapter(slug, chapter_id)
    return _render_chapter(product, chapter, chapter_form(chapter))


@admin.post("/products/<slug>/chapters/<chapter_id>")
@owner_only
def save_chapter(slug: str, chapter_id: str) -> BaseResponse:
    """Save a chapter's title."""
    product, chapter = _get_chapter(slug, chapter_id)
    form = chapter_form(chapter, request.form)
    if not form.validate():
        return _render_chapter(product, chapter, form, status=422)
    try:
        change_product(slug, lambda locked: _save_chapter(locked, chapter_id, form))
    except SavedMeanwhile:
        product, chapter = _get_chapter(slug, chapter_id)
        return choose_between(form, chapter_form(chapter), chapter.title)
    flash(gettext("Saved."), "success")
    return go(_course_url_of(slug, chapter))


@admin.get("/products/<slug>/chapters/<chapter_id>/removal")
@owner_only
def ask_to_remove_chapter(slug: str, chapter_id: str) -> Response:
    """Ask before a chapter is deleted with its lessons."""
    _product, chapter = _get_chapter(slug, chapter_id)
    lessons = gettext("Its lessons, their videos and what learners have done of them will be gone for good.")
    return ask(
        gettext("Remove the chapter %(title)s?", title=chapter.title),
        f"{lessons} ({len(chapter.lessons)})" if chapter.lessons else gettext("It has no lessons."),
        action=url_for("admin.remove_chapter", slug=slug, chapter_id=chapter_id),
        button=gettext("Remove %(title)s", title=chapter.title),
        back=_course_url_of(slug, chapter),
    )


@admin.post("/products/<slug>/chapters/<chapter_id>/removal")
@owner_only
def remove_chapter(slug: str, chapter_id: str) -> BaseResponse:
    """Delete a chapter with its lessons."""
    _product, chapter = _get_chapter(slug, chapter_id)
    back = _course_url_of(slug, chapter)
    change_product(
        slug, lambda product: courses.remove_chapter(product, courses.get_chapter(product.id, chapter_id))
    )
    flash(gettext("The chapter is removed."), "success")
    return go(back)


@admin.post("/products/<slug>/chapters/<chapter_id>/lessons")
@owner_only
def add_lesson(slug: str, chapter_id: str) -> BaseResponse:
    """Add a lesson to a chapter and go on with its details."""
    title = _title()
    lesson = change_product(
        slug, lambda product: courses.add_lesson(product, courses.get_chapter(product.id, chapter_id), title)
    )
    return go(_lesson_url(slug, lesson.public_id))


@admin.post("/products/<slug>/chapters/<chapter_id>/lessons/order")
@owner_only
def order_lessons(slug: str, chapter_id: str) -> BaseResponse:
    """Put the lessons of a chapter in order."""
    wanted, step = wanted_order()
    _product, chapter = _get_chapter(slug, chapter_id)
    change_product(
        slug,
        lambda product: courses.move_lessons(
            product, courses.get_chapter(product.id, chapter_id), wanted, step
        ),
    )
    return go(_course_url_of(slug, chapter))


@admin.get("/products/<slug>/lessons/<lesson_id>")
@owner_only
def edit_lesson(slug: str, lesson_id: str) -> Response:
    """Show a lesson, to be changed."""
    product, lesson = _get_lesson(slug, lesson_id)
    return _render_lesson(product, lesson, lesson_form(lesson))


@admin.post("/products/<slug>/lessons/<lesson_id>")
@owner_only
def save_lesson(slug: str, lesson_id: str) -> BaseResponse:
    """Save a lesson's words."""
    product, lesson = _get_lesson(slug, lesson_id)
    form = lesson_form(lesson, request.form)
    if not form.validate():
        return _render_lesson(product, lesson, form, status=422)
    try:
        change_product(slug, lambda locked: _save_lesson(locked, lesson_id, form))
    except SavedMeanwhile:
        product, lesson = _get_lesson(slug, lesson_id)
        return choose_between(form, lesson_form(lesson), lesson.title)
    flash(gettext("Saved."), "success")
    return go(_lesson_url(slug, lesson_id))


@admin.post("/products/<slug>/lessons/<lesson_id>/form")
@owner_only
def redraw_lesson(slug: str, lesson_id: str) -> Response:
    """Show the form as it was filled in, with a preview of its text; nothing is saved."""
    product, lesson = _get_lesson(slug, lesson_id)
    form = lesson_form(lesson, request.form)
    return preview_of(form) or _render_lesson(product, lesson, form, previewed=previewed_name())


@admin.post("/products/<slug>/lessons/<lesson_id>/media")
@owner_only
def set_media(slug: str, lesson_id: str) -> BaseResponse:
    """Take a video or sound for the lesson."""
    product, lesson = _get_lesson(slug, lesson_id)
    try:
        upload = next(iter(received()))
        seconds = media.seconds_of(upload)
        change_product(slug, lambda locked: _set_media(locked, lesson_id, upload, seconds))
    except ShopError as error:
        form = lesson_form(lesson)
        return _render_lesson(product, lesson, form, refusal=refusal_of(error), status=error.status)
    return answer_upload(_lesson_url(slug, lesson_id))


@admin.get("/products/<slug>/lessons/<lesson_id>/media")
@owner_only
def open_media(slug: str, lesson_id: str) -> BaseResponse:
    """Play the owner the video or sound."""
    _product, lesson = _get_lesson(slug, lesson_id)
    if lesson.media is None:
        raise NotFound
    return go(storage.signed_url(lesson.media, inline=True))


@admin.get("/products/<slug>/lessons/<lesson_id>/media/removal")
@owner_only
def ask_to_remove_media(slug: str, lesson_id: str) -> Response:
    """Ask before a video or sound is deleted."""
    _product, lesson = _get_lesson(slug, lesson_id)
    name = lesson.media.filename if lesson.media else ""
    return ask(
        gettext("Remove %(title)s?", title=name),
        gettext("The file will be gone for good; the lesson keeps its text."),
        action=url_for("admin.remove_media", slug=slug, lesson_id=lesson_id),
        button=gettext("Remove %(title)s", title=name),
        back=_lesson_url(slug, lesson_id),
    )


@admin.post("/products/<slug>/lessons/<lesson_id>/media/removal")
@owner_only
def remove_media(slug: str, lesson_id: str) -> BaseResponse:
    """Delete the video or sound of a lesson."""
    change_product(
        slug, lambda product: courses.remove_media(product, courses.get_lesson(product.id, lesson_id))
    )
    flash(gettext("It is removed."), "success")
    return go(_lesson_url(slug, lesson_id))


@admin.get("/products/<slug>/lessons/<lesson_id>/preparation")
@owner_only
def show_lesson_preparation(slug: str, lesson_id: str) -> Response:
    """Say how far the preparing of the video or sound is."""
    _product, lesson = _get_lesson(slug, lesson_id)
    if lesson.media is None:
        raise NotFound
    return show_state(lesson.media.id, _lesson_url(slug, lesson_id), _preparation_url(slug, lesson_id))


@admin.post("/products/<slug>/lessons/<lesson_id>/preparation")
@owner_only
def prepare_lesson(slug: str, lesson_id: str) -> BaseResponse:
    """Have the video or sound prepared once more."""
    _product, lesson = _get_lesson(slug, lesson_id)
    prepare_again(lesson.media)
    return go(_lesson_url(slug, lesson_id))


@admin.post("/products/<slug>/lessons/<lesson_id>/poster")
@owner_only
def set_poster(slug: str, lesson_id: str) -> BaseResponse:
    """Take a picture that stands in the player before it plays, or take the present one away."""
    product, lesson = _get_lesson(slug, lesson_id)
    try:
        upload = None if "remove" in request.form else poster_sent()
        change_product(
            slug, lambda locked: courses.set_poster(locked, courses.get_lesson(locked.id, lesson_id), upload)
        )
    except ShopError as error:
        form = lesson_form(lesson)
        return _render_lesson(product, lesson, form, refusal=refusal_of(error), status=error.status)
    return answer_upload(_lesson_url(slug, lesson_id))


@admin.get("/products/<slug>/lessons/<lesson_id>/removal")
@owner_only
def ask_to_remove_lesson(slug: str, lesson_id: str) -> Response:
    """Ask before a lesson is deleted."""
    _product, lesson = _get_lesson(slug, lesson_id)
    return ask(
        gettext("Remove the lesson %(title)s?", title=lesson.title),
        gettext("Its text, its video and what learners have done of it will be gone for good."),
        action=url_for("admin.remove_lesson", slug=slug, lesson_id=lesson_id),
        button=gettext("Remove %(title)s", title=lesson.title),
        back=_lesson_url(slug, lesson_id),
    )


@admin.post("/products/<slug>/lessons/<lesson_id>/removal")
@owner_only
def remove_lesson(slug: str, lesson_id: str) -> BaseResponse:
    """Delete a lesson."""
    _product, lesson = _get_lesson(slug, lesson_id)
    back = _course_url(slug, courses.course_of(lesson.chapter_id).public_id)
    change_product(
        slug, lambda product: courses.remove_lesson(product, courses.get_lesson(product.id, lesson_id))
    )
    flash(gettext("The lesson is removed."), "success")
    return go(back)


def _title() -> str:
    """Return the title that was sent.

    Raises:
        InvalidField: there is none, or it is too long.
    """
    form = TitleForm()
    if not form.validate_on_submit():
        raise InvalidField("title", str(form.title.errors[0]))
    return str(form.title.data)


def _get_chapter(slug: str, chapter_id: str) -> tuple[Product, Chapter]:
    product = editing.get_for_owner(slug)
    return product, courses.get_chapter(product.id, chapter_id)


def _get_lesson(slug: str, lesson_id: str) -> tuple[Product, Lesson]:
    product = editing.get_for_owner(slug)
    return product, courses.get_lesson(product.id, lesson_id)


def _save_chapter(product: Product, chapter_id: str, form: ChapterForm) -> None:
    chapter = courses.get_chapter(product.id, chapter_id)
    form.require(chapter_state(chapter))
    courses.rename_chapter(product, chapter, form.title.data, form.translations)


def _save_lesson(product: Product, lesson_id: str, form: LessonForm) -> None:
    lesson = courses.get_lesson(product.id, lesson_id)
    form.require(lesson_state(lesson))
    courses.edit_lesson(
        product,
        lesson,
        title=form.title.data,
        body=form.body.data,
        duration_seconds=form.duration.seconds,
        is_preview=bool(form.is_preview.data),
        is_stream_only=bool(form.is_stream_only.data),
        translations=form.translations,
    )


def _set_media(product: Product, lesson_id: str, upload: storage.Upload, seconds: int | None) -> None:
    """What is refused has no row, and is swept out of the storage like all that broke off."""
    courses.set_media(product, courses.get_lesson(product.id, lesson_id), upload, seconds)


def _course_url(slug: str, content_id: str, anchor: str | None = None) -> str:
    return url_for("admin.edit_content", slug=slug, content_id=content_id, _anchor=anchor)


def _course_url_of(slug: str, chapter: Chapter) -> str:
    course = courses.course_of(chapter.id)
    return _course_url(slug, course.public_id, f"chapter-{chapter.public_id}")


def _preparation_url(slug: str, lesson_id: str) -> str:
    return url_for("admin.show_lesson_preparation", slug=slug, lesson_id=lesson_id)


def _lesson_url(slug: str, lesson_id: str) -> str:
    return url_for("admin.edit_lesson", slug=slug, lesson_id=lesson_id)


def _render_chapter(product: Product, chapter: Chapter, form: ChapterForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/products/chapter.html",
        chapter=chapter,
        course=courses.course_of(chapter.id),
        form=form,
        status=status,
        **page_of(product, "contents"),
    )


def _render_lesson(
    product: Product,
    lesson: Lesson,
    form: LessonForm,
    *,
    status: int = 200,
    previewed: str = "",
    refusal: str = "",
) -> Response:
    return render_page(
        "admin/products/lesson.html",
        lesson=lesson,
        course=courses.course_of(lesson.chapter_id),
        form=form,
        previewed=previewed,
        refusal=refusal,
        media_url=storage.signed_url(media.best_of(lesson.media), inline=True) if lesson.media else None,
        poster_url=poster_url(lesson),
        prepared=media.find(lesson.media.id) if lesson.media else None,
        preparation_url=_preparation_url(product.slug, lesson.public_id),
        begun=begun_uploads(url_for("admin.set_media", slug=product.slug, lesson_id=lesson.public_id)),
        max_bytes=most_bytes(),
        status=status,
        **page_of(product, "contents"),
    )
