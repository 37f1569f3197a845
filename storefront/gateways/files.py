"""Where bytes are kept: a folder of this machine, or any S3 server. All others speak to ``FileStore``."""

import errno
import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote, unquote, urlsplit

from storefront.core.clock import UTC, datetime
from storefront.core.errors import Unavailable
from storefront.core.settings import Settings

N_ = str
BLOCK = 256 * 1024

# No part begins with a dot: neither ``..`` nor our own folder of unfinished files can be named.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_LONGEST_KEY = 200
# Where the parts of one upload come together.
_WHOLE = "whole"


class NoSuchObject(Exception):
    """The storage holds nothing under this key."""


class StorageDown(Unavailable):
    """The storage does not answer, or refuses us."""

    sentence = N_("The file storage does not answer. Nothing was lost; please try again in a minute.")


class StorageFull(Unavailable):
    """There is no room left."""

    sentence = N_("There is no room left in the file storage.")


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the storage knows of an object; ``size`` in bytes."""

    key: str
    size: int
    etag: str
    modified_at: datetime


class FileStore(Protocol):
    """A place for objects. Keys are random and never used twice, so an object never changes."""

    origin: str | None
    """Where browsers meet the signed addresses (scheme, host, port); None when the shop itself serves."""

    def put(self, key: str, stream: BinaryIO, content_type: str) -> None:
        """Keep what the stream holds to its end, block by block; it is there in full or not at all."""

    def open(self, key: str) -> BinaryIO:
        """Return the object for reading. Raises NoSuchObject."""

    def open_range(self, key: str, start: int, stop: int) -> BinaryIO:
        """Return the bytes from ``start`` up to, not including, ``stop``. Raises NoSuchObject."""

    def stat(self, key: str) -> ObjectStat | None:
        """Return what is known of the object, or None when there is none."""

    def delete(self, key: str) -> None:
        """Forget the object; quiet when there is none."""

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield the objects whose keys begin with ``prefix``."""

    def signed_url(
        self, key: str, filename: str, content_type: str, seconds: int, inline: bool
    ) -> str | None:
        """Return an address at which the storage itself serves the object for some seconds, if it can."""

    def begin_parts(self, key: str) -> str:
        """Begin an object that comes in parts and return what the storage calls it; it is not there until finished."""

    def put_part(self, key: str, token: str, number: int, offset: int, data: bytes) -> None:
        """Keep a part, counted from 1, that begins at ``offset``; once more is the same. Raises NoSuchObject."""

    def part_url(self, key: str, token: str, number: int, seconds: int) -> str | None:
        """Return an address to which a browser may PUT the part for some seconds, if the storage has such."""

    def parts(self, key: str, token: str) -> dict[int, int]:
        """Return the sizes of the parts that are there, by number. Raises NoSuchObject: there is no such upload."""

    def finish_parts(self, key: str, token: str) -> None:
        """Make the parts one object, in full or not at all. Raises NoSuchObject: there is no such upload."""

    def abort_parts(self, key: str, token: str) -> None:
        """Forget the parts; quiet when there are none."""

    def local_path(self, key: str) -> Path | None:
        """Return where the object lies on this machine, for programs and web servers; None when it is elsewhere."""

    def forget_unfinished(self, before: datetime) -> int:
        """Throw away what is left of uploads that broke off before that moment; return how many."""

    def is_ready(self) -> bool:
        """Whether the storage can be used right now; answers within some seconds."""


def make_file_store(settings: Settings) -> FileStore:
    """Return the storage that the settings name: a folder under ``var/``, another folder, or S3."""
    if settings.storage_url.startswith("s3:"):
        from storefront.gateways.s3 import S3Store, parse_s3_url  # the client is slow to import

        return S3Store(parse_s3_url(settings.storage_url), may_make_bucket=not settings.is_production)
    folder = unquote(urlsplit(settings.storage_url).path)
    return FolderStore(Path(folder) if folder else settings.var_dir / "files")


def is_key(key: str) -> bool:
    """Whether this may name an object; a key from an address must be asked first."""
    return len(key) <= _LONGEST_KEY and _KEY.fullmatch(key) is not None


def checked_key(key: str) -> str:
    """Return the key, or raise ValueError when it could lead out of the storage."""
    if not is_key(key):
        raise ValueError(f"{key!r} is no key of the storage")
    return key


def content_disposition(filename: str, inline: bool) -> str:
    """Return the header that names a download, in any script (RFC 6266 and RFC 5987)."""
    kind = "inline" if inline else "attachment"
    if filename.isascii() and not re.search(r'[\x00-\x1f\x7f"\\%]', filename):
        return f'{kind}; filename="{filename}"'
    exact = quote(filename.encode("utf-8", "replace"), safe="!#$&+-.^_`|~")
    return f"{kind}; filename=\"{_plain_name(filename)}\"; filename*=UTF-8''{exact}"


def _plain_name(filename: str) -> str:
    """Return a name for programs that know no other letters than ASCII."""
    stem, dot, ending = filename.rpartition(".")
    plain = re.sub(r"[^A-Za-z0-9 ._-]+", "_", stem if dot else filename).strip(" _.-")
    plain_ending = re.sub(r"[^A-Za-z0-9]", "", ending)
    return (plain or "file") + (f".{plain_ending}" if dot and plain_ending else "")


class FolderStore:
    """Files in a folder: each is written aside, flushed to the disk, and then put in its place."""

    origin: str | None = None

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._unfinished = self.root / ".incoming"

    def put(self, key: str, stream: BinaryIO, content_type: str) -> None:
        """Keep the stream; a process killed at any point leaves the object in full or not at all."""
        target = self._path(key)
        with _room_permitting():
            self._unfinished.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = self._unfinished / secrets.token_hex(16)
            try:
                with aside.open("xb") as file:
                    shutil.copyfileobj(stream, file, BLOCK)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)
            _flush_folder(target.parent)

    def open(self, key: str) -> BinaryIO:
        """Return the open file, which can be sought in."""
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NoSuchObject(key) from error

    def open_range(self, key: str, start: int, stop: int) -> BinaryIO:
        """Return a part of the file."""
        file = self.open(key)
        file.seek(start)
        return io.BufferedReader(_Window(file, stop - start), BLOCK)

    def stat(self, key: str) -> ObjectStat | None:
        """Return size and age of the file."""
        path = self._path(key)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _stat_of(key, found) if path.is_file() else None

    def delete(self, key: str) -> None:
        """Remove the file."""
        self._path(key).unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield all files below the folder, but the unfinished ones."""
        for folder, subfolders, names in os.walk(self.root):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                # A file may be deleted by somebody while we look.
                with suppress(FileNotFoundError):
                    if key.startswith(prefix) and is_key(key):
                        yield _stat_of(key, path.stat())

    def signed_url(
        self, key: str, filename: str, content_type: str, seconds: int, inline: bool
    ) -> str | None:
        """Return None: a folder serves nobody, the shop does."""
        return None

    def begin_parts(self, key: str) -> str:
        """Make a folder for one file with room for all parts, and a mark for each that has arrived."""
        token = secrets.token_hex(16)
        with _room_permitting():
            folder = self._parts_folder(token)
            folder.mkdir(parents=True)
            (folder / _WHOLE).touch()
        return token

    def put_part(self, key: str, token: str, number: int, offset: int, data: bytes) -> None:
        """Write the part into its place; its mark is there only when its bytes are on the disk."""
        folder = self._parts_folder(token)
        try:
            with _room_permitting(), (folder / _WHOLE).open("r+b") as file:
                file.seek(offset)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside = folder / f".{secrets.token_hex(8)}"
            aside.write_text(str(len(data)))
            aside.replace(folder / str(number))
        except FileNotFoundError as error:
            raise NoSuchObject(key) from error

    def part_url(self, key: str, token: str, number: int, seconds: int) -> str | None:
        """Return None: the shop takes the parts."""
        return None

    def parts(self, key: str, token: str) -> dict[int, int]:
        """Read the marks."""
        folder = self._parts_folder(token)
        if not (folder / _WHOLE).exists():
            raise NoSuchObject(key)
        return {int(mark.name): int(mark.read_text()) for mark in folder.glob("[0-9]*")}

    def finish_parts(self, key: str, token: str) -> None:
        """Give the file its name, which is done in an instant at any size."""
        folder, target = self._parts_folder(token), self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            (folder / _WHOLE).replace(target)
        except FileNotFoundError as error:
            raise NoSuchObject(key) from error
        _flush_folder(target.parent)
        shutil.rmtree(folder, ignore_errors=True)

    def abort_parts(self, key: str, token: str) -> None:
        """Remove the folder."""
        shutil.rmtree(self._parts_folder(token), ignore_errors=True)

    def local_path(self, key: str) -> Path | None:
        """Return the file itself."""
        return self._path(key)

    def forget_unfinished(self, before: datetime) -> int:
        """Remove what killed processes have left; each part renews the folder of its upload."""
        count = 0
        for path in self._unfinished.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    count += 1
        return count

    def is_ready(self) -> bool:
        """Whether a file can be written here."""
        probe = self._unfinished / f"probe-{secrets.token_hex(8)}"
        try:
            self._unfinished.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"ready")
            probe.unlink()
        except OSError:
            return False
        return True

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def _parts_folder(self, token: str) -> Path:
        return self._unfinished / f"parts-{checked_key(token)}"


class _Window(io.RawIOBase):
    """The next ``length`` bytes of an open file."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = max(0, length)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # only BufferedReader calls it
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _stat_of(key: str, found: os.stat_result) -> ObjectStat:
    moment = datetime.fromtimestamp(found.st_mtime, UTC)
    return ObjectStat(key, found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}", moment)


def _flush_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _room_permitting() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        raise
