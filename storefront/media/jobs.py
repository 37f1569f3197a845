"""Preparing films and sounds, one at a time in each worker, and sweeping what was left behind."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.gateways import ffmpeg
from storefront.gateways.ffmpeg import Probe, Progress, Unreadable
from storefront.gateways.files import BLOCK, NoSuchObject
from storefront.jobs.registry import NeedsAttention, RetryLater, job, periodic
from storefront.media import playing_time, service
from storefront.media.models import MediaState, PreparedMedia
from storefront.media.service import HLS_FOLDER, Made
from storefront.storage import seeking, sweeping
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.web.setup import settings

# What is made is smaller than its source as a rule; three times as much leaves room for the exception.
_TIMES, _SPARE = 3, 200_000_000
_SAY_EVERY_SECONDS = 2.0
_POSTER_AT = 0.1
_KEPT = timedelta(days=1)


def give_up(args: dict[str, Any], reason: str) -> None:
    """Show the owner why a film was not prepared."""
    service.note_failure(args["file_id"], reason)


@job(service.PREPARE, slow=True, lease=timedelta(hours=12), when_resting=give_up)
def prepare(file_id: int) -> Callable[[], None] | None:
    """Make of a film or sound what browsers play best, and return how to put it in place.

    Killed at any point it leaves files that nobody refers to, which are swept away.
    """
    stored = _begin(file_id)
    if stored is None:
        return None
    if not ffmpeg.is_installed():
        return partial(service.note, file_id, _measured(stored))
    with workshop(_TIMES * stored.size) as folder, _source(stored, folder) as source:
        try:
            made = _make(stored, source, folder)
        except Unreadable as error:
            raise NeedsAttention(N_("This file can't be prepared for playing") + f": {error}") from error
    reach("media.made")
    return partial(service.note, file_id, made)


@periodic("media.sweep", every=timedelta(hours=6))
def sweep() -> int:
    """Delete segments that belong to no film, and what killed work has left on this machine; return how many."""
    moment = time.time()
    for folder in _workshops().glob("*"):
        if moment - folder.stat().st_mtime > _KEPT.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)
    return sweeping.sweep(HLS_FOLDER, _known)


@contextmanager
def workshop(needed: int) -> Iterator[Path]:
    """Give a folder of this machine with room for so many bytes, which is gone afterwards.

    Raises:
        RetryLater: there is not enough room on the disk now.
    """
    home = _workshops()
    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free < needed + _SPARE:
        raise RetryLater(N_("There is not enough room on the disk for this work."), timedelta(hours=1))
    folder = home / new_public_id()
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fetch(stored: StoredFile, target: Path) -> None:
    """Copy a stored file to this machine."""
    with storage.open_stored(stored) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file, BLOCK)


def _begin(file_id: int) -> StoredFile | None:
    """Say that it is being worked on; None when the file is gone."""
    statement = (
        update(PreparedMedia)
        .where(PreparedMedia.file_id == file_id)
        .values(state=MediaState.WORKING, percent=0, updated_at=now())
        .returning(PreparedMedia.id)
        .execution_options(synchronize_session=False)
    )
    with db.unit_of_work() as session:
        if session.execute(statement).scalar_one_or_none() is None:
            return None
        return session.get(StoredFile, file_id)


def _measured(stored: StoredFile) -> Made:
    """Return what the file says of itself, without any program."""
    try:
        with seeking.opened(stored.key, stored.size) as stream:
            film = playing_time.film_of(stream)
    except NoSuchObject:
        return Made()
    return Made(film.seconds, film.width, film.height)


@contextmanager
def _source(stored: StoredFile, folder: Path) -> Iterator[Path]:
    """Give the file where programs can read it: in place, or a copy."""
    path = storage.store().local_path(stored.key)
    if path is None:
        path = folder / "source"
        fetch(stored, path)
    yield path


def _make(stored: StoredFile, source: Path, folder: Path) -> Made:
    found = ffmpeg.probe(source)
    share = _Shares(stored.id, found)
    poster = _poster(source, folder, found)
    web = _web(stored, source, folder, found, share.next())
    hls = _segments(source, folder, found, share) if found.video and found.height else None
    return Made(
        seconds=round(found.seconds) or 1 if found.seconds else None,
        width=found.width,
        height=found.height,
        poster=poster,
        web=web,
        hls_prefix=hls[0] if hls else None,
        hls_key=hls[1] if hls else None,
        hls=hls[2] if hls else None,
    )


class _Shares:
    """How much of the work each step is, said to the owner as a percentage every other second."""

    def __init__(self, file_id: int, found: Probe) -> None:
        self._file_id = file_id
        self._seconds = found.seconds or 0.0
        self._steps = 1 + (len(ffmpeg.heights_for(found.height)) if found.video and found.height else 0)
        self._step = -1
        self._said_at = 0.0

    def next(self) -> Progress:
        """Return what the next step tells how far it is."""
        self._step += 1
        return self._say

    def _say(self, seconds: float) -> None:
        if not self._seconds or time.monotonic() - self._said_at < _SAY_EVERY_SECONDS:
            return
        self._said_at = time.monotonic()
        done = (self._step + min(seconds / self._seconds, 1.0)) / self._steps
        statement = update(PreparedMedia).where(PreparedMedia.file_id == self._file_id)
        with db.unit_of_work() as session:
            session.execute(
                statement.values(percent=min(99, int(f"{done:.0%}".rstrip("%")))).execution_options(
                    synchronize_session=False
                )
            )


def _poster(source: Path, folder: Path, found: Probe) -> storage.Upload | None:
    if found.video is None:
        return None
    target = folder / "poster.jpg"
    try:
        ffmpeg.save_poster(source, target, _POSTER_AT * (found.seconds or 0))
    except Unreadable:
        return None  # A film whose first seconds are broken has no picture, and plays all the same.
    return _keep(target, "poster.jpg") if target.exists() else None


def _web(
    stored: StoredFile, source: Path, folder: Path, found: Probe, progress: Progress
) -> storage.Upload | None:
    if found.plays_everywhere and _streams_as_it_is(stored, source):
        return None
    ending = "mp4" if found.video else "m4a"
    target = folder / f"web.{ending}"
    ffmpeg.save_for_web(source, target, found, progress)
    stem = stored.filename.rpartition(".")[0] or stored.filename
    return _keep(target, f"{stem}.{ending}")


def _streams_as_it_is(stored: StoredFile, source: Path) -> bool:
    """Whether browsers can begin before they have all of it: an MP4 must tell its plan before its pictures."""
    if stored.content_type in ("audio/mpeg", "audio/wav"):
        return True
    if stored.content_type not in ("video/mp4", "audio/mp4"):
        return False
    with source.open("rb") as stream:
        return playing_time.begins_with_plan(stream)


def _segments(
    source: Path, folder: Path, found: Probe, share: _Shares
) -> tuple[str, bytes, list[dict[str, Any]]]:
    """Write and keep the encrypted pieces of all sizes; return where they are, their key, and what they are."""
    prefix, key = f"{HLS_FOLDER}{new_public_id()}", os.urandom(16)
    assert found.height is not None
    assert found.width is not None
    sizes = []
    for height in ffmpeg.heights_for(found.height):
        room = folder / str(height)
        room.mkdir()
        seconds, pieces = ffmpeg.save_segments(source, room, height, key, share.next())
        total = sum(piece.stat().st_size for piece in pieces)
        for number, piece in enumerate(pieces):
            with piece.open("rb") as stream:
                storage.store().put(service.segment_key(prefix, height, number), stream, "video/mp2t")
        sizes.append(
            {
                "height": height,
                "width": round(found.width * height / found.height / 2) * 2,
                "bandwidth": max(int(total * 8 / max(sum(seconds), 0.1) * 1.2), 100_000),
                "durations": seconds,
            }
        )
        shutil.rmtree(room)
    return prefix, key, sizes


def _keep(path: Path, filename: str) -> storage.Upload:
    with path.open("rb") as stream:
        return storage.upload(stream, filename, is_ours=True)


def _known(keys: list[str]) -> set[str]:
    prefixes = {"/".join(key.split("/")[:2]) for key in keys}
    statement = select(PreparedMedia.hls_prefix).where(PreparedMedia.hls_prefix.in_(prefixes))
    known = set(db.session().scalars(statement))
    return {key for key in keys if "/".join(key.split("/")[:2]) in known}


def _workshops() -> Path:
    return settings().var_dir.absolute() / "workshop"
