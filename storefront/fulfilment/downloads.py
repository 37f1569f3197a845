"""Counting downloads where the owner has set a limit: safe against parallel clicks, resumed ones counted once.

What may be downloaded is decided here and nowhere else. A row is written only where there is a limit.
"""

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Content, ContentVersion
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, NotFound, Refused
from storefront.fulfilment.file_models import DownloadUse
from storefront.fulfilment.limits import is_limited, until
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import Holding
from storefront.storage.models import StoredFile

# A download that was cut goes on within a day; so many pieces are no way around the limit.
_GOES_ON = timedelta(days=1)
_MOST_RESUMES = 30


class UsedUp(Refused):
    """The file was downloaded as often as the owner allows."""

    sentence = N_(
        "You have downloaded this file %(used)s times, as often as the shop allows. "
        "Write to us if you need it again."
    )


class TooLate(Refused):
    """The days in which the file could be downloaded are over."""

    sentence = N_("This file could be downloaded until %(day)s. Write to us if you need it again.")


def find_file(holding: Holding, content_id: str, version_id: str | None = None) -> tuple[Content, StoredFile]:
    """Return what a buyer asks to take home: the present version, or an older one that the owner still offers.

    Raises:
        NotFound: the holding has no such file, or it is only looked at.
    """
    content = next((one for one in holding.contents if one.public_id == content_id), None)
    if content is None or content.kind is not ContentKind.FILE or content.file is None:
        raise NotFound
    if content.is_stream_only:
        raise NotFound
    if version_id is None:
        return content, content.file
    statement = (
        select(StoredFile)
        .join(ContentVersion, ContentVersion.file_id == StoredFile.id)
        .where(
            ContentVersion.content_id == content.id,
            ContentVersion.public_id == version_id,
            ContentVersion.withdrawn_at.is_(None),
        )
    )
    stored = db.session().scalar(statement)
    if stored is None:
        raise NotFound
    return content, stored


def count(entitlement: Entitlement, content: Content, stored: StoredFile, *, goes_on: bool = False) -> None:
    """Count a download in the current unit, where there is a limit. ``goes_on``: a cut one asks for its rest.

    Raises:
        UsedUp, TooLate: it may not be downloaded any more; nothing is counted.
    """
    if not is_limited(content):
        return
    _make_row(entitlement, content)
    use = _row(entitlement, content)
    last = until(content, use.since)
    if last is not None and last <= now():
        raise TooLate(day=last.date().isoformat())
    if goes_on and _is_same(use, stored):
        use.resumes += 1
        return
    if content.download_limit is not None and use.used >= content.download_limit:
        raise UsedUp(used=use.used)
    use.used, use.file_id, use.last_at, use.resumes = use.used + 1, stored.id, now(), 0
    db.session().flush()


def reset(entitlement_id: int, content_id: int) -> None:
    """Let a buyer begin anew, in the current unit: as many downloads and days as at first."""
    values = {"used": 0, "since": now(), "file_id": None, "last_at": None, "resumes": 0}
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"entitlement_id": entitlement_id, "content_id": content_id, **values}
    db.session().execute(
        insert(DownloadUse)
        .values(**row)
        .on_conflict_do_update(index_elements=["entitlement_id", "content_id"], set_=values)
    )


def uses_of(content: Content, limit: int = 200) -> list[tuple[Entitlement, DownloadUse]]:
    """Return who has downloaded a limited content how often, the latest first, for the owner."""
    statement = (
        select(Entitlement, DownloadUse)
        .join(DownloadUse, DownloadUse.entitlement_id == Entitlement.id)
        .where(DownloadUse.content_id == content.id)
        .order_by(DownloadUse.last_at.desc(), Entitlement.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in db.session().execute(statement)]


def forget(content_id: int) -> None:
    """Forget in the current unit how often anybody has downloaded a content."""
    db.session().execute(delete(DownloadUse).where(DownloadUse.content_id == content_id))


def _is_same(use: DownloadUse, stored: StoredFile) -> bool:
    return (
        use.file_id == stored.id
        and use.last_at is not None
        and now() - use.last_at < _GOES_ON
        and use.resumes < _MOST_RESUMES
    )


def _make_row(entitlement: Entitlement, content: Content) -> None:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {
        "entitlement_id": entitlement.id,
        "content_id": content.id,
        "used": 0,
        "since": entitlement.granted_at,
        "resumes": 0,
    }
    db.session().execute(insert(DownloadUse).values(**row).on_conflict_do_nothing())


def _row(entitlement: Entitlement, content: Content) -> DownloadUse:
    """Return the row, locked: clicks at the same moment are counted one after the other."""
    statement = (
        select(DownloadUse)
        .where(DownloadUse.entitlement_id == entitlement.id, DownloadUse.content_id == content.id)
        .with_for_update()
    )
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()
