"""Large files in parts, in a folder and at S3: cut, continued, given up, finished once."""

import hashlib
import socket
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from sqlalchemy import update

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound, Refused
from storefront.gateways.files import FileStore, FolderStore, NoSuchObject
from storefront.jobs.models import Job
from storefront.storage import jobs, parts, service
from storefront.storage.measuring import TooLarge
from storefront.storage.models import PartialUpload, StoredFile
from storefront.storage.parts import PartDamaged
from storefront.storage.service import EmptyFile
from tests.storage.keeping import settings_for

MB = 1024 * 1024
PLACE = "/admin/products/course/lessons/one/media"
FILM_HEAD = b"\x00\x00\x00\x20ftypisom"


def part_of(number: int, size: int) -> bytes:
    """Bytes of a part that is like no other; the first one begins like a film."""
    data = number.to_bytes(4, "big") * (size // 4) + b"\x07" * (size % 4)
    return FILM_HEAD + data[len(FILM_HEAD) :] if number == 1 else data


def size_of(upload: PartialUpload, number: int) -> int:
    """How many bytes the part has."""
    return min(upload.part_size, upload.size - (number - 1) * upload.part_size)


def send(upload: PartialUpload, number: int) -> None:
    """Send a part as the browser does: straight to the storage where that is possible."""
    data = part_of(number, size_of(upload, number))
    url = parts.address(upload, number)
    if url is None:
        parts.take(upload, number, data, hashlib.sha256(data).hexdigest())
    else:
        requests.put(url, data=data, timeout=30).raise_for_status()


def cut(upload: PartialUpload, number: int) -> None:
    """Begin to send a part and lose the connection in its middle."""
    data = part_of(number, size_of(upload, number))
    url = parts.address(upload, number)
    if url is None:
        with pytest.raises(PartDamaged):
            parts.take(upload, number, data[: len(data) // 2], "")
        return
    place = urlsplit(url)
    assert place.hostname
    with socket.create_connection((place.hostname, place.port or 80), timeout=10) as line:
        head = f"PUT {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(data)}\r\n\r\n"
        line.sendall(head.encode() + data[: len(data) // 2])


def begun(size: int, mark: str = "1") -> PartialUpload:
    """The upload of a film of that size."""
    return parts.begin("film.mp4", size, mark, PLACE)


def register(upload: service.Upload) -> StoredFile:
    """Write the row of a finished upload."""
    with db.unit_of_work():
        return service.register(upload)


@pytest.fixture
def checksummed() -> Callable[[StoredFile], str]:
    """Let the worker compute the checksum of a file."""

    def compute(stored: StoredFile) -> str:
        note = jobs.compute_checksum(stored.id)
        assert note
        with db.unit_of_work():
            note()
        db.close_reader()
        return db.session().get_one(StoredFile, stored.id).sha256

    return compute


def test_300_mb_arrive_although_the_connection_is_cut_twice(
    store: FileStore, checksummed: Callable[[StoredFile], str]
) -> None:
    size = 300 * MB + 123
    upload = begun(size)
    last = parts.count_parts(upload)
    assert (upload.part_size, last) == (5 * MB, 61)
    for number in range(1, 21):
        send(upload, number)
    cut(upload, 21)
    again = begun(size)
    assert (again.public_id, parts.arrived(again)) == (upload.public_id, list(range(1, 21)))
    for number in range(21, 45):
        send(again, number)
    cut(again, 45)
    third = begun(size)
    assert parts.arrived(third) == list(range(1, 45))
    with pytest.raises(Refused):
        parts.finish(third.public_id)
    for number in range(last, 44, -1):
        send(third, number)

    finished = parts.finish(third.public_id)
    assert (finished.size, finished.content_type) == (size, "video/mp4")
    stored = register(finished)
    expected = hashlib.sha256()
    for number in range(1, last + 1):
        expected.update(part_of(number, size_of(third, number)))
    assert checksummed(stored) == expected.hexdigest()
    with pytest.raises(NotFound):
        parts.get(upload.public_id)


def test_finishing_twice_makes_one_file(store: FileStore) -> None:
    upload = begun(6 * MB)
    for number in (1, 2):
        send(upload, number)
    # The process died between the parts and the row, and the form came again, twice.
    first, second = parts.finish(upload.public_id), parts.finish(upload.public_id)
    stored = register(first)
    with pytest.raises(NotFound):
        register(second)
    parts.cancel(upload.public_id)
    found = store.stat(stored.key)
    assert found is not None
    assert found.size == 6 * MB
    assert db.session().query(Job).filter_by(kind=service.CHECKSUM).count() == 1


def test_cancelled_and_abandoned_uploads_leave_nothing(store: FileStore) -> None:
    cancelled, abandoned = begun(6 * MB), begun(6 * MB, mark="2")
    send(cancelled, 1)
    send(abandoned, 1)
    parts.cancel(cancelled.public_id)
    parts.cancel(cancelled.public_id)
    assert [upload.public_id for upload in parts.waiting_for(PLACE)] == [abandoned.public_id]
    assert jobs.forget_parts() == 0
    with db.unit_of_work() as session:  # S3 would not believe a clock that was turned
        session.execute(update(PartialUpload).values(touched_at=now() - timedelta(days=2)))
    db.close_reader()
    assert jobs.forget_parts() == 1
    for upload in (cancelled, abandoned):
        with pytest.raises(NotFound):
            parts.get(upload.public_id)
        with pytest.raises(NoSuchObject):
            store.finish_parts(upload.key, upload.token)
        assert store.stat(upload.key) is None
    assert parts.waiting_for(PLACE) == []
    # A browser that did not notice begins anew.
    assert begun(6 * MB).public_id != cancelled.public_id


def test_folder_keeps_nothing_of_what_was_given_up(folder: FolderStore) -> None:
    send(begun(6 * MB), 1)
    with time_machine.travel(now() + service.ORPHAN_AGE + timedelta(hours=1)):
        assert folder.forget_unfinished(now() - service.ORPHAN_AGE) == 1
    assert list((folder.root / ".incoming").iterdir()) == []
    assert begun(6 * MB, mark="1").size == 6 * MB


def test_two_windows_with_the_same_file_send_into_one_upload(store: FileStore) -> None:
    assert begun(6 * MB).public_id == begun(6 * MB).public_id
    assert begun(6 * MB, mark="later").public_id != begun(6 * MB).public_id


def test_part_that_is_not_what_it_says_is_refused(folder: FolderStore) -> None:
    upload = begun(6 * MB)
    data = part_of(1, upload.part_size)
    with pytest.raises(PartDamaged):
        parts.take(upload, 1, data, "0" * 64)
    for number in (0, 3):
        with pytest.raises(NotFound):
            parts.take(upload, number, b"x", "")
    assert parts.arrived(upload) == []


def test_nobody_needs_to_send_what_is_too_large_or_empty(folder: FolderStore) -> None:
    service.configure(folder, settings_for(folder.root, max_upload_mb=1))
    with pytest.raises(TooLarge):
        begun(1_000_001)
    with pytest.raises(EmptyFile):
        begun(0)


def test_file_of_another_size_than_announced_is_refused(folder: FolderStore) -> None:
    upload = begun(6 * MB)
    for number in (1, 2):
        send(upload, number)
    folder.finish_parts(upload.key, upload.token)
    path = folder.local_path(upload.key)
    assert path is not None
    path.write_bytes(b"short")
    with pytest.raises(Refused):
        parts.finish(upload.public_id)
    assert folder.stat(upload.key) is None
