"""Checksums of what came past us, and clean-up in the storage."""

import hashlib
from collections.abc import Callable

from sqlalchemy import select, update

from storefront.core.clock import now, timedelta
from storefront.core.db import close_reader, session
from storefront.gateways.files import BLOCK, NoSuchObject
from storefront.jobs.registry import job, periodic
from storefront.storage import parts, service, sweeping
from storefront.storage.models import StoredFile

# Other rooms keep their pictures there and sweep them themselves.
SWEPT_ELSEWHERE = ("pictures/", "reviews/", "shelves/", "hls/")


@job(service.CHECKSUM, outside=True, slow=True, lease=timedelta(hours=2))
def compute_checksum(file_id: int) -> Callable[[], None] | None:
    """Read a file that came in parts once from end to end, and return how to note its checksum."""
    stored = session().get(StoredFile, file_id)
    close_reader()
    if stored is None or stored.sha256:
        return None
    try:
        with service.open_stored(stored) as stream:
            digest = hashlib.sha256()
            while block := stream.read(BLOCK):
                digest.update(block)
    except NoSuchObject:
        return None  # It was removed meanwhile.
    found = digest.hexdigest()
    return lambda: _note_checksum(file_id, found)


@periodic("storage.forget_parts", every=timedelta(hours=1))
def forget_parts() -> int:
    """Give up uploads in parts of which nothing has come for a day; return how many."""
    return parts.forget_abandoned(now() - service.ORPHAN_AGE)


@periodic("storage.delete_orphans", every=timedelta(hours=6))
def delete_orphans() -> int:
    """Delete objects that are older than a day and have no row; return how many. Ends broken uploads too.

    A process that dies between upload and row leaves such objects. Pictures are swept by those who show them.
    """
    count = sweeping.sweep("", _known)
    service.store().forget_unfinished(now() - service.ORPHAN_AGE)
    return count


def _note_checksum(file_id: int, sha256: str) -> None:
    session().execute(update(StoredFile).where(StoredFile.id == file_id).values(sha256=sha256))


def _known(keys: list[str]) -> set[str]:
    rows = session().execute(select(StoredFile.key).where(StoredFile.key.in_(keys))).scalars()
    return {*rows, *(key for key in keys if key.startswith(SWEPT_ELSEWHERE))}
