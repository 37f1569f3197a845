"""The catalogue's version: raised by every change, in the same transaction, so that no stale page is served."""

from collections.abc import Callable

from sqlalchemy import select, update

from storefront.catalog.models import CatalogStamp
from storefront.core import db

_followers: list[Callable[[], None]] = []


def raise_stamp() -> None:
    """Say within this unit that a page of the catalogue may look different now."""
    raised = db.session().execute(update(CatalogStamp).values(version=CatalogStamp.version + 1))
    if not raised.rowcount:  # type: ignore[attr-defined]  # CursorResult
        db.session().add(CatalogStamp(id=1))
        db.session().flush()
    for follower in _followers:
        db.after_commit(follower)


def read_stamp() -> int:
    """Return the version of the catalogue."""
    return db.session().scalar(select(CatalogStamp.version)) or 0


def tell_after_change(follower: Callable[[], None]) -> None:
    """Have this process's page cache look at once after a change that this process made."""
    _followers[:] = [follower]
