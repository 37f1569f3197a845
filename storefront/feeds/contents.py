"""What of a purchase goes into a feed: what can be played, and what can be read. What is only streamed stays out."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Chapter, Content, Lesson
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment.service import Holding
from storefront.media import service as media
from storefront.storage.models import StoredFile

# By what reading programs open; a book whose type the shop did not find in its bytes is known by its name.
_BOOK_TYPES = {
    "epub": "application/epub+zip",
    "pdf": "application/pdf",
    "mobi": "application/x-mobipocket-ebook",
    "azw3": "application/vnd.amazon.mobi8-ebook",
    "cbz": "application/vnd.comicbook+zip",
    "fb2": "application/fb2+xml",
}

LessonFilter = Callable[[Holding, list[Lesson]], list[Lesson]]


class Episode(NamedTuple):
    """Something to hear or see. ``id`` is that of the lesson or content, ``seconds`` may be unknown."""

    id: str
    title: str
    words: str
    translations: dict[str, dict[str, str]]
    chapter: Chapter | None
    file: StoredFile
    seconds: int | None


class Book(NamedTuple):
    """Something to read, and the type that reading programs know it by."""

    holding: Holding
    content: Content
    file: StoredFile
    content_type: str


def _all(_holding: Holding, lessons: list[Lesson]) -> list[Lesson]:
    return lessons


_open_lessons: LessonFilter = _all


def ask_which_are_open(lesson_filter: LessonFilter) -> None:
    """Have the classroom say which lessons a learner may take now, since some open later."""
    global _open_lessons  # set once, when the app is put together
    _open_lessons = lesson_filter


def episodes_of(holding: Holding) -> list[Episode]:
    """Return what can be played of a purchase, in its order (6 queries at any number of episodes)."""
    chapters = _chapters(holding)
    lessons = [lesson for chapter in chapters for lesson in chapter.lessons]
    taken = {lesson.id for lesson in _open_lessons(holding, lessons)} if lessons else set()
    found: list[Episode] = []
    for content in holding.contents:
        if content.kind is ContentKind.COURSE:
            own = [chapter for chapter in chapters if chapter.content_id == content.id]
            found += _episodes_of_course(own, taken)
        elif content.file is not None and is_played(content.file) and not content.is_stream_only:
            found.append(_episode_of_file(content, content.file))
    return _as_they_play(found)


def _as_they_play(episodes: list[Episode]) -> list[Episode]:
    """A film that was made to play everywhere goes out in that form."""
    made = media.find_all([episode.file.id for episode in episodes]) if episodes else {}
    return [
        episode._replace(file=form.web) if (form := made.get(episode.file.id)) and form.web else episode
        for episode in episodes
    ]


def books_of(holding: Holding) -> list[Book]:
    """Return what can be read of a purchase (no query)."""
    found = []
    for content in holding.contents:
        content_type = _BOOK_TYPES.get(_ending(content.file)) if content.file is not None else None
        if content.file is not None and content_type is not None and not content.is_stream_only:
            found.append(Book(holding, content, content.file, content_type))
    return found


def is_played(stored: StoredFile) -> bool:
    """Whether this is a film or a sound."""
    return stored.content_type.startswith(("audio/", "video/"))


def _chapters(holding: Holding) -> list[Chapter]:
    ids = [content.id for content in holding.contents if content.kind is ContentKind.COURSE]
    if not ids:
        return []
    statement = (
        select(Chapter)
        .where(Chapter.content_id.in_(ids))
        .order_by(Chapter.position, Chapter.id)
        .options(selectinload(Chapter.lessons).selectinload(Lesson.media))
    )
    return list(db.session().scalars(statement))


def _episodes_of_course(chapters: list[Chapter], taken: set[int]) -> list[Episode]:
    return [
        Episode(
            id=lesson.public_id,
            title=lesson.title,
            words=lesson.body,
            translations=lesson.translations,
            chapter=chapter,
            file=lesson.media,
            seconds=lesson.duration_seconds,
        )
        for chapter in chapters
        for lesson in chapter.lessons
        if lesson.id in taken
        and not lesson.is_stream_only
        and lesson.media is not None
        and is_played(lesson.media)
    ]


def _episode_of_file(content: Content, stored: StoredFile) -> Episode:
    return Episode(content.public_id, content.title, "", content.translations, None, stored, None)


def _ending(stored: StoredFile) -> str:
    return stored.filename.rpartition(".")[2].lower()
