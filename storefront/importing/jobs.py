"""The work behind imports, in short pieces, so that mail and payments never wait for it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.importing import running
from storefront.importing.models import ImportRun
from storefront.importing.pictures import fetch_of_next_product
from storefront.importing.spool import Spool
from storefront.jobs.registry import job, periodic
from storefront.jobs.service import enqueue
from storefront.storage import service as storage
from storefront.storage.models import StoredFile

PIECE_SECONDS = 4.0
KEEP = timedelta(days=60)

# The rows of a file between two pieces of its work. Only a memo: a process that lacks it reads the file again.
_spools: dict[int, Spool] = {}


def _give_up(args: dict[str, Any], reason: str) -> None:
    running.give_up(args["run_id"], reason)


@job("importing.work", outside=True, lease=timedelta(minutes=20), when_resting=_give_up)
def work(run_id: int) -> Callable[[], None] | None:
    """Go on with an import for some seconds; what is left is put down as the next piece."""
    spool = _spools.pop(run_id, None)
    if spool is None:
        with running.stored_file(run_id) as stream:
            spool = running.open_spool(run_id, stream)
    if spool is None:
        return None
    try:
        is_done = running.go_on(run_id, spool, PIECE_SECONDS)
    except BaseException:
        spool.close()
        raise
    if is_done:
        spool.close()
        return None
    for other in list(_spools):
        _spools.pop(other).close()
    _spools[run_id] = spool
    return lambda: enqueue("importing.work", run_id=run_id)


@job("importing.fetch_pictures", outside=True, lease=timedelta(minutes=30))
def fetch_pictures(run_id: int, after: int) -> Callable[[], None] | None:
    """Fetch the pictures of one product."""
    return fetch_of_next_product(run_id, after)


@periodic("importing.forget_old", every=timedelta(hours=12))
def forget_old() -> None:
    """Forget imports of two months ago with their files."""
    with db.unit_of_work() as session:
        old = list(session.scalars(select(ImportRun).where(ImportRun.created_at < now() - KEEP)))
        files = [session.get(StoredFile, run.file_id) for run in old if run.file_id]
        session.execute(delete(ImportRun).where(ImportRun.id.in_([run.id for run in old])))
        for stored in files:
            if stored is not None:
                storage.remove(stored)
