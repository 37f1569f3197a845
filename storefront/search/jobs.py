"""What comes again: products from before the index had facets and words get theirs."""

from storefront.catalog import facets
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.search import spelling
from storefront.search.models import SearchEntry

_BATCH = 200


@periodic("search.fill", every=timedelta(minutes=10))
def fill() -> int:
    """Write down the facets and words of products that have none yet; return of how many."""
    done = 0
    while product_ids := facets.unmarked_products(_BATCH):
        with db.unit_of_work() as session:
            for product_id in product_ids:
                facets.mark(product_id)
                entry = session.get(SearchEntry, product_id)
                if entry is not None:
                    spelling.note_words(("", ""), (entry.title, entry.body))
        done += len(product_ids)
    return done
