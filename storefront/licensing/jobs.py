"""Bringing imported keys into the pool."""

from storefront.jobs.registry import job
from storefront.licensing import pool


@job(pool.IMPORT, outside=True)
def import_keys(import_id: int) -> None:
    """Bring in the keys of an import, in units of their own."""
    pool.run_import(import_id)
