"""The worker looks at what belongs together, some seconds a minute."""

from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.related.walking import ALIKE, BOUGHT, walk

# Of each minute, so that a mail that is due in between waits no longer than that.
_SECONDS = 1.5


@periodic("related.find_alike", every=timedelta(minutes=1))
def find_alike() -> int:
    """Go on finding products that are alike; return for how many products something changed."""
    return walk(ALIKE, _SECONDS)


@periodic("related.find_bought_together", every=timedelta(minutes=1))
def find_bought_together() -> int:
    """Go on finding products that were bought together; return for how many products something changed."""
    return walk(BOUGHT, _SECONDS)
