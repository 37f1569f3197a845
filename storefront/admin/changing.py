"""What all changes of the catalogue by the owner have in common: one unit, with card, stamp and index."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Product
from storefront.catalog.service import bulk, editing
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.search.service import index_product

T = TypeVar("T")


def change_product(slug: str, change: Callable[[Product], T]) -> T:
    """Run ``change`` on the locked product in one unit and bring all that repeats it up to date.

    Raises:
        NotFound: there is no such product; and whatever ``change`` raises, with nothing changed.
    """

    def work() -> T:
        with db.unit_of_work():
            product = editing.lock(slug)
            result = change(product)
            follow(product.id)
            return result

    return db.again_on_conflict(work)


def change_products(marks: dict[str, str], change: bulk.Change, key: str) -> None:
    """Change many products in short units and bring all that repeats them up to date; see ``bulk.change_batch``."""

    def work(batch: dict[str, str]) -> None:
        with db.unit_of_work():
            for product_id in bulk.change_batch(batch, change, key):
                follow(product_id)

    for batch in bulk.batches(marks):
        db.again_on_conflict(partial(work, batch))


def change_catalogue(change: Callable[[], T]) -> T:
    """Run a change that touches no product (categories) in one unit."""

    def work() -> T:
        with db.unit_of_work():
            result = change()
            raise_stamp()
            return result

    return db.again_on_conflict(work)


def follow(product_id: int) -> None:
    """Bring the card, the cached pages and the search index of a product up to date, in the current unit."""
    refresh_card(product_id)
    raise_stamp()
    index_product(product_id)
