"""The housekeeping of the work itself."""

from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.jobs.service import delete_old


@periodic("delete_old_jobs", every=timedelta(hours=1))
def delete_old_jobs() -> None:
    """Delete what was done a week ago."""
    delete_old()
