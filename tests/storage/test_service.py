"""Uploading, registering, linking and removing."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
import requests
import time_machine
from sqlalchemy import select

from storefront.core import db
from storefront.core.errors import NotFound, Refused
from storefront.core.settings import Settings
from storefront.gateways.files import FileStore, FolderStore, NoSuchObject
from storefront.storage import service, sweeping
from storefront.storage.measuring import TooLarge
from storefront.storage.models import StoredFile
from tests.servers.s3 import S3Server
from tests.storage.keeping import kept, opened_shop, settings_for


def _rows() -> list[StoredFile]:
    return list(db.session().execute(select(StoredFile)).scalars())


def test_file_is_kept_with_size_checksum_type_and_name(store: FileStore) -> None:
    data = b"%PDF-1.7 " + b"x" * 20_000

    stored = kept(data, "/tmp/指南.pdf")

    assert [row.key for row in _rows()] == [stored.key]
    assert stored.filename == "指南.pdf"
    assert stored.content_type == "application/pdf"
    assert stored.size == len(data)
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert not stored.is_public
    with service.open_stored(stored) as stream:
        assert stream.read() == data
    assert sweeping.missing_objects() == []


def test_keys_cannot_be_guessed(folder: FolderStore) -> None:
    keys = {service.upload(io.BytesIO(b"x"), "a.txt").key for _ in range(20)}

    assert len(keys) == 20
    assert {len(key) for key in keys} == {len("files/") + 22}


def test_bytes_are_not_moved_inside_a_unit(folder: FolderStore) -> None:
    with pytest.raises(RuntimeError, match="outside of units"), db.unit_of_work():
        service.upload(io.BytesIO(b"x"), "a.txt")


def test_row_needs_a_unit(folder: FolderStore) -> None:
    uploaded = service.upload(io.BytesIO(b"x"), "a.txt")

    with pytest.raises(RuntimeError, match="outside a unit"):
        service.register(uploaded)


def test_empty_file_is_refused(store: FileStore) -> None:
    with pytest.raises(service.EmptyFile) as caught:
        service.upload(io.BytesIO(b""), "a.txt")

    assert caught.value.status == 422
    assert list(store.list()) == []


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_too_large_file_is_refused_and_leaves_nothing(kind: str, tmp_path: Path, s3_url: str) -> None:
    url = s3_url if kind == "s3" else ""
    with opened_shop(settings_for(tmp_path, storage_url=url, max_upload_mb=1)) as store:
        exactly = service.upload(io.BytesIO(b"x" * 1_000_000), "a.bin")
        with pytest.raises(TooLarge) as caught:
            service.upload(io.BytesIO(b"x" * 1_000_001), "a.bin")

        assert caught.value.status == 413
        assert str(caught.value) == "This file is larger than 1 MB, the most that the shop takes."
        assert [found.key for found in store.list()] == [exactly.key]


def test_old_upload_is_not_registered_since_it_may_be_swept(folder: FolderStore) -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as clock:
        uploaded = service.upload(io.BytesIO(b"x"), "a.txt")
        clock.shift(timedelta(hours=13))

        with pytest.raises(Refused, match="too old"), db.unit_of_work():
            service.register(uploaded)


def test_discarded_upload_is_gone(store: FileStore) -> None:
    uploaded = service.upload(io.BytesIO(b"x"), "a.txt")

    service.discard(uploaded)

    assert store.stat(uploaded.key) is None


def test_removed_file_is_gone_after_the_commit(store: FileStore) -> None:
    stored = kept(b"x", "a.txt")

    with db.unit_of_work():
        service.remove(stored)
        assert store.stat(stored.key) is not None

    assert store.stat(stored.key) is None
    assert _rows() == []


def test_file_survives_a_removal_that_was_rolled_back(folder: FolderStore) -> None:
    stored = kept(b"x", "a.txt")
    key = stored.key

    def change_of_mind() -> None:
        with db.unit_of_work():
            service.remove(stored)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_of_mind()
    assert [row.key for row in _rows()] == [key]
    assert sweeping.missing_objects() == []


def test_removal_succeeds_while_the_storage_is_down(tmp_path: Path, own_s3: S3Server) -> None:
    with opened_shop(settings_for(tmp_path, storage_url=own_s3.new_bucket())):
        stored = kept(b"x", "a.txt")
        own_s3.kill()

        with db.unit_of_work():
            service.remove(stored)

        assert _rows() == []


def test_lost_and_cut_objects_are_found(store: FileStore) -> None:
    whole, lost, cut = kept(b"one", "1.txt"), kept(b"two", "2.txt"), kept(b"three", "3.txt")
    store.delete(lost.key)
    store.put(cut.key, io.BytesIO(b"thr"), "text/plain")

    assert sorted(sweeping.missing_objects()) == sorted([lost.key, cut.key])
    assert whole.key not in sweeping.missing_objects()
    with pytest.raises(NoSuchObject):
        service.open_stored(lost)


def test_link_of_a_folder_is_a_path_of_the_shop(folder: FolderStore) -> None:
    stored = kept(b"x", "指南 1/2.txt".replace("/", "-"))

    link = service.signed_url(stored)

    start, token, name = link.rsplit("/", 2)
    assert start == "/downloads/files"
    assert unquote(name) == stored.filename
    assert service.read_link(token) == service.Link(stored.key, inline=False)


def test_link_of_s3_leads_there(s3: FileStore) -> None:
    stored = kept(b"0123456789", "指南.txt")

    answer = requests.get(service.signed_url(stored), timeout=10)

    assert answer.content == b"0123456789"


def test_only_harmless_types_are_shown_in_place(folder: FolderStore) -> None:
    film = kept(b"\x00\x00\x00\x20ftypisom", "a.mp4")
    page = kept(b"<html>", "a.html")

    assert service.read_link(service.signed_url(film, inline=True).split("/")[3]).inline
    assert not service.read_link(service.signed_url(page, inline=True).split("/")[3]).inline


def test_link_dies_after_ten_minutes(folder: FolderStore) -> None:
    stored = kept(b"x", "a.txt")
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as clock:
        token = service.signed_url(stored).split("/")[3]

        clock.shift(timedelta(minutes=10))
        assert service.read_link(token).key == stored.key
        clock.shift(timedelta(seconds=1))
        with pytest.raises(service.LinkExpired):
            service.read_link(token)


def test_links_survive_a_change_of_keys(folder: FolderStore, settings: Settings, tmp_path: Path) -> None:
    stored = kept(b"x", "a.txt")
    token = service.signed_url(stored).split("/")[3]
    old = settings.secret_keys[0]

    service.configure(folder, settings_for(tmp_path, secret_keys=("n" * 40, old)))
    assert service.read_link(token).key == stored.key
    newer = service.signed_url(stored).split("/")[3]

    service.configure(folder, settings_for(tmp_path, secret_keys=("n" * 40,)))
    assert service.read_link(newer).key == stored.key
    with pytest.raises(NotFound):
        service.read_link(token)
