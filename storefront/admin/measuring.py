"""How large the shop has become. No measurement takes long, however large it is."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, literal, select, text

from storefront.catalog.models import Product
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.jobs.models import Job
from storefront.journal.models import JournalEntry
from storefront.notifications.models import Message
from storefront.orders.models import Order
from storefront.storage.models import StoredFile

MOST_COUNTED = 100_000
_MOST_FILES = 20_000
_TABLES = {
    "products": Product,
    "orders": Order,
    "entitlements": Entitlement,
    "files": StoredFile,
    "messages": Message,
    "jobs": Job,
    "journal": JournalEntry,
}


def table_sizes() -> dict[str, int]:
    """Return how many rows each table that grows has, counting no further than ``MOST_COUNTED`` + 1."""
    counts = []
    for name, model in _TABLES.items():
        some = select(literal(1)).select_from(model).limit(MOST_COUNTED + 1).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery().label(name))
    return dict(db.session().execute(select(*counts)).one()._mapping)


def database_bytes() -> int:
    """Return how much room the database takes."""
    if db.is_sqlite():
        pages = db.session().scalar(
            text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        )
        return int(pages or 0)
    return int(db.session().scalar(text("SELECT pg_database_size(current_database())")) or 0)


def folder_bytes(folder: Path) -> int | None:
    """Return how much the files in a folder take; None when there are too many to look at."""
    total = 0
    for number, size in enumerate(_sizes(folder)):
        if number >= _MOST_FILES:
            return None
        total += size
    return total


def free_bytes(folder: Path) -> int:
    """Return how much room is left where the folder is."""
    return shutil.disk_usage(folder).free


def _sizes(folder: Path) -> Iterator[int]:
    for root, _folders, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(root) / name).stat().st_size
            except OSError:  # gone meanwhile
                continue
