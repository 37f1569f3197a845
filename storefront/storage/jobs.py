"""Clean-up in the storage."""

from sqlalchemy import select

from storefront.core.clock import now, timedelta
from storefront.core.db import session
from storefront.jobs.registry import periodic
from storefront.storage import service
from storefront.storage.models import StoredFile

# Other rooms keep their pictures there and sweep them themselves.
SWEPT_ELSEWHERE = ("pictures/", "reviews/", "shelves/")


@periodic("storage.delete_orphans", every=timedelta(hours=6))
def delete_orphans() -> int:
    """Delete objects that are older than a day and have no row; return how many. Ends broken uploads too.

    A process that dies between upload and row leaves such objects. Pictures are swept by those who show them.
    """
    count = service.sweep("", _known)
    service.store().forget_unfinished(now() - service.ORPHAN_AGE)
    return count


def _known(keys: list[str]) -> set[str]:
    rows = session().execute(select(StoredFile.key).where(StoredFile.key.in_(keys))).scalars()
    return {*rows, *(key for key in keys if key.startswith(SWEPT_ELSEWHERE))}
