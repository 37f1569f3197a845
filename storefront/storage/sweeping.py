"""Finding objects and files that nobody needs any more, and rows whose object is gone."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import select

from storefront.core.clock import now
from storefront.core.db import session
from storefront.storage.models import StoredFile
from storefront.storage.service import ORPHAN_AGE, forget_objects, remove, store

_BATCH = 500


def sweep(prefix: str, known_among: Callable[[list[str]], set[str]]) -> int:
    """Delete objects under ``prefix`` older than a day whose keys nobody knows; return how many.

    ``known_among`` gets some keys and returns those that are still needed.
    """
    oldest = now() - ORPHAN_AGE
    old = (found.key for found in store().list(prefix) if found.modified_at < oldest)
    count = 0
    for keys in _batches(old):
        needed = known_among(keys)
        lost = [key for key in keys if key not in needed]
        forget_objects(lost)
        count += len(lost)
    return count


def missing_objects() -> list[str]:
    """Return the keys of files whose object is gone or has another size; there should be none."""
    sizes = {found.key: found.size for found in store().list()}
    rows = session().execute(select(StoredFile.key, StoredFile.size))
    return [key for key, size in rows if sizes.get(key) != size]


def remove_unneeded(folder: str, needed: Any) -> int:
    """Delete in the current unit files of a folder whose id is not in the column ``needed``; return how many.

    What was made of a thing that is deleted loses its row with it, and its file here.
    """
    statement = select(StoredFile).where(
        StoredFile.key.startswith(f"{folder}/", autoescape=True),
        StoredFile.created_at < now() - ORPHAN_AGE,
        StoredFile.id.not_in(select(needed).where(needed.is_not(None))),
    )
    lost = list(session().scalars(statement.limit(_BATCH)))
    for stored in lost:
        remove(stored)
    return len(lost)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
