"""Courses: their outline, chapters, and what is set for the whole course."""

from collections.abc import Callable, Mapping

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.courses import (
    ChapterForm,
    OpeningForm,
    TitleForm,
    chapter_form,
    chapter_state,
    outline_state,
    titles_in,
)
from storefront.admin.views.asking import ask, choose_between, fragment, wanted_order
from storefront.admin.views.outlining import course_context
from storefront.admin.views.products import page_of
from storefront.catalog.models import Chapter, Content, Product
from storefront.catalog.service import contents, courses, editing, lessons, outline
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.states import ContentKind, ProductState
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment


@admin.post("/products/<slug>/contents/<content_id>/outline")
@owner_only
def save_outline(slug: str, content_id: str) -> BaseResponse:
    """Save titles and order of chapters and lessons, unless another window was quicker."""
    wanted, step = wanted_order()
    typed = titles_in(request.form)

    def change(product: Product) -> bool:
        course = _seen_course(product, content_id)
        is_renamed = outline.rename(product, course, typed)
        return outline.arrange(product, course, wanted, step) or is_renamed

    return _change_outline(slug, content_id, change, gettext("Saved."), typed)


@admin.post("/products/<slug>/contents/<content_id>/outline/autosave")
@owner_only
def autosave_outline(slug: str, content_id: str) -> BaseResponse:
    """Save the titles of a draft while the owner writes, and say so. What is published changes only by the button."""
    if not wants_fragment():
        return save_outline(slug, content_id)
    if editing.get_for_owner(slug).state is not ProductState.DRAFT:
        return _say_autosave(gettext("Not saved yet: press Save. Buyers see it at once."))
    typed = titles_in(request.form)

    def change(product: Product) -> str:
        course = _seen_course(product, content_id)
        outline.rename(product, course, typed)
        return outline_state(course)

    try:
        seen = change_product(slug, change)
    except SavedMeanwhile:
        return _say_autosave(
            gettext("Not saved: another window has changed this course. Press Save to compare.")
        )
    except InvalidField:
        return _say_autosave(gettext("Not saved yet: something needs to be corrected, or press Save."))
    answer = _say_autosave(gettext("Saved at %(time)s UTC.", time=f"{now():%H:%M:%S}"), seen)
    answer.headers["X-Saved"] = "1"
    return answer


@admin.post("/products/<slug>/contents/<content_id>/chapters")
@owner_only
def add_chapter(slug: str, content_id: str) -> BaseResponse:
    """Add a chapter to a course."""
    return _add(
        slug,
        content_id,
        lambda product, title: courses.add_chapter(product, _course(product, content_id), title),
        gettext("The chapter is there."),
    )


@admin.post("/products/<slug>/chapters/<chapter_id>/lessons")
@owner_only
def add_lesson(slug: str, chapter_id: str) -> BaseResponse:
    """Add a lesson to a chapter, and stay in the outline for the next."""
    _product, chapter = _get_chapter(slug, chapter_id)
    return _add(
        slug,
        courses.course_of(chapter.id).public_id,
        lambda product, title: courses.add_lesson(
            product, courses.get_chapter(product.id, chapter_id), title
        ),
        gettext("The lesson is there."),
        f"chapter-{chapter_id}",
    )


@admin.post("/products/<slug>/courses/<content_id>/opening")
@owner_only
def set_opening(slug: str, content_id: str) -> BaseResponse:
    """Have the lessons open one after the other."""
    form = OpeningForm(request.form)
    if not form.validate():
        flash(str(form.every_days.errors[0]), "error")
        return go(_course_url(slug, content_id))
    change_product(
        slug,
        lambda product: lessons.open_step_by_step(
            product,
            _course(product, content_id),
            form.every_days.days or 0,
            by_chapter=request.form.get("by") == "chapter",
        ),
    )
    flash(
        gettext("The lessons open step by step now.")
        if form.every_days.days
        else gettext("All lessons are open at once now."),
        "success",
    )
    return go(_course_url(slug, content_id))


@admin.post("/products/<slug>/courses/<content_id>/certificate-offer")
@owner_only
def offer_certificate(slug: str, content_id: str) -> BaseResponse:
    """Give a certificate for the course from now on, or no more."""
    is_offered = "offer" in request.form

    def change(product: Product) -> None:
        _course(product, content_id).gives_certificate = is_offered

    change_product(slug, change)
    flash(
        gettext("Who finishes the course gets a certificate.")
        if is_offered
        else gettext(
            "No certificates are issued for this course any more; those that there are still count."
        ),
        "success",
    )
    return go(_course_url(slug, content_id))


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
    gone = gettext("Its lessons, their videos and what learners have done of them will be gone for good.")
    return ask(
        gettext("Remove the chapter %(title)s?", title=chapter.title),
        f"{gone} ({len(chapter.lessons)})" if chapter.lessons else gettext("It has no lessons."),
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


def _add(
    slug: str, content_id: str, add: Callable[[Product, str], object], said: str, anchor: str | None = None
) -> BaseResponse:
    form = TitleForm()
    if not form.validate_on_submit():
        raise InvalidField("title", str(form.title.errors[0]))
    change_product(slug, lambda product: add(product, form.title.data))
    if wants_fragment():
        return announce(_render_outline(slug, content_id, titles_in(request.form)), said)
    return go(_course_url(slug, content_id, anchor))


def _change_outline(
    slug: str, content_id: str, change: Callable[[Product], bool], said: str, typed: Mapping[str, str]
) -> BaseResponse:
    try:
        change_product(slug, change)
    except SavedMeanwhile:
        sentence = gettext(
            "Another window has changed this course in the meantime; this is how it is now. The titles that you typed "
            "are still here: save again to keep them."
        )
        return _render_outline(slug, content_id, typed, sentence, 409)
    except InvalidField as error:
        return _render_outline(slug, content_id, typed, gettext(error.sentence, **error.values), 422)
    if wants_fragment():
        answer = announce(_render_outline(slug, content_id), said)
        answer.headers["X-Saved"] = "1"
        return answer
    flash(said, "success")
    return go(_course_url(slug, content_id))


def _render_outline(
    slug: str, content_id: str, typed: Mapping[str, str] | None = None, refusal: str = "", status: int = 200
) -> Response:
    product = editing.get_for_owner(slug)
    course = _course(product, content_id)
    return render_page(
        "admin/products/outline.html",
        fragment="admin/products/_chapters.html",
        status=status,
        content=course,
        **course_context(course, typed, refusal),
        **page_of(product, "contents"),
    )


def _render_chapter(product: Product, chapter: Chapter, form: ChapterForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/products/chapter.html",
        chapter=chapter,
        course=courses.course_of(chapter.id),
        form=form,
        status=status,
        **page_of(product, "contents"),
    )


def _say_autosave(sentence: str, seen: str | None = None) -> Response:
    return fragment("admin/products/_outline_state.html", sentence=sentence, fresh_seen=seen)


def _course(product: Product, content_id: str) -> Content:
    content = contents.get_content(product.id, content_id)
    if content.kind is not ContentKind.COURSE:
        raise NotFound
    return content


def _seen_course(product: Product, content_id: str) -> Content:
    """Return the course, if it still is as the outline showed it.

    Raises:
        SavedMeanwhile: another window has changed it.
    """
    course = _course(product, content_id)
    if request.form.get("seen") != outline_state(course):
        raise SavedMeanwhile
    return course


def _get_chapter(slug: str, chapter_id: str) -> tuple[Product, Chapter]:
    product = editing.get_for_owner(slug)
    return product, courses.get_chapter(product.id, chapter_id)


def _save_chapter(product: Product, chapter_id: str, form: ChapterForm) -> None:
    chapter = courses.get_chapter(product.id, chapter_id)
    form.require(chapter_state(chapter))
    courses.rename_chapter(product, chapter, form.title.data, form.translations)


def _course_url(slug: str, content_id: str, anchor: str | None = None) -> str:
    return url_for("admin.edit_content", slug=slug, content_id=content_id, _anchor=anchor)


def _course_url_of(slug: str, chapter: Chapter) -> str:
    course = courses.course_of(chapter.id)
    return _course_url(slug, course.public_id, f"chapter-{chapter.public_id}")
