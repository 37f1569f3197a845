"""What buyers of a product get: files, licence keys, texts, links, courses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Chapter, Content, ContentVersion, Lesson, LessonFile, Product
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.licences import check_pattern
from storefront.catalog.service.mistakes import InvalidField, StillNeeded
from storefront.catalog.service.ordering import place
from storefront.catalog.service.texts import merged
from storefront.catalog.states import ContentKind, Stamp
from storefront.core import db
from storefront.core.errors import N_, NotFound, Refused
from storefront.jobs.service import enqueue
from storefront.journal import service as journal
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.storage.service import Upload

MOST_CONTENTS = 200
LONGEST_URL = 500


# What ``stamping`` knows how to mark.
STAMPABLE = frozenset({"application/pdf", "application/epub+zip", "image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How buyers may have a file: only looked at, so many times, within so many days, and where it names them."""

    is_stream_only: bool = False
    download_limit: int | None = None
    download_days: int | None = None
    stamp: Stamp = Stamp.NONE


class KeysGivenOut(StillNeeded):
    """Buyers have keys of this content."""

    sentence = N_("Keys of this were already given to buyers, so it can't be removed.")


def list_contents(product_id: int) -> list[Content]:
    """Return what comes with the product in order, with files, chapters and lessons (4 queries)."""
    statement = (
        select(Content)
        .where(Content.product_id == product_id)
        .order_by(Content.position, Content.id)
        .options(selectinload(Content.file), selectinload(Content.chapters).selectinload(Chapter.lessons))
    )
    return list(db.session().scalars(statement))


def get_content(product_id: int, public_id: str) -> Content:
    """Return one thing that comes with the product, with its file, chapters, lessons and their media.

    Raises:
        NotFound: the product has no such content.
    """
    statement = (
        select(Content)
        .where(Content.product_id == product_id, Content.public_id == public_id)
        .options(
            selectinload(Content.file),
            selectinload(Content.chapters).selectinload(Chapter.lessons).selectinload(Lesson.media),
        )
    )
    content = db.session().scalar(statement)
    if content is None:
        raise NotFound
    return content


def add_file(product: Product, upload: Upload) -> Content:
    """Let buyers download an upload; it is titled like its file."""
    stored = storage.register(upload)
    media.want(stored)
    title = stored.filename.rpartition(".")[0] or stored.filename
    content = _add(product, ContentKind.FILE, title, file_id=stored.id)
    journal.write(
        topic_of(product), "content.added", title=content.title, file=stored.filename, size=stored.size
    )
    return content


def add_licence(product: Product, title: str, pattern: str, instructions: str) -> Content:
    """Give each buyer a key of this pattern.

    Raises:
        InvalidField: the pattern is odd or keys could be guessed.
    """
    content = _add(product, ContentKind.LICENCE, title, pattern=check_pattern(pattern), body=instructions)
    journal.write(topic_of(product), "content.added", title=title, pattern=content.pattern)
    return content


def add_text(product: Product, title: str, body: str) -> Content:
    """Let buyers read a text, in markdown."""
    content = _add(product, ContentKind.TEXT, title, body=body)
    journal.write(topic_of(product), "content.added", title=title)
    return content


def add_link(product: Product, title: str, url: str, body: str) -> Content:
    """Let buyers follow a link, with some words beside it.

    Raises:
        InvalidField: it is no web address.
    """
    content = _add(product, ContentKind.LINK, title, url=check_url(url), body=body)
    journal.write(topic_of(product), "content.added", title=title, url=content.url)
    return content


def add_course(product: Product, title: str) -> Content:
    """Let buyers take a course, which has no chapters yet."""
    content = _add(product, ContentKind.COURSE, title)
    journal.write(topic_of(product), "content.added", title=title)
    return content


def edit(
    product: Product,
    content: Content,
    *,
    title: str,
    body: str,
    pattern: str,
    variant_id: int | None,
    translations: dict[str, dict[str, str]],
    rules: "Rules | None" = None,
    url: str = "",
) -> None:
    """Change the words of a content, its key pattern (for keys from now on) or address, for which variant it is, and
    its rules.

    Raises:
        InvalidField: the pattern or the address is odd, the variant is not of this product, or this kind of file can't
            be stamped.
    """
    if content.kind is ContentKind.LINK:
        content.url = check_url(url)
    if content.kind is ContentKind.LICENCE and pattern.strip() != content.pattern:
        content.pattern = check_pattern(pattern)
    if variant_id is not None and variant_id not in {variant.id for variant in product.variants}:
        raise InvalidField("variant", N_("This variant is gone. Please choose another."))
    is_for_others = content.variant_id != variant_id
    content.title, content.body, content.variant_id = title, body, variant_id
    content.translations = merged(content.translations, translations)
    if rules is not None:
        _set_rules(content, rules)
    db.session().flush()
    if is_for_others:
        reach_buyers(content)
    journal.write(topic_of(product), "content.saved", title=title)


def check_url(text: str) -> str:
    """Return the web address without spaces around it.

    Raises:
        InvalidField: it is none, or too long.
    """
    plain = text.strip()
    try:
        parts = urlsplit(plain)
    except ValueError:
        parts = urlsplit("")
    is_plain = len(plain) <= LONGEST_URL and plain.isprintable() and " " not in plain
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise InvalidField("url", N_("Please enter a web address such as https://example.org/room."))
    return plain


def move(product: Product, wanted: Sequence[str], step: str | None = None) -> None:
    """Put the contents, named by their public ids, in the wanted order, then make one step (``ID:up``)."""
    contents = db.session().scalars(
        select(Content).where(Content.product_id == product.id).order_by(Content.position, Content.id)
    )
    if place({content.public_id: content for content in contents}, wanted, step):
        journal.write(topic_of(product), "content.moved")


def remove(product: Product, content: Content) -> None:
    """Take a content away from all buyers, and delete its files.

    Raises:
        KeysGivenOut: buyers have licence keys of it.
    """
    files = [content.file] + [lesson.media for chapter in content.chapters for lesson in chapter.lessons]
    files += files_of([lesson.id for chapter in content.chapters for lesson in chapter.lessons])
    files += _older_files(content)
    session = db.session()
    session.flush()
    try:
        session.execute(
            delete(Content).where(Content.id == content.id).execution_options(synchronize_session=False)
        )
    except IntegrityError as error:
        raise KeysGivenOut from error
    forget_files(files)
    journal.write(topic_of(product), "content.removed", title=content.title)


def files_of(lessons: Sequence[int]) -> list[StoredFile]:
    """Return the files that lessons hold beside their media."""
    posters = select(Lesson.poster_id).where(Lesson.id.in_(lessons))
    held = select(LessonFile.file_id).where(LessonFile.lesson_id.in_(lessons))
    is_meant = StoredFile.id.in_(posters) | StoredFile.id.in_(held)
    return list(db.session().scalars(select(StoredFile).where(is_meant)))


def forget_files(files: Iterable[StoredFile | None]) -> None:
    """Delete stored files, each unless something else still points to it, and what was made of them."""
    for stored in {stored.id: stored for stored in files if stored is not None}.values():
        forget_file(stored)


def forget_file(stored: StoredFile) -> None:
    """Delete a stored file and what was made of it, unless something else still points to it."""
    points_at = (
        Content.file_id,
        ContentVersion.file_id,
        Lesson.media_id,
        Lesson.poster_id,
        LessonFile.file_id,
    )
    if not any(
        db.session().scalar(select(column).where(column == stored.id).limit(1)) for column in points_at
    ):
        media.forget(stored)
        storage.remove(stored)


def _older_files(content: Content) -> list[StoredFile]:
    statement = (
        select(StoredFile)
        .join(ContentVersion, ContentVersion.file_id == StoredFile.id)
        .where(ContentVersion.content_id == content.id)
    )
    return list(db.session().scalars(statement))


def _set_rules(content: Content, rules: "Rules") -> None:
    kind = content.file.content_type if content.file else ""
    if rules.stamp is not Stamp.NONE and kind not in STAMPABLE:
        raise InvalidField("stamp", N_("Only PDF and EPUB files and pictures can say who bought them."))
    content.is_stream_only = rules.is_stream_only
    content.download_limit, content.download_days = rules.download_limit, rules.download_days
    content.stamp = rules.stamp


def _add(
    product: Product,
    kind: ContentKind,
    title: str,
    body: str = "",
    pattern: str = "",
    file_id: int | None = None,
    url: str = "",
) -> Content:
    session = db.session()
    found = select(func.count(Content.id), func.coalesce(func.max(Content.position), -1)).where(
        Content.product_id == product.id
    )
    count, last = session.execute(found).one()
    if count >= MOST_CONTENTS:
        raise Refused(N_("That is a lot: a product can have up to %(most)s contents."), most=MOST_CONTENTS)
    content = Content(
        product_id=product.id,
        kind=kind,
        title=title[:200],
        body=body,
        pattern=pattern,
        file_id=file_id,
        url=url,
        position=last + 1,
        translations={},
    )
    session.add(content)
    session.flush()
    reach_buyers(content)
    return content


def reach_buyers(content: Content) -> None:
    """Who bought before gets it too: most kinds are simply shown, but keys must be made."""
    enqueue("grant_content", content_id=content.id)
