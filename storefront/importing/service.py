"""Imports as the owner meets them: begin one, have it written, see how far it is and what it says."""

from collections.abc import Iterator

from sqlalchemy import delete, select

from storefront.core import db
from storefront.core.db import get_or_404
from storefront.core.errors import N_, Refused
from storefront.importing import pictures
from storefront.importing.models import ImportNote, ImportRun
from storefront.importing.running import topic_of
from storefront.importing.states import MOVES, RunState
from storefront.jobs.service import enqueue
from storefront.journal import service as journal
from storefront.storage.models import StoredFile

_AT_ONCE = 1000


def begin(
    filename: str, file: StoredFile | None, *, with_pictures: bool = True, is_checked: bool = False
) -> ImportRun:
    """Write down a new import in the current unit; with a file of the storage a worker looks through it.

    ``is_checked``: it is to be written at once.
    """
    run = ImportRun(
        filename=filename[:255],
        file_id=file.id if file else None,
        with_pictures=with_pictures,
        state=RunState.IMPORTING if is_checked else RunState.CHECKING,
        actor=journal.current_actor(),
        columns={},
    )
    db.session().add(run)
    db.session().flush()
    if file is not None:
        enqueue("importing.work", topic=topic_of(run), run_id=run.id)
    return run


def start_writing(public_id: str) -> ImportRun:
    """Have a file that was looked through written into the catalogue, in the current unit; quiet when it is already.

    Raises:
        NotFound: there is none. Refused: it was not looked through yet, or can't be read.
    """
    run = get_or_404(ImportRun, ImportRun.public_id == public_id, for_update=True)
    if run.state in (RunState.IMPORTING, RunState.DONE):
        return run
    if RunState.IMPORTING not in MOVES[run.state]:
        raise Refused(N_("This file can't be imported now."))
    run.state = RunState.IMPORTING
    run.position = run.created_count = run.changed_count = run.unchanged_count = run.refused_count = 0
    run.error_count = run.warning_count = 0
    run.actor = journal.current_actor()
    db.session().execute(delete(ImportNote).where(ImportNote.run_id == run.id))
    journal.write(topic_of(run), "import.started", file=run.filename)
    if run.file_id is not None:
        enqueue("importing.work", topic=topic_of(run), run_id=run.id)
    return run


def get_run(public_id: str) -> ImportRun:
    """Return the import.

    Raises:
        NotFound: there is none.
    """
    return get_or_404(ImportRun, ImportRun.public_id == public_id)


def latest_runs(limit: int = 20) -> list[ImportRun]:
    """Return the newest imports first."""
    return list(db.session().scalars(select(ImportRun).order_by(ImportRun.id.desc()).limit(limit)))


def first_notes(run: ImportRun, limit: int, *, errors: bool) -> list[ImportNote]:
    """Return the first errors, or the first of the other notes."""
    statement = select(ImportNote).where(ImportNote.run_id == run.id, ImportNote.is_error == errors)
    return list(db.session().scalars(statement.order_by(ImportNote.id).limit(limit)))


def all_notes(run: ImportRun) -> Iterator[ImportNote]:
    """Yield everything that was said of the file, a piece at a time."""
    last = 0
    while True:
        statement = select(ImportNote).where(ImportNote.run_id == run.id, ImportNote.id > last)
        notes = list(db.session().scalars(statement.order_by(ImportNote.id).limit(_AT_ONCE)))
        yield from notes
        if len(notes) < _AT_ONCE:
            return
        last = notes[-1].id
        db.session().expunge_all()


def fetch_pictures_again(public_id: str) -> int:
    """Have the pictures that were not to be had tried once more, in the current unit; return how many."""
    return pictures.try_again(get_run(public_id).id)
