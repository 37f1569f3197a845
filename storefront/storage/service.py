"""Keeping files.

The bytes come first, without a transaction, and then the row, in the unit of the caller::

    upload = storage.upload(stream, "Guide.pdf")
    with unit_of_work():
        content.file = storage.register(upload)

Dying between the two leaves an object without a row, which ``storage.jobs`` removes a day later. There is
never a row without its object.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import quote

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import delete, select

from storefront.core.clock import datetime, now, timedelta
from storefront.core.db import after_commit, in_unit, session
from storefront.core.errors import NotFound, Refused, ShopError
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.core.logging import get_logger
from storefront.core.settings import Settings
from storefront.gateways.files import FileStore, StorageDown
from storefront.jobs.service import enqueue
from storefront.storage.kinds import clean_filename, content_type_of, may_be_shown
from storefront.storage.measuring import MEGABYTE, Measured
from storefront.storage.models import PartialUpload, StoredFile

N_ = str
LINK_SECONDS = 600
# A download that was cut goes on by the same link for so long, as long as its holder may have the file.
RESUME_SECONDS = 24 * 3600
# What computes the checksum of a file that did not come through our hands.
CHECKSUM = "storage.checksum"
ORPHAN_AGE = timedelta(days=1)
DOWNLOADS = "/downloads/files/"
PIECES = "/downloads/pieces/"

# Half of the age at which an object without row is swept away, so that the two can't meet.
_REGISTER_WITHIN = ORPHAN_AGE / 2


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
    """Bytes that are in the storage but have no row yet. ``size`` in bytes, ``sha256`` in hex.

    What came in parts has no checksum yet, and the id of its ``PartialUpload``.
    """

    key: str
    filename: str
    content_type: str
    size: int
    sha256: str
    is_public: bool
    uploaded_at: datetime
    partial_id: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a signed address of our own stands for. ``holder`` names who was given it, if anybody in particular."""

    key: str
    inline: bool
    holder: str = ""


class _Office:
    """The storage of this process and the keys that sign its links."""

    def __init__(self, store: FileStore, settings: Settings) -> None:
        self.store = store
        self.max_megabytes = settings.max_upload_mb
        self.accel_prefix = settings.x_accel_prefix
        # itsdangerous signs with the last key; our settings name the newest first.
        self.serializer = URLSafeTimedSerializer(list(reversed(settings.signing_keys)), salt="storage.link")


_office: _Office | None = None
_may_still: list[Callable[[str], bool]] = []


def configure(file_store: FileStore, settings: Settings) -> None:
    """Make this process keep its files in ``file_store``, replacing the one before."""
    global _office  # one storage a process, like one database
    _office = _Office(file_store, settings)


def most_megabytes() -> int:
    """Return how large a file of the owner may be, in MB."""
    return _the_office().max_megabytes


def store() -> FileStore:
    """Return the storage of this process."""
    return _the_office().store


def ask_before_serving(may_still: Callable[[str], bool]) -> None:
    """Have links that were given to a holder asked about at each use: what was refunded since is not served."""
    if may_still not in _may_still:
        _may_still.append(may_still)


def may_still(holder: str) -> bool:
    """Whether the holder of a link may have its file now."""
    return all(asked(holder) for asked in _may_still)


def upload(
    stream: BinaryIO, filename: str, *, is_public: bool = False, prefix: str = "files", is_ours: bool = False
) -> Upload:
    """Put the bytes into the storage, without holding them in memory; call it with no unit running.

    The type is found in the bytes; the name is cleaned. What we made ourselves (``is_ours``) may have any size.

    Raises:
        TooLarge: more than ``max_upload_mb``. EmptyFile: no byte. Unavailable: the storage is down or full.
    """
    forbid_unit()
    limit = _the_office().max_megabytes
    measured = Measured(stream, sys.maxsize if is_ours else limit * MEGABYTE, limit)
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
        NotFound: it came in parts and was registered already, from another window.
    """
    if not in_unit():
        raise RuntimeError("register() outside a unit of work")
    if now() - uploaded.uploaded_at > _REGISTER_WITHIN:
        raise Refused(N_("This upload is too old. Please send the file again."))
    if uploaded.partial_id is not None:
        _close_partial(uploaded.partial_id)
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
    if uploaded.partial_id is not None:
        enqueue(CHECKSUM, unique_key=f"{CHECKSUM}:{stored.id}", file_id=stored.id)
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


def signed_url(stored: StoredFile, inline: bool = False, holder: str = "") -> str:
    """Return a fresh address of the file that dies in ten minutes; absolute for S3, a path for a folder.

    ``inline`` lets the browser show it in place (a video in a lesson) where its type is harmless. ``holder`` is asked
    about at each use of an address of our own (``ask_before_serving``); with one, a cut download goes on for a day.
    """
    shown = inline and may_be_shown(stored.content_type)
    elsewhere = store().signed_url(stored.key, stored.filename, stored.content_type, LINK_SECONDS, shown)
    if elsewhere is not None:
        return elsewhere
    token = _the_office().serializer.dumps([stored.key, int(shown), *([holder] if holder else [])])
    return f"{DOWNLOADS}{token}/{quote(stored.filename, safe='')}"


def piece_url(key: str, seconds: int) -> str:
    """Return the address of an object that has no row and needs no secrecy: an encrypted piece of a film."""
    elsewhere = store().signed_url(key, "piece.ts", "video/mp2t", seconds, True)
    return elsewhere if elsewhere is not None else f"{PIECES}{key}"


def read_link(token: str, *, goes_on: bool = False) -> Link:
    """Return what a signed address of our own stands for. ``goes_on``: a download that was cut asks for the rest.

    Raises:
        LinkExpired: it is older than ten minutes, or than a day when it goes on. NotFound: it was not signed by us,
            or its holder may not have the file any more.
    """
    serializer = _the_office().serializer
    try:
        key, inline, *rest = serializer.loads(token, max_age=RESUME_SECONDS)
        if not (rest and goes_on):
            serializer.loads(token, max_age=LINK_SECONDS)
    except SignatureExpired as error:
        raise LinkExpired from error
    except (BadSignature, ValueError) as error:
        raise NotFound from error
    link = Link(str(key), bool(inline), str(rest[0]) if rest else "")
    if link.holder and not may_still(link.holder):
        raise NotFound
    return link


def accel_path(key: str) -> str | None:
    """Return what the web server in front calls this object, when it is to send it itself (``X_ACCEL_PREFIX``)."""
    prefix = _the_office().accel_prefix
    return f"{prefix}{quote(key)}" if prefix and store().local_path(key) is not None else None


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


def forbid_unit() -> None:
    """Refuse to move bytes while a transaction is open: others would wait for it."""
    if in_unit():
        raise RuntimeError("bytes are moved outside of units of work")


def _close_partial(partial_id: int) -> None:
    """The one who deletes the row registers the file; who comes second has nothing left to register."""
    closed = delete(PartialUpload).where(PartialUpload.id == partial_id).returning(PartialUpload.id)
    if session().execute(closed).scalar_one_or_none() is None:
        raise NotFound


def _the_office() -> _Office:
    if _office is None:
        raise RuntimeError("storage.configure() was not called")
    return _office
