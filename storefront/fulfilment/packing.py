"""All files of a purchase in one zip: made by the worker, once for each set of versions, deleted by age, made again.

Left out is what must not go from hand to hand unseen: files that are only looked at, that name their buyer, or whose
downloads are counted. Those have their own buttons.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Content, Product
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.faults import reach
from storefront.fulfilment.file_models import FilePack, PackState
from storefront.fulfilment.service import Holding
from storefront.gateways.files import BLOCK
from storefront.jobs.registry import job, periodic
from storefront.jobs.service import enqueue
from storefront.media.jobs import workshop
from storefront.storage import service as storage
from storefront.storage import sweeping
from storefront.storage.kinds import clean_filename
from storefront.storage.models import StoredFile

PACK = "fulfilment.pack"
FOLDER = "packs"
KEPT_FOR = timedelta(days=7)

_BATCH = 50


def ask_for(holding: Holding) -> FilePack:
    """Return the zip of what the buyer has now, in the current unit; one that is not there yet is put to work."""
    entries = _entries(holding.packable)
    fingerprint = hashlib.sha256(json.dumps([holding.product.id, entries]).encode()).hexdigest()
    pack = _row(fingerprint, holding.product.id, entries)
    if pack.state is PackState.WAITING:
        enqueue(PACK, unique_key=f"{PACK}:{pack.id}", topic=f"pack:{pack.id}", pack_id=pack.id)
    pack.used_at = now()
    return pack


def give_up(args: dict[str, Any], reason: str) -> None:
    """Say that the zip was not made; the owner finds the reason among the jobs."""
    pack = db.session().get(FilePack, args["pack_id"])
    if pack is not None:
        pack.state = PackState.FAILED


@job(PACK, outside=True, lease=timedelta(hours=1), when_resting=give_up)
def pack_files(pack_id: int) -> Callable[[], None] | None:
    """Write the zip and return how to put it in place; files of a zip are stored as they are, they hardly shrink."""
    pack = db.session().get(FilePack, pack_id)
    if pack is None or pack.state is PackState.READY:
        return None
    title = db.session().get_one(Product, pack.product_id).title
    names = {int(entry[0]): str(entry[1]) for entry in pack.entries}
    files = list(db.session().scalars(select(StoredFile).where(StoredFile.id.in_(names))))
    db.close_reader()
    with workshop(sum(stored.size for stored in files)) as folder:
        path = folder / "all.zip"
        _write(path, [(names[stored.id], stored) for stored in sorted(files, key=lambda one: names[one.id])])
        with path.open("rb") as stream:
            upload = storage.upload(stream, f"{title}.zip", prefix=FOLDER, is_ours=True)
    reach("pack.made")
    return partial(_note, pack_id, upload)


@periodic("fulfilment.forget_packs", every=timedelta(hours=6))
def forget_packs() -> int:
    """Delete zips that nobody has asked for in a week; return how many. They are made again when somebody does."""
    old = select(FilePack.id).where(FilePack.used_at < now() - KEPT_FOR).order_by(FilePack.id).limit(_BATCH)
    count = 0
    while ids := list(db.session().scalars(old)):
        for pack_id in ids:
            with db.unit_of_work():
                _forget(pack_id)
        count += len(ids)
    with db.unit_of_work():
        sweeping.remove_unneeded(FOLDER, FilePack.file_id)
    return count


def _entries(contents: list[Content]) -> list[list[Any]]:
    """Return id and name of each file; two of the same name are told apart."""
    taken: set[str] = set()
    entries: list[list[Any]] = []
    for content in contents:
        assert content.file is not None
        name = _free_name(clean_filename(content.file.filename), taken)
        taken.add(name.casefold())
        entries.append([content.file.id, name])
    return entries


def _free_name(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    tries = (
        name if number == 1 else f"{stem} ({number}){dot}{ending}" for number in range(1, len(taken) + 2)
    )
    return next(each for each in tries if each.casefold() not in taken)


def _row(fingerprint: str, product_id: int, entries: list[list[Any]]) -> FilePack:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    values = {
        "fingerprint": fingerprint,
        "product_id": product_id,
        "entries": entries,
        "state": PackState.WAITING,
        "used_at": now(),
    }
    db.session().execute(insert(FilePack).values(**values).on_conflict_do_nothing())
    statement = select(FilePack).where(FilePack.fingerprint == fingerprint).with_for_update()
    return db.session().scalars(statement.options(selectinload(FilePack.file))).one()


def _write(path: Path, files: list[tuple[str, StoredFile]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, stored in files:
            info = zipfile.ZipInfo(name, stored.created_at.timetuple()[:6])
            info.external_attr = 0o644 << 16
            with (
                storage.open_stored(stored) as stream,
                archive.open(info, "w", force_zip64=stored.size > 1 << 31) as entry,
            ):
                while block := stream.read(BLOCK):
                    entry.write(block)


def _note(pack_id: int, upload: storage.Upload) -> None:
    pack = db.session().get(FilePack, pack_id, with_for_update=True)
    if pack is None or pack.state is PackState.READY:
        db.after_commit(lambda: storage.discard(upload))
        return
    pack.file_id, pack.state = storage.register(upload).id, PackState.READY


def _forget(pack_id: int) -> None:
    pack = db.session().get(FilePack, pack_id, with_for_update=True)
    if pack is None or pack.used_at > now() - KEPT_FOR:
        return
    stored = db.session().get(StoredFile, pack.file_id) if pack.file_id else None
    db.session().delete(pack)
    db.session().flush()
    if stored is not None:
        storage.remove(stored)
