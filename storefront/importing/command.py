"""Importing and exporting from the command line, here and now, without a worker."""

import os
from collections.abc import Callable
from pathlib import Path

from storefront.core import db
from storefront.importing import reporting, running, service
from storefront.importing.exporting import export_products
from storefront.importing.models import ImportRun
from storefront.importing.states import RunState
from storefront.journal.service import acting_as

_SAY_EVERY_SECONDS = 2.0
_HEADINGS = ("row", "column", "kind", "what")
_WORDS = ("error", "hint")

Say = Callable[[ImportRun], None]


def import_file(path: Path, *, dry_run: bool, with_pictures: bool, say: Say) -> ImportRun:
    """Look through a file, or write it into the catalogue; ``say`` is told how far it is. Returns the ended run.

    Raises:
        OSError: the file can't be opened.
    """
    with path.open("rb") as stream, acting_as("shell"):
        with db.unit_of_work():
            run_id = service.begin(path.name, None, with_pictures=with_pictures, is_checked=not dry_run).id
        spool = running.open_spool(run_id, stream)
        if spool is not None:
            try:
                while not running.go_on(run_id, spool, _SAY_EVERY_SECONDS):
                    say(_run(run_id))
            finally:
                spool.close()
    return _run(run_id)


def write_report(run: ImportRun, path: Path) -> None:
    """Write all errors and hints of a run into a CSV file."""
    with path.open("wb") as stream:
        stream.writelines(reporting.report(run, _HEADINGS, _WORDS))


def export_file(path: Path) -> int:
    """Write the whole catalogue into a file, aside and then in its place; return its size in bytes."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as stream:
            stream.writelines(export_products())
        size = aside.stat().st_size
        aside.replace(path)
        return size
    finally:
        aside.unlink(missing_ok=True)


def has_failed(run: ImportRun) -> bool:
    """Whether the file as a whole could not be read."""
    return run.state is RunState.FAILED


def _run(run_id: int) -> ImportRun:
    db.close_reader()
    return db.get_or_404(ImportRun, ImportRun.id == run_id)
