"""One buyer's copy of a file: asked for at the first click, made by the worker, deleted by age, made again.

The purchase never waits for it, and the clean file is never given in its place.
"""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from storefront.catalog.states import Stamp
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_
from storefront.fulfilment.models import Entitlement
from storefront.jobs.service import enqueue
from storefront.stamping.models import CopyState, StampedCopy
from storefront.stamping.words import Mark, NotStampable
from storefront.storage import service as storage
from storefront.storage.models import StoredFile

STAMP = "stamping.stamp"
FOLDER = "stamped"
KEPT_FOR = timedelta(days=7)


def ask_for(entitlement: Entitlement, stored: StoredFile, stamp: Stamp) -> StampedCopy:
    """Return the buyer's copy of a file, in the current unit; one that is not there yet is put to work."""
    values = {
        "entitlement_id": entitlement.id,
        "source_id": stored.id,
        "stamp": stamp,
        "state": CopyState.WAITING,
        "used_at": now(),
    }
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    db.session().execute(insert(StampedCopy).values(**values).on_conflict_do_nothing())
    statement = (
        select(StampedCopy)
        .where(
            StampedCopy.entitlement_id == entitlement.id,
            StampedCopy.source_id == stored.id,
            StampedCopy.stamp == stamp,
        )
        .with_for_update()
        .options(selectinload(StampedCopy.file))
    )
    copy = db.session().scalars(statement).one()
    if copy.state is CopyState.WAITING:
        enqueue(STAMP, unique_key=f"{STAMP}:{copy.id}", topic=f"copy:{copy.id}", copy_id=copy.id)
    copy.used_at = now()
    return copy


def stamp_file(source: Path, target: Path, content_type: str, mark: Mark, stamp: Stamp) -> None:
    """Write a copy of the file with the mark in it.

    Raises:
        NotStampable: this file can't be marked; the sentence says why.
    """
    # Each brings a library of its own, which only the worker needs.
    from storefront.stamping import epub, pdf, picture

    on_every_page = stamp is Stamp.EVERY
    if content_type == "application/pdf":
        pdf.stamp_pdf(source, target, mark, on_every_page=on_every_page)
    elif content_type == "application/epub+zip":
        epub.stamp_epub(source, target, mark, on_every_page=on_every_page)
    elif content_type.startswith("image/"):
        picture.stamp_picture(source, target, mark)
    else:
        raise NotStampable(N_("Only PDF and EPUB files and pictures can say who bought them."))


def note(copy_id: int, upload: storage.Upload) -> None:
    """Put a copy that was made in its place, in the current unit."""
    copy = db.session().get(StampedCopy, copy_id, with_for_update=True)
    if copy is None or copy.state is CopyState.READY:
        db.after_commit(lambda: storage.discard(upload))
        return
    copy.file_id, copy.state = storage.register(upload).id, CopyState.READY


def forget(copy_id: int) -> None:
    """Delete a copy that nobody has asked for in a week, in the current unit."""
    copy = db.session().get(StampedCopy, copy_id, with_for_update=True)
    if copy is None or copy.used_at > now() - KEPT_FOR:
        return
    stored = db.session().get(StoredFile, copy.file_id) if copy.file_id else None
    db.session().delete(copy)
    db.session().flush()
    if stored is not None:
        storage.remove(stored)
