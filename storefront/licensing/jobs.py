"""Bringing imported keys into the pool."""

from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import job, periodic
from storefront.licensing import pool


@job(pool.IMPORT, outside=True)
def import_keys(import_id: int) -> None:
    """Bring in the keys of an import, in units of their own."""
    pool.run_import(import_id)


@periodic("licensing.forget_looks", every=timedelta(hours=6))
def forget_looks() -> None:
    """Delete imports of keys that were only looked at."""
    with db.unit_of_work():
        pool.forget_looks()
