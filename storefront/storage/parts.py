"""Large files that come in parts, so that a cut costs one part and not the whole. See docs/uploads.md.

``begin`` finds the same file again after a reload; ``finish`` returns an ``Upload`` like any other, which is registered
in the caller's unit. Nothing is a file of the shop before that, and what is left behind is swept away by its age.
"""

import hashlib
import math
from contextlib import suppress

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from storefront.core.clock import datetime, now, timedelta
from storefront.core.db import again_on_conflict, get_or_404, session, unit_of_work
from storefront.core.errors import N_, NotFound, Refused, ShopError
from storefront.core.ids import new_public_id
from storefront.gateways.files import NoSuchObject, StorageDown
from storefront.storage import service
from storefront.storage.kinds import HEAD, clean_filename, content_type_of
from storefront.storage.measuring import MEGABYTE, TooLarge
from storefront.storage.models import PartialUpload
from storefront.storage.service import EmptyFile, Upload, forbid_unit, forget_objects, store

# S3 takes parts of at least 5 MiB, and 10,000 of them.
_SMALLEST_PART = 5 * 1024 * 1024
_MOST_PARTS = 9000
_STEP = 1024 * 1024
_PART_SECONDS = 3600
_TOUCH_EVERY = timedelta(minutes=5)
_BATCH = 100


class PartDamaged(ShopError):
    """A part is not what the browser sent, or not of the size that it should have."""

    status = 422
    sentence = N_("A part of the file arrived damaged. It is sent again.")


def begin(filename: str, size: int, mark: str, place: str) -> PartialUpload:
    """Return the upload of this file for this place, a new one or the one that was cut; call it with no unit running.

    ``mark`` is whatever tells the file from others of the same name (its date); ``size`` in bytes.

    Raises:
        EmptyFile, TooLarge: nobody needs to send it. Unavailable: the storage is down or full.
    """
    forbid_unit()
    limit = service.most_megabytes()
    if size < 1:
        raise EmptyFile
    if size > limit * MEGABYTE:
        raise TooLarge(megabytes=limit)
    name = clean_filename(filename)
    fingerprint = hashlib.sha256("\0".join((place, name, str(size), mark)).encode()).hexdigest()
    return _find(fingerprint) or _make(fingerprint, place[:300], name, size)


def get(public_id: str) -> PartialUpload:
    """Return the upload of that id.

    Raises:
        NotFound: there is none; it was finished, cancelled or given up.
    """
    return get_or_404(PartialUpload, PartialUpload.public_id == public_id)


def waiting_for(place: str) -> list[PartialUpload]:
    """Return what was begun for the form at this path and is not finished, newest first."""
    statement = select(PartialUpload).where(PartialUpload.place == place).order_by(PartialUpload.id.desc())
    return list(session().scalars(statement.limit(_BATCH)))


def arrived(upload: PartialUpload) -> list[int]:
    """Return the numbers of the parts that are in the storage in full, counted from 1."""
    try:
        found = store().parts(upload.key, upload.token)
    except NoSuchObject:
        return []
    return sorted(number for number, size in found.items() if size == _size_of(upload, number))


def count_parts(upload: PartialUpload) -> int:
    """Return in how many parts it comes."""
    return math.ceil(upload.size / upload.part_size)


def take(upload: PartialUpload, number: int, data: bytes, sha256: str) -> None:
    """Keep one part; ``sha256`` in hex is what the browser says that it is, where it can say so.

    Raises:
        NotFound: there is no such part or upload any more. PartDamaged: size or checksum differ.
    """
    forbid_unit()
    expected = _size_of(upload, number)
    if len(data) != expected or (sha256 and hashlib.sha256(data).hexdigest() != sha256.lower()):
        raise PartDamaged
    try:
        store().put_part(upload.key, upload.token, number, (number - 1) * upload.part_size, data)
    except NoSuchObject as error:
        raise NotFound from error
    _touch(upload)


def address(upload: PartialUpload, number: int) -> str | None:
    """Return where the browser may PUT this part itself, for an hour; None when the shop takes it.

    Raises:
        NotFound: there is no such part.
    """
    _size_of(upload, number)
    _touch(upload)
    return store().part_url(upload.key, upload.token, number, _PART_SECONDS)


def finish(public_id: str) -> Upload:
    """Put the parts together and look at what came; call it with no unit running. Harmless when repeated.

    Raises:
        NotFound: there is no such upload. Refused: parts are missing, or it has not the size that was announced.
    """
    forbid_unit()
    upload = get(public_id)
    if store().stat(upload.key) is None:
        _put_together(upload)
    found = store().stat(upload.key)
    if found is None or found.size != upload.size:
        cancel(public_id)
        raise Refused(N_("The file that arrived is not the one that was announced. Please send it again."))
    with store().open_range(upload.key, 0, min(HEAD, upload.size)) as stream:
        kind = content_type_of(stream.read(), upload.filename)
    # It begins to age now: whoever registers it has the usual half a day.
    return Upload(upload.key, upload.filename, kind, upload.size, "", False, now(), upload.id)


def cancel(public_id: str) -> None:
    """Forget an upload and its parts; harmless when repeated."""
    forbid_unit()
    upload = session().scalar(select(PartialUpload).where(PartialUpload.public_id == public_id))
    if upload is not None:
        _drop(upload)


def forget_abandoned(before: datetime) -> int:
    """Forget uploads of which no part has come since that moment; return how many."""
    statement = select(PartialUpload).where(PartialUpload.touched_at < before).order_by(PartialUpload.id)
    count = 0
    while old := list(session().scalars(statement.limit(_BATCH))):
        for upload in old:
            _drop(upload)
        count += len(old)
    return count


def _find(fingerprint: str) -> PartialUpload | None:
    """Return what was begun, unless the storage has forgotten it meanwhile."""
    found = session().scalar(select(PartialUpload).where(PartialUpload.fingerprint == fingerprint))
    if found is None:
        return None
    try:
        store().parts(found.key, found.token)
    except NoSuchObject:
        if store().stat(found.key) is None:
            _drop(found)
            return None
    return found


def _make(fingerprint: str, place: str, name: str, size: int) -> PartialUpload:
    key = f"files/{new_public_id()}"
    token = store().begin_parts(key)
    row = PartialUpload(
        fingerprint=fingerprint,
        place=place,
        key=key,
        token=token,
        filename=name,
        size=size,
        part_size=_part_size(size),
    )
    try:
        with unit_of_work() as unit:
            unit.add(row)
            unit.flush()
    except IntegrityError:
        # Another window was quicker with the same file: both send into its upload.
        store().abort_parts(key, token)
        statement = select(PartialUpload).where(PartialUpload.fingerprint == fingerprint)
        return session().scalars(statement).one()
    return row


def _part_size(size: int) -> int:
    needed = math.ceil(size / _MOST_PARTS / _STEP) * _STEP
    return max(_SMALLEST_PART, needed)


def _size_of(upload: PartialUpload, number: int) -> int:
    """Return how many bytes this part must have; all but the last are of one size."""
    last = count_parts(upload)
    if not 1 <= number <= last:
        raise NotFound
    return upload.part_size if number < last else upload.size - (last - 1) * upload.part_size


def _put_together(upload: PartialUpload) -> None:
    if len(arrived(upload)) != count_parts(upload):
        raise Refused(
            N_("Some parts of this file have not arrived yet. Send it again, and only those are sent.")
        )
    try:
        store().finish_parts(upload.key, upload.token)
    except NoSuchObject:
        # A second request does the same at this moment: the object says which of them was quicker.
        if store().stat(upload.key) is None:
            raise NotFound from None


def _touch(upload: PartialUpload) -> None:
    """Note that it is alive, seldom enough to cost nothing."""
    if now() - upload.touched_at < _TOUCH_EVERY:
        return
    statement = update(PartialUpload).where(PartialUpload.id == upload.id).values(touched_at=now())

    def write() -> None:
        with unit_of_work() as unit:
            unit.execute(statement.execution_options(synchronize_session=False))

    again_on_conflict(write)


def _drop(upload: PartialUpload) -> None:
    """Whoever deletes the row may delete the bytes: a file that was registered at this moment keeps them."""
    closed = delete(PartialUpload).where(PartialUpload.id == upload.id).returning(PartialUpload.id)
    with unit_of_work() as unit:
        is_ours = unit.execute(closed).scalar_one_or_none() is not None
    if is_ours:
        with suppress(StorageDown):
            store().abort_parts(upload.key, upload.token)
        forget_objects([upload.key])
