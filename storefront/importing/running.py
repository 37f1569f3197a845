"""Taking a file through its two passes: looking through it (nothing is changed) and writing it, batch by batch.

Each batch is one unit, in which the run's position rises too: whoever is killed in the middle loses nothing, and
whoever goes on begins where the last batch ended.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, cast

from sqlalchemy import insert, select

from storefront.catalog.models import Product
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import now
from storefront.core.db import get_or_404
from storefront.core.errors import N_
from storefront.core.faults import reach
from storefront.core.money import known_currencies
from storefront.core.sentences import keep
from storefront.importing import applying
from storefront.importing.comparing import Plan, compare
from storefront.importing.decoding import UnreadableFile
from storefront.importing.formats import Surroundings
from storefront.importing.matching import look_up
from storefront.importing.models import ImportNote, ImportRun
from storefront.importing.pictures import fetch_later
from storefront.importing.records import Note, ProductRecord
from storefront.importing.shelving import Shelves
from storefront.importing.spool import Spool
from storefront.importing.states import MOVES, RunState, Source
from storefront.journal import service as journal
from storefront.shop import service as shop
from storefront.storage import service as storage
from storefront.storage.models import StoredFile

MOST_AT_ONCE = 200
MOST_NOTES = 100_000
# Others want to write too: a unit lasts about so long, and between two of them there is a moment of peace.
_UNIT_SECONDS = 0.3
_PEACE_SECONDS = 0.01
_FIRST_BATCH = 25


@dataclass(slots=True)
class _Outcome:
    """What became of a batch."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    notes: list[Note] = field(default_factory=list)


@contextmanager
def stored_file(run_id: int) -> Iterator[BinaryIO]:
    """Give the uploaded file of a run as a file of this machine that can be read twice."""
    run = get_or_404(ImportRun, ImportRun.id == run_id)
    stored = get_or_404(StoredFile, StoredFile.id == run.file_id)
    with tempfile.TemporaryFile() as copy:
        with storage.open_stored(stored) as source:
            shutil.copyfileobj(source, copy)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def open_spool(run_id: int, stream: BinaryIO) -> Spool | None:
    """Read the file of a run and note what it is; None when it can't be read, which ends the run."""
    try:
        spool = Spool(stream)
    except UnreadableFile as error:
        with db.unit_of_work():
            give_up(run_id, keep(error.sentence, **error.values))
        return None
    with db.unit_of_work():
        _note_file(get_or_404(ImportRun, ImportRun.id == run_id, for_update=True), spool)
    return spool


def go_on(run_id: int, spool: Spool, seconds: float | None = None) -> bool:
    """Go on with the present pass for about so many seconds, or to its end; return whether the end was reached."""
    end = time.monotonic() + seconds if seconds is not None else None
    size = _FIRST_BATCH
    while True:
        started = time.monotonic()
        if not db.again_on_conflict(partial(_batch, run_id, spool, size)):
            return True
        reach("importing.batch")
        took = time.monotonic() - started
        size = min(MOST_AT_ONCE, size * 2) if took < _UNIT_SECONDS / 2 else size
        size = max(1, size // 2) if took > _UNIT_SECONDS * 2 else size
        db.close_reader()
        if end is not None and time.monotonic() >= end:
            return False
        time.sleep(_PEACE_SECONDS)


def give_up(run_id: int, kept: str) -> None:
    """End a run in the current unit with the reason, a kept sentence; quiet when it has ended already."""
    run = get_or_404(ImportRun, ImportRun.id == run_id, for_update=True)
    if RunState.FAILED in MOVES[run.state]:
        run.state, run.failure, run.finished_at = RunState.FAILED, kept, now()
        journal.write(topic_of(run), "import.failed", file=run.filename)


def topic_of(run: ImportRun) -> str:
    """Return how the journal names the run."""
    return f"import:{run.public_id}"


def _note_file(run: ImportRun, spool: Spool) -> None:
    """What the file is; once, so that going on changes nothing."""
    if run.source is not None:
        return
    run.source, run.encoding = spool.format.source, spool.encoding
    run.total, run.rows = spool.total, spool.rows
    run.columns = {"mapping": spool.mapping, "currency": _currency_to_take_over(spool)}


def _currency_to_take_over(spool: Spool) -> str:
    """A shop without any product takes the currency of its first file of our own kind."""
    if spool.format.source is not Source.OWN or db.session().scalar(select(Product.id).limit(1)):
        return ""
    groups = spool.groups(0, 1)
    currency = groups[0].rows[0].cells.get("currency", "").strip().upper() if groups else ""
    return currency if currency in known_currencies() else ""


def _batch(run_id: int, spool: Spool, size: int) -> bool:
    """Deal with the next products; return whether there were any."""
    state = get_or_404(ImportRun, ImportRun.id == run_id).state
    if state is RunState.CHECKING:
        return _check_batch(run_id, spool, size)
    return state is RunState.IMPORTING and _write_batch(run_id, spool, size)


def _check_batch(run_id: int, spool: Spool, size: int) -> bool:
    """Compare outside of any unit, so that nobody waits; only the result is written."""
    run = get_or_404(ImportRun, ImportRun.id == run_id)
    outcome, count = _pass(run, spool, size, is_writing=False)
    with db.unit_of_work():
        locked = get_or_404(ImportRun, ImportRun.id == run_id, for_update=True)
        if (locked.state, locked.position) != (run.state, run.position):
            return True
        if locked.position == 0:
            _write_notes(locked, list(spool.stray_notes()))
        _count(locked, outcome, count)
        if locked.position >= locked.total:
            locked.state = RunState.CHECKED
    return True


def _write_batch(run_id: int, spool: Spool, size: int) -> bool:
    with db.unit_of_work():
        run = get_or_404(ImportRun, ImportRun.id == run_id, for_update=True)
        if run.state is not RunState.IMPORTING:
            return False
        if run.position == 0:
            _take_over_currency(run)
            _write_notes(run, list(spool.stray_notes()))
        with journal.acting_as(run.actor):
            outcome, count = _pass(run, spool, size, is_writing=True)
            _count(run, outcome, count)
            if run.position >= run.total:
                _finish(run)
    return True


def _take_over_currency(run: ImportRun) -> None:
    currency = run.columns.get("currency", "")
    profile = shop.get_profile()
    if not currency or currency == profile.currency or db.session().scalar(select(Product.id).limit(1)):
        return
    journal.write("shop", "shop.saved", changed={"currency": [profile.currency, currency]})
    profile.currency = currency
    db.session().flush()
    db.after_commit(shop.forget)


def _pass(run: ImportRun, spool: Spool, size: int, *, is_writing: bool) -> tuple[_Outcome, int]:
    around = Surroundings(_currency(run, is_writing=is_writing), run.created_at)
    groups = spool.groups(run.position, size)
    records = []
    for group in groups:
        record = spool.format.read(group.rows, around)
        record.notes[:0] = group.notes
        if record.currency != around.currency:
            record.refuse(
                record.line, "currency", _OTHER_CURRENCY, here=around.currency, there=record.currency
            )
        records.append(record)
    outcome = _deal_with(run, records, is_writing=is_writing)
    outcome.notes = [note._replace(column=spool.heading_of(note.column)) for note in outcome.notes]
    return outcome, len(groups)


def _deal_with(run: ImportRun, records: list[ProductRecord], *, is_writing: bool) -> _Outcome:
    known = look_up(records, locking=is_writing)
    shelves = Shelves()
    outcome = _Outcome()
    plans: list[Plan] = []
    for record, product in zip(records, known.products, strict=True):
        if not record.is_refused():
            plan = compare(record, product, known, shelves, with_pictures=run.with_pictures)
            if is_writing and not record.is_refused():
                applying.shelve(plan, shelves)
            if not record.is_refused():
                plans.append(plan)
                _note_change(outcome, plan)
        outcome.refused += record.is_refused()
        outcome.notes += record.notes
    if is_writing:
        _write(run, plans, known.keys)
    return outcome


def _write(run: ImportRun, plans: list[Plan], keys: set[str]) -> None:
    """All rows go to the database together; what follows needs their ids."""
    taken: set[str] = set()
    written = [(plan, applying.put(plan, taken)) for plan in plans if plan.is_changed]
    db.session().flush()
    for plan, product in written:
        applying.follow(plan, product, run.id)
    products = {id(plan): product for plan, product in written}
    for plan in plans:
        here = products.get(id(plan), plan.product)
        if plan.record.key and plan.record.key not in keys and here is not None:
            applying.remember(plan.record.key, here)
    if written:
        raise_stamp()


def _note_change(outcome: _Outcome, plan: Plan) -> None:
    if plan.product is None:
        outcome.created += 1
    elif plan.is_changed:
        outcome.changed += 1
    else:
        outcome.unchanged += 1


def _currency(run: ImportRun, *, is_writing: bool) -> str:
    """The shop's own; while only looking, also the one that it would take over."""
    return (not is_writing and run.columns.get("currency")) or shop.get_profile().currency


def _count(run: ImportRun, outcome: _Outcome, count: int) -> None:
    run.position += count
    run.created_count += outcome.created
    run.changed_count += outcome.changed
    run.unchanged_count += outcome.unchanged
    run.refused_count += outcome.refused
    _write_notes(run, outcome.notes)


def _write_notes(run: ImportRun, notes: list[Note]) -> None:
    room = MOST_NOTES - run.error_count - run.warning_count
    rows = [
        {
            "run_id": run.id,
            "line": note.line,
            "column": note.column[:120],
            "is_error": note.is_error,
            "sentence": keep(note.sentence, **_plain(note.values)),
        }
        for note in notes[: max(room, 0)]
    ]
    errors = sum(note.is_error for note in notes)
    run.error_count += errors
    run.warning_count += len(notes) - errors
    if rows:
        db.session().execute(insert(ImportNote), rows)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in values.items()}


def _finish(run: ImportRun) -> None:
    run.state, run.finished_at = RunState.DONE, now()
    journal.write(
        topic_of(run),
        "import.done",
        file=run.filename,
        created=run.created_count,
        changed=run.changed_count,
        unchanged=run.unchanged_count,
        refused=run.refused_count,
    )
    fetch_later(run.id)


_OTHER_CURRENCY = N_("The shop sells in %(here)s, and this product has its prices in %(there)s.")
