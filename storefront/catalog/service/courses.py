"""Chapters and lessons of a course."""

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import selectinload

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.catalog.service.contents import files_of, forget_file, forget_files
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.lessons import open_later
from storefront.catalog.service.texts import merged
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.errors import N_, NotFound, Refused, ShopError
from storefront.gateways import ffmpeg
from storefront.journal import service as journal
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.storage.service import Upload

MOST_CHAPTERS = 200
MOST_LESSONS = 500


class NotPlayable(ShopError):
    """A lesson plays video or sound, nothing else."""

    status = 422
    sentence = N_(
        "Browsers can't play this file. Please send an MP4 or WebM video, or an MP3, M4A or OGG sound."
    )


PLAYABLE = frozenset(
    {
        "video/mp4",
        "video/webm",
        "video/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
        "audio/wav",
        "audio/flac",
    }
)
# What ffmpeg makes playable.
_CONVERTIBLE = frozenset({"video/quicktime", "video/x-matroska", "video/x-msvideo"})


def get_lesson(product_id: int, public_id: str) -> Lesson:
    """Return a lesson of the product, with its media.

    Raises:
        NotFound: the product has no such lesson.
    """
    statement = (
        select(Lesson)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .where(Content.product_id == product_id, Lesson.public_id == public_id)
        .options(selectinload(Lesson.media))
    )
    lesson = db.session().scalar(statement)
    if lesson is None:
        raise NotFound
    return lesson


def get_chapter(product_id: int, public_id: str) -> Chapter:
    """Return a chapter of the product, with its lessons and their media.

    Raises:
        NotFound: the product has no such chapter.
    """
    statement = (
        select(Chapter)
        .join(Content, Content.id == Chapter.content_id)
        .where(Content.product_id == product_id, Chapter.public_id == public_id)
        .options(selectinload(Chapter.lessons).selectinload(Lesson.media))
    )
    chapter = db.session().scalar(statement)
    if chapter is None:
        raise NotFound
    return chapter


def course_of(chapter_id: int) -> Content:
    """Return the course that the chapter belongs to."""
    its_course = select(Chapter.content_id).where(Chapter.id == chapter_id).scalar_subquery()
    return db.get_or_404(Content, Content.id == its_course)


def add_chapter(product: Product, course: Content, title: str) -> Chapter:
    """Add an empty chapter at the end of the course."""
    position = _next(Chapter, Chapter.content_id == course.id, MOST_CHAPTERS)
    chapter = Chapter(content_id=course.id, title=title, position=position, translations={})
    db.session().add(chapter)
    db.session().flush()
    journal.write(topic_of(product), "chapter.added", title=title)
    return chapter


def rename_chapter(
    product: Product, chapter: Chapter, title: str, translations: dict[str, dict[str, str]]
) -> None:
    """Change the title of a chapter."""
    journal.write(topic_of(product), "chapter.saved", title=[chapter.title, title])
    chapter.title = title
    chapter.translations = merged(chapter.translations, translations)


def remove_chapter(product: Product, chapter: Chapter) -> None:
    """Delete a chapter with its lessons and their files, and what learners had done of it."""
    files = [lesson.media for lesson in chapter.lessons] + files_of([lesson.id for lesson in chapter.lessons])
    db.session().flush()
    db.session().execute(
        delete(Chapter).where(Chapter.id == chapter.id).execution_options(synchronize_session=False)
    )
    forget_files(files)
    journal.write(topic_of(product), "chapter.removed", title=chapter.title, lessons=len(chapter.lessons))


def add_lesson(product: Product, chapter: Chapter, title: str) -> Lesson:
    """Add an empty lesson at the end of the chapter."""
    position = _next(Lesson, Lesson.chapter_id == chapter.id, MOST_LESSONS)
    lesson = Lesson(chapter_id=chapter.id, title=title, position=position, translations={})
    db.session().add(lesson)
    db.session().flush()
    journal.write(topic_of(product), "lesson.added", title=title)
    return lesson


def edit_lesson(
    product: Product,
    lesson: Lesson,
    *,
    title: str,
    body: str,
    duration_seconds: int | None,
    is_preview: bool,
    is_stream_only: bool,
    translations: dict[str, dict[str, str]],
    transcript: str = "",
    opens_after_days: int | None = None,
    opens_at: datetime | None = None,
) -> None:
    """Change what a lesson says, how long it takes, when it opens, who may take it, and whether it can be kept.

    Raises:
        InvalidField: it can't open like this.
    """
    open_later(lesson, opens_after_days, opens_at)
    lesson.title, lesson.body, lesson.transcript = title, body, transcript
    lesson.duration_seconds, lesson.is_preview = duration_seconds, is_preview
    lesson.is_stream_only = is_stream_only
    lesson.translations = merged(lesson.translations, translations)
    db.session().flush()
    journal.write(topic_of(product), "lesson.saved", title=title, is_preview=is_preview)


def set_media(product: Product, lesson: Lesson, upload: Upload, duration_seconds: int | None) -> None:
    """Give the lesson a video or sound in place of the present one, and its duration where that is known.

    Raises:
        NotPlayable: browsers can't play it, and it can't be made playable here.
    """
    kind = upload.content_type.partition(";")[0]
    if kind not in PLAYABLE and not (kind in _CONVERTIBLE and ffmpeg.is_installed()):
        raise NotPlayable
    before = lesson.media
    lesson.media = storage.register(upload)
    media.want(lesson.media)
    lesson.duration_seconds = duration_seconds or lesson.duration_seconds
    db.session().flush()
    if before is not None:
        forget_file(before)
    journal.write(topic_of(product), "lesson.media_set", title=lesson.title, file=lesson.media.filename)


def set_poster(product: Product, lesson: Lesson, upload: Upload | None) -> None:
    """Give the lesson a picture that stands in the player before it plays; None takes it away."""
    before = db.session().get(StoredFile, lesson.poster_id) if lesson.poster_id else None
    lesson.poster_id = storage.register(upload).id if upload else None
    db.session().flush()
    if before is not None:
        forget_file(before)
    journal.write(topic_of(product), "lesson.poster_set", title=lesson.title)


def note_playing_time(file_id: int, seconds: int) -> None:
    """Write the playing time into the lessons that play the file and do not say it, in the current unit."""
    statement = (
        update(Lesson)
        .where(Lesson.media_id == file_id, Lesson.duration_seconds.is_(None))
        .values(duration_seconds=seconds)
        .returning(Lesson.chapter_id)
        .execution_options(synchronize_session=False)
    )
    chapters = set(db.session().scalars(statement))
    products = (
        select(Content.product_id)
        .join(Chapter, Chapter.content_id == Content.id)
        .where(Chapter.id.in_(chapters))
        .distinct()
    )
    for product_id in list(db.session().scalars(products)) if chapters else []:
        refresh_card(product_id)
        raise_stamp()


def remove_media(product: Product, lesson: Lesson) -> None:
    """Take the video or sound out of the lesson."""
    before = lesson.media
    if before is None:
        return
    lesson.media = None
    db.session().flush()
    forget_file(before)
    journal.write(topic_of(product), "lesson.media_removed", title=lesson.title, file=before.filename)


def remove_lesson(product: Product, lesson: Lesson) -> None:
    """Delete a lesson with its file, and what learners had done of it."""
    files = [lesson.media, *files_of([lesson.id])]
    db.session().flush()
    db.session().execute(
        delete(Lesson).where(Lesson.id == lesson.id).execution_options(synchronize_session=False)
    )
    forget_files(files)
    journal.write(topic_of(product), "lesson.removed", title=lesson.title)


def _next(model: type[Chapter] | type[Lesson], belongs: ColumnElement[bool], most: int) -> int:
    """Return the place after the last one."""
    found = select(func.count(model.id), func.coalesce(func.max(model.position), -1)).where(belongs)
    count, last = db.session().execute(found).one()
    if count >= most:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=most)
    return last + 1
