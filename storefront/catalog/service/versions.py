"""Versions of a file that buyers download: the new one, what is new in it, those before, and telling buyers.

A content always has its present file. Rows of versions begin with the first new one, which gives the file before it a
row, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Content, ContentVersion, Product
from storefront.catalog.service.contents import STAMPABLE
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.states import ContentKind, Stamp
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.jobs.service import enqueue
from storefront.journal import service as journal
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.storage.service import Upload

MOST_VERSIONS = 200
TELL = "fulfilment.tell_new_version"


@dataclass(frozen=True, slots=True)
class News:
    """What the owner says about a new version: its name such as 2.1, and in markdown what is new."""

    name: str = ""
    notes: str = ""


def replace_file(
    product: Product, content: Content, upload: Upload, news: News | None = None
) -> ContentVersion:
    """Give buyers, also those from before, a new file; the one before stays, as an older version.

    Raises:
        InvalidField: buyers' names can't be put into this kind of file, as this content asks for.
    """
    if content.kind is not ContentKind.FILE or content.file is None:
        raise NotFound
    if content.stamp is not Stamp.NONE and upload.content_type not in STAMPABLE:
        raise InvalidField("file", N_("Only PDF and EPUB files and pictures can say who bought them."))
    before, session = content.file, db.session()
    last = _last_number(content) or _first_version(content, before)
    if last >= MOST_VERSIONS:
        raise Refused(N_("That is a lot: a file can have up to %(most)s versions."), most=MOST_VERSIONS)
    content.file = storage.register(upload)
    session.flush()
    media.want(content.file)
    news = news or News()
    version = ContentVersion(
        content_id=content.id,
        number=last + 1,
        name=news.name[:40],
        notes=news.notes,
        file_id=content.file.id,
        created_at=now(),
    )
    session.add(version)
    session.flush()
    names = [before.filename, content.file.filename]
    journal.write(topic_of(product), "content.file_replaced", title=content.title, file=names)
    return version


def versions_of(content_ids: Iterable[int]) -> dict[int, list[ContentVersion]]:
    """Return the versions of each content, newest first, with their files (2 queries); those without are left out."""
    statement = (
        select(ContentVersion)
        .where(ContentVersion.content_id.in_(list(content_ids)))
        .order_by(ContentVersion.content_id, ContentVersion.number.desc())
        .options(selectinload(ContentVersion.file))
    )
    found: dict[int, list[ContentVersion]] = {}
    for version in db.session().scalars(statement):
        found.setdefault(version.content_id, []).append(version)
    return found


def get_version(content: Content, public_id: str) -> ContentVersion:
    """Return a version of the content with its file, locked when a unit runs.

    Raises:
        NotFound: there is none.
    """
    statement = select(ContentVersion).where(
        ContentVersion.content_id == content.id, ContentVersion.public_id == public_id
    )
    if db.in_unit():
        statement = statement.with_for_update()
    version = db.session().scalar(statement.options(selectinload(ContentVersion.file)))
    if version is None:
        raise NotFound
    return version


def edit_version(product: Product, version: ContentVersion, news: News) -> None:
    """Change what is said about a version."""
    version.name, version.notes = news.name[:40], news.notes
    journal.write(topic_of(product), "version.saved", name=version.name, number=version.number)


def withdraw(product: Product, content: Content, version: ContentVersion) -> None:
    """Take a version away from buyers; when it is the present one, the newest that is left takes its place.

    Raises:
        Refused: there is no other one.
    """
    if version.withdrawn_at is not None:
        return
    version.withdrawn_at = now()
    db.session().flush()
    if content.file_id == version.file_id:
        content.file_id = _newest_left(content)
        db.session().flush()
    journal.write(topic_of(product), "version.withdrawn", title=content.title, number=version.number)


def give_back(product: Product, content: Content, version: ContentVersion) -> None:
    """Let buyers have a withdrawn version again; as the present one when it is the newest."""
    if version.withdrawn_at is None:
        return
    version.withdrawn_at = None
    db.session().flush()
    content.file_id = _newest_left(content)
    db.session().flush()
    journal.write(topic_of(product), "version.given_back", title=content.title, number=version.number)


def tell_buyers(product: Product, content: Content, version: ContentVersion) -> bool:
    """Have a mail sent to everybody who has the product, once a version; False when that was done before."""
    if version.withdrawn_at is not None or content.file_id != version.file_id:
        raise Refused(N_("Buyers get another version now. Tell them about that one."))
    if version.told_at is not None:
        return False
    version.told_at = now()
    enqueue(
        TELL, unique_key=f"{TELL}:{version.id}:0", topic=topic_of(product), version_id=version.id, after_id=0
    )
    journal.write(topic_of(product), "version.told", title=content.title, number=version.number)
    return True


def _last_number(content: Content) -> int:
    found = select(func.max(ContentVersion.number)).where(ContentVersion.content_id == content.id)
    return db.session().scalar(found) or 0


def _first_version(content: Content, stored: StoredFile) -> int:
    """Write down the file that was there from the beginning."""
    db.session().add(
        ContentVersion(content_id=content.id, number=1, file_id=stored.id, created_at=stored.created_at)
    )
    db.session().flush()
    return 1


def _newest_left(content: Content) -> int:
    statement = (
        select(ContentVersion.file_id)
        .where(ContentVersion.content_id == content.id, ContentVersion.withdrawn_at.is_(None))
        .order_by(ContentVersion.number.desc())
        .limit(1)
    )
    found = db.session().scalar(statement)
    if found is None:
        raise Refused(N_("Buyers would be left without a file. Upload another version first."))
    return found
