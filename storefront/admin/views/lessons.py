"""A lesson: its words, its film, and what else it has: files, captions, a quiz."""

from collections.abc import Callable

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.forms import trimmed
from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.courses import LessonForm, lesson_form, lesson_state
from storefront.admin.forms.quizzes import QuizForm, quiz_form, quiz_state, sent_quiz
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    begun_uploads,
    choose_between,
    fragment,
    most_bytes,
    preview_of,
    previewed_name,
    received,
    refusal_of,
    sent_files,
)
from storefront.admin.views.preparing import poster_sent, poster_url, prepare_again, show_state
from storefront.admin.views.products import page_of
from storefront.catalog import vtt
from storefront.catalog.models import Lesson, Product
from storefront.catalog.service import courses, editing, lessons
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.states import ProductState
from storefront.core.clock import now
from storefront.core.errors import NotFound, ShopError
from storefront.learning.quizzes import count_attempts
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page, wants_fragment


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
    except InvalidField as error:
        form.refuse(error)
        return _render_lesson(*_get_lesson(slug, lesson_id), form, status=422)
    flash(gettext("Saved."), "success")
    return go(_lesson_url(slug, lesson_id))


@admin.post("/products/<slug>/lessons/<lesson_id>/autosave")
@owner_only
def autosave_lesson(slug: str, lesson_id: str) -> BaseResponse:
    """Save a lesson of a draft while the owner writes, and say so. What is published changes only by the button."""
    product, lesson = _get_lesson(slug, lesson_id)
    if not wants_fragment():
        return save_lesson(slug, lesson_id)
    form = lesson_form(lesson, request.form)
    if product.state is not ProductState.DRAFT or not form.validate():
        return _say_autosave(gettext("Not saved yet: something needs to be corrected, or press Save."))
    try:
        change_product(slug, lambda locked: _save_lesson(locked, lesson_id, form))
    except SavedMeanwhile:
        return _say_autosave(
            gettext("Not saved: another window has saved this lesson. Press Save to compare.")
        )
    except InvalidField:
        return _say_autosave(gettext("Not saved yet: something needs to be corrected, or press Save."))
    _, saved = _get_lesson(slug, lesson_id)
    answer = _say_autosave(gettext("Saved at %(time)s UTC.", time=f"{now():%H:%M:%S}"), lesson_form(saved))
    answer.headers["X-Saved"] = "1"
    return answer


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


@admin.post("/products/<slug>/lessons/<lesson_id>/files")
@owner_only
def add_lesson_files(slug: str, lesson_id: str) -> BaseResponse:
    """Take files for the lesson."""
    product, lesson = _get_lesson(slug, lesson_id)
    try:
        for upload in received():
            change_product(slug, _adding(lesson_id, upload))
    except ShopError as error:
        form = lesson_form(lesson)
        return _render_lesson(product, lesson, form, file_refusal=refusal_of(error), status=error.status)
    return answer_upload(_lesson_url(slug, lesson_id, "lesson-files"))


@admin.get("/products/<slug>/lessons/<lesson_id>/files/<file_id>")
@owner_only
def open_lesson_file(slug: str, lesson_id: str, file_id: str) -> BaseResponse:
    """Give the owner a file of the lesson, as a learner gets it."""
    _product, lesson = _get_lesson(slug, lesson_id)
    return go(storage.signed_url(lessons.get_file(lesson, file_id).file, inline=True))


@admin.post("/products/<slug>/lessons/<lesson_id>/files/<file_id>/removal")
@owner_only
def remove_lesson_file(slug: str, lesson_id: str, file_id: str) -> BaseResponse:
    """Take a file out of the lesson."""
    _change(slug, lesson_id, lambda product, lesson: lessons.remove_file(product, lesson, file_id))
    flash(gettext("It is removed."), "success")
    return go(_lesson_url(slug, lesson_id, "lesson-files"))


@admin.post("/products/<slug>/lessons/<lesson_id>/captions")
@owner_only
def set_captions(slug: str, lesson_id: str) -> BaseResponse:
    """Take captions in a language."""
    product, lesson = _get_lesson(slug, lesson_id)
    language = trimmed(request.form.get("language"))[:12]
    try:
        sent = sent_files()[0]
        text = sent.stream.read(vtt.LONGEST + 1).decode("utf-8", errors="replace")
        if len(text) > vtt.LONGEST:
            raise vtt.BadCaptions
        _change(
            slug, lesson_id, lambda product, locked: lessons.set_captions(product, locked, language, text)
        )
    except ShopError as error:
        form, sentence = lesson_form(lesson), gettext(error.sentence, **error.values)
        return _render_lesson(
            product, lesson, form, caption_refusal=sentence, caption_language=language, status=error.status
        )
    flash(gettext("The captions are there."), "success")
    return go(_lesson_url(slug, lesson_id, "captions"))


@admin.get("/products/<slug>/lessons/<lesson_id>/captions/<language>.vtt")
@owner_only
def open_captions(slug: str, lesson_id: str, language: str) -> Response:
    """Give the owner the captions of a language."""
    _product, lesson = _get_lesson(slug, lesson_id)
    return Response(lessons.find_captions(lesson, language).text, content_type="text/vtt; charset=utf-8")


@admin.post("/products/<slug>/lessons/<lesson_id>/captions/<language>/removal")
@owner_only
def remove_captions(slug: str, lesson_id: str, language: str) -> BaseResponse:
    """Take the captions of a language away."""
    _change(slug, lesson_id, lambda product, lesson: lessons.remove_captions(product, lesson, language))
    flash(gettext("It is removed."), "success")
    return go(_lesson_url(slug, lesson_id, "captions"))


@admin.get("/products/<slug>/lessons/<lesson_id>/quiz")
@owner_only
def edit_quiz(slug: str, lesson_id: str) -> Response:
    """Show the quiz of a lesson, to be changed."""
    product, lesson = _get_lesson(slug, lesson_id)
    return _render_quiz(product, lesson, quiz_form(lesson.quiz))


@admin.post("/products/<slug>/lessons/<lesson_id>/quiz")
@owner_only
def save_quiz(slug: str, lesson_id: str) -> BaseResponse:
    """Save the quiz, unless something is wrong with it or another window was quicker; without questions it goes."""
    form = sent_quiz(request.form)
    try:
        change_product(slug, lambda product: _save_quiz(product, lesson_id, form))
    except InvalidField as error:
        form.refuse(error)
        return _render_quiz(*_get_lesson(slug, lesson_id), form, status=422)
    except SavedMeanwhile:
        product, lesson = _get_lesson(slug, lesson_id)
        form.seen = quiz_state(lesson.quiz)
        form.errors["questions"] = gettext(
            "Another window has saved this quiz in the meantime. What you typed is still here: save again to replace "
            "what is there, or open the page anew to see it."
        )
        return _render_quiz(product, lesson, form, status=409)
    flash(gettext("Saved.") if form.questions else gettext("The quiz is removed."), "success")
    return go(
        url_for("admin.edit_quiz", slug=slug, lesson_id=lesson_id)
        if form.questions
        else _lesson_url(slug, lesson_id)
    )


@admin.post("/products/<slug>/lessons/<lesson_id>/quiz/form")
@owner_only
def redraw_quiz(slug: str, lesson_id: str) -> Response:
    """Show the quiz as it was filled in, with a question or an answer more, less or elsewhere; nothing is saved."""
    form = sent_quiz(request.form)
    form.do(request.form.get("do", ""))
    return _render_quiz(*_get_lesson(slug, lesson_id), form)


@admin.get("/products/<slug>/lessons/<lesson_id>/removal")
@owner_only
def ask_to_remove_lesson(slug: str, lesson_id: str) -> Response:
    """Ask before a lesson is deleted."""
    _product, lesson = _get_lesson(slug, lesson_id)
    return ask(
        gettext("Remove the lesson %(title)s?", title=lesson.title),
        gettext(
            "Its text, video, files and quiz, and what learners have done, noted and asked there will be gone for good."
        ),
        action=url_for("admin.remove_lesson", slug=slug, lesson_id=lesson_id),
        button=gettext("Remove %(title)s", title=lesson.title),
        back=_lesson_url(slug, lesson_id),
    )


@admin.post("/products/<slug>/lessons/<lesson_id>/removal")
@owner_only
def remove_lesson(slug: str, lesson_id: str) -> BaseResponse:
    """Delete a lesson."""
    _product, lesson = _get_lesson(slug, lesson_id)
    course = courses.course_of(lesson.chapter_id)
    change_product(
        slug, lambda product: courses.remove_lesson(product, courses.get_lesson(product.id, lesson_id))
    )
    flash(gettext("The lesson is removed."), "success")
    return go(url_for("admin.edit_content", slug=slug, content_id=course.public_id))


def _get_lesson(slug: str, lesson_id: str) -> tuple[Product, Lesson]:
    product = editing.get_for_owner(slug)
    return product, lessons.get_whole_lesson(product.id, lesson_id)


def _change(slug: str, lesson_id: str, change: Callable[[Product, Lesson], object]) -> None:
    change_product(slug, lambda product: change(product, lessons.get_whole_lesson(product.id, lesson_id)))


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
        opens_after_days=form.opens_after_days.days,
        opens_at=form.opens_at.moment,
        transcript=form.transcript.data,
        translations=form.translations,
    )


def _set_media(product: Product, lesson_id: str, upload: storage.Upload, seconds: int | None) -> None:
    """What is refused has no row, and is swept out of the storage like all that broke off."""
    courses.set_media(product, courses.get_lesson(product.id, lesson_id), upload, seconds)


def _adding(lesson_id: str, upload: storage.Upload) -> Callable[[Product], object]:
    return lambda product: lessons.add_file(product, lessons.get_whole_lesson(product.id, lesson_id), upload)


def _save_quiz(product: Product, lesson_id: str, form: QuizForm) -> None:
    lesson = lessons.get_whole_lesson(product.id, lesson_id)
    percent, tries = form.numbers()
    if form.seen != quiz_state(lesson.quiz):
        raise SavedMeanwhile
    lessons.set_quiz(product, lesson, form.questions, percent, tries)


def _preparation_url(slug: str, lesson_id: str) -> str:
    return url_for("admin.show_lesson_preparation", slug=slug, lesson_id=lesson_id)


def _lesson_url(slug: str, lesson_id: str, anchor: str | None = None) -> str:
    return url_for("admin.edit_lesson", slug=slug, lesson_id=lesson_id, _anchor=anchor)


def _say_autosave(sentence: str, fresh: LessonForm | None = None) -> Response:
    return fragment("admin/products/_lesson_state.html", sentence=sentence, fresh=fresh)


def _render_lesson(
    product: Product,
    lesson: Lesson,
    form: LessonForm,
    *,
    status: int = 200,
    previewed: str = "",
    refusal: str = "",
    file_refusal: str = "",
    caption_refusal: str = "",
    caption_language: str = "",
) -> Response:
    return render_page(
        "admin/products/lesson.html",
        lesson=lesson,
        course=courses.course_of(lesson.chapter_id),
        form=form,
        previewed=previewed,
        refusal=refusal,
        file_refusal=file_refusal,
        caption_refusal=caption_refusal,
        caption_language=caption_language,
        media_url=storage.signed_url(media.best_of(lesson.media), inline=True) if lesson.media else None,
        poster_url=poster_url(lesson),
        prepared=media.find(lesson.media.id) if lesson.media else None,
        preparation_url=_preparation_url(product.slug, lesson.public_id),
        begun=begun_uploads(url_for("admin.set_media", slug=product.slug, lesson_id=lesson.public_id)),
        max_bytes=most_bytes(),
        status=status,
        **page_of(product, "contents"),
    )


def _render_quiz(product: Product, lesson: Lesson, form: QuizForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/products/quiz.html",
        fragment="admin/products/_quiz.html",
        lesson=lesson,
        course=courses.course_of(lesson.chapter_id),
        form=form,
        attempts=count_attempts(lesson.id),
        status=status,
        **page_of(product, "contents"),
    )
