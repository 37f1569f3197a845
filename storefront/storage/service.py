"""Keeping files.

The bytes come first, without a transaction, and then the row, in the unit of the caller::

    upload = storage.upload(stream, "Guide.pdf")
    with unit_of_work():
        content.file = storage.register(upload)

Dying between the two leaves an object without a row, which ``storage.jobs`` removes a day later. There is
never a row without its object.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import quote

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import select

from storefront.core.clock import datetime, now, timedelta
from storefront.core.db import after_commit, in_unit, session
from storefront.core.errors import NotFound, Refused, ShopError
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.core.logging import get_logger
from storefront.core.settings import Settings
from storefront.gateways.files import FileStore, StorageDown
from storefront.storage.kinds import HEAD, clean_filename, content_type_of, may_be_shown
from storefront.storage.models import StoredFile

N_ = str
LINK_SECONDS = 600
ORPHAN_AGE = timedelta(days=1)
DOWNLOADS = "/downloads/files/"

# Half of the age at which an object without row is swept away, so that the two can't meet.
_REGISTER_WITHIN = ORPHAN_AGE / 2
_MEGABYTE = 1_000_000
_BATCH = 500


class TooLarge(ShopError):
    """More bytes than the owner allows for one file."""

    status = 413
    sentence = N_("This file is larger than %(megabytes)s MB, the most that the shop takes.")


class EmptyFile(ShopError):
    """Nothing was sent."""

    status = 422
    sentence = N_("This file is empty.")


class LinkExpired(ShopError):
    """The signature is ours, but too old."""

    status = 410
    sentence = N_("This link has expired, as it does after some minutes. Go back and open the file again.")


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that are in the storage but have no row yet. ``size`` in bytes, ``sha256`` in hex."""

    key: str
    filename: str
    content_type: str
    size: int
    sha256: str
    is_public: bool
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """What a signed address of our own stands for."""

    key: str
    inline: bool


class _Office:
    """The storage of this process and the keys that sign its links."""

    def __init__(self, store: FileStore, settings: Settings) -> None:
        self.store = store
        self.max_megabytes = settings.max_upload_mb
        # itsdangerous signs with the last key; our settings name the newest first.
        self.serializer = URLSafeTimedSerializer(list(reversed(settings.signing_keys)), salt="storage.link")


_office: _Office | None = None


def configure(file_store: FileStore, settings: Settings) -> None:
    """Make this process keep its files in ``file_store``, replacing the one before."""
    global _office  # one storage a process, like one database
    _office = _Office(file_store, settings)


def store() -> FileStore:
    """Return the storage of this process."""
    return _the_office().store


def upload(stream: BinaryIO, filename: str, *, is_public: bool = False, prefix: str = "files") -> Upload:
    """Put the bytes into the storage, without holding them in memory; call it with no unit running.

    The type is found in the bytes; the name is cleaned.

    Raises:
        TooLarge: more than ``max_upload_mb``. EmptyFile: no byte. Unavailable: the storage is down or full.
    """
    forbid_unit()
    limit = _the_office().max_megabytes
    measured = _Measured(stream, limit * _MEGABYTE, limit)
    head = measured.peek()
    if not head:
        raise EmptyFile
    name = clean_filename(filename)
    kind = content_type_of(head, name)
    key = f"{prefix}/{new_public_id()}"
    store().put(key, cast(BinaryIO, measured), kind)
    reach("storage.uploaded")
    return Upload(key, name, kind, measured.size, measured.hexdigest(), is_public, now())


def register(uploaded: Upload) -> StoredFile:
    """Write the row of an upload in the current unit.

    Raises:
        Refused: the upload is so old that its bytes may be swept away; nobody waits half a day in between.
    """
    if not in_unit():
        raise RuntimeError("register() outside a unit of work")
    if now() - uploaded.uploaded_at > _REGISTER_WITHIN:
        raise Refused(N_("This upload is too old. Please send the file again."))
    stored = StoredFile(
        key=uploaded.key,
        filename=uploaded.filename,
        content_type=uploaded.content_type,
        size=uploaded.size,
        sha256=uploaded.sha256,
        is_public=uploaded.is_public,
    )
    session().add(stored)
    session().flush()
    return stored


def discard(uploaded: Upload) -> None:
    """Throw away an upload that will not be registered; quiet when that fails, since a job sweeps."""
    forget_objects([uploaded.key])


def remove(stored: StoredFile) -> None:
    """Delete the row in the current unit, and the object after its commit.

    Content and lessons refer to files with RESTRICT: the database refuses while someone still needs it.
    """
    session().delete(stored)
    key = stored.key
    after_commit(lambda: forget_objects([key]))


def open_stored(stored: StoredFile) -> BinaryIO:
    """Return the bytes of the file for reading.

    Raises:
        NoSuchObject: the object is gone. Unavailable: the storage is down.
    """
    return store().open(stored.key)


def signed_url(stored: StoredFile, inline: bool = False) -> str:
    """Return a fresh address of the file that dies in ten minutes; absolute for S3, a path for a folder.

    ``inline`` lets the browser show it in place (a video in a lesson) where its type is harmless.
    """
    shown = inline and may_be_shown(stored.content_type)
    elsewhere = store().signed_url(stored.key, stored.filename, stored.content_type, LINK_SECONDS, shown)
    if elsewhere is not None:
        return elsewhere
    token = _the_office().serializer.dumps([stored.key, int(shown)])
    return f"{DOWNLOADS}{token}/{quote(stored.filename, safe='')}"


def read_link(token: str) -> Link:
    """Return what a signed address of our own stands for.

    Raises:
        LinkExpired: it is older than ten minutes. NotFound: it was not signed by us.
    """
    try:
        key, inline = _the_office().serializer.loads(token, max_age=LINK_SECONDS)
    except SignatureExpired as error:
        raise LinkExpired from error
    except (BadSignature, ValueError) as error:
        raise NotFound from error
    return Link(str(key), bool(inline))


def find_stored(key: str) -> StoredFile | None:
    """Return the row of the object, if there is one."""
    return session().execute(select(StoredFile).where(StoredFile.key == key)).scalar_one_or_none()


def forget_objects(keys: Iterable[str]) -> None:
    """Delete objects that nobody refers to any more; what fails now is swept later."""
    for key in keys:
        try:
            store().delete(key)
        except (StorageDown, OSError) as error:
            get_logger().warning("object not deleted yet", key=key, error=type(error).__name__)


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


def forbid_unit() -> None:
    """Refuse to move bytes while a transaction is open: others would wait for it."""
    if in_unit():
        raise RuntimeError("bytes are moved outside of units of work")


class _Measured:
    """A stream that counts, hashes and limits what is read from it, and lets its beginning be seen."""

    def __init__(self, stream: BinaryIO, limit: int, megabytes: int) -> None:
        self._stream = stream
        self._limit = limit
        self._megabytes = megabytes
        self._ahead = b""
        self._hash = hashlib.sha256()
        self.size = 0

    def peek(self) -> bytes:
        """Return the beginning, which will be read again."""
        while len(self._ahead) < HEAD and (more := self._stream.read(HEAD - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, length: int = -1) -> bytes:
        """Return up to so many bytes."""
        if self._ahead:
            wanted = len(self._ahead) if length < 0 else length
            data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        else:
            data = self._stream.read(length)
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(megabytes=self._megabytes)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        """Return the checksum of what was read."""
        return self._hash.hexdigest()


def _the_office() -> _Office:
    if _office is None:
        raise RuntimeError("storage.configure() was not called")
    return _office


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
