"""What both kinds of storage promise, and each by itself."""

import gc
import io
import sys
import time
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from storefront.core.settings import SettingsError
from storefront.gateways.files import (
    FileStore,
    FolderStore,
    NoSuchObject,
    StorageDown,
    StorageFull,
    content_disposition,
    is_key,
    make_file_store,
)
from storefront.gateways.s3 import S3Address, S3Store, parse_s3_url
from tests.servers.s3 import S3Server
from tests.servers.s3 import S3Store as Buckets
from tests.storage.keeping import Endless, memory, settings_for


class Breaking:
    """A stream that fails after its first megabyte, as when a browser goes away."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, length: int = -1) -> bytes:
        self.reads += 1
        if self.reads > 4:
            raise ConnectionResetError("gone")
        return b"x" * min(length, 3_000_000)


def test_object_is_kept_and_given_back(store: FileStore) -> None:
    store.put("files/one", io.BytesIO(b"0123456789"), "text/plain")

    with store.open("files/one") as stream:
        assert stream.read() == b"0123456789"
    with store.open_range("files/one", 2, 5) as stream:
        assert stream.read() == b"234"
    with store.open_range("files/one", 7, 10) as stream:
        assert stream.read() == b"789"
    found = store.stat("files/one")
    assert found is not None
    assert (found.key, found.size) == ("files/one", 10)
    assert abs(datetime.now(UTC) - found.modified_at) < timedelta(minutes=1)
    assert found.etag


def test_empty_object_is_kept(store: FileStore) -> None:
    store.put("files/empty", io.BytesIO(b""), "text/plain")

    with store.open("files/empty") as stream:
        assert stream.read() == b""
    with store.open_range("files/empty", 0, 0) as stream:
        assert stream.read() == b""


def test_missing_object_is_said(store: FileStore) -> None:
    assert store.stat("files/none") is None
    assert store.stat("none/at/all") is None
    with pytest.raises(NoSuchObject):
        store.open("files/none")
    with pytest.raises(NoSuchObject):
        store.open_range("files/none", 0, 4)
    store.delete("files/none")


def test_folder_of_objects_is_no_object(folder: FolderStore) -> None:
    folder.put("files/one", io.BytesIO(b"1"), "text/plain")

    assert folder.stat("files") is None
    with pytest.raises(NoSuchObject):
        folder.open("files")
    with pytest.raises(NoSuchObject):
        folder.open("files/one/deeper")
    assert folder.stat("files/one/deeper") is None


def test_deleted_object_is_gone(store: FileStore) -> None:
    store.put("files/one", io.BytesIO(b"1"), "text/plain")

    store.delete("files/one")

    assert store.stat("files/one") is None


def test_objects_are_listed_by_prefix(store: FileStore) -> None:
    for key in ("files/a", "files/b", "pictures/c"):
        store.put(key, io.BytesIO(b"12"), "text/plain")

    assert sorted(found.key for found in store.list()) == ["files/a", "files/b", "pictures/c"]
    assert [(found.key, found.size) for found in store.list("pictures/")] == [("pictures/c", 2)]


def test_many_parts_arrive_in_order(store: FileStore) -> None:
    data = array("I", range(5_000_000)).tobytes()

    store.put("files/long", io.BytesIO(data), "video/mp4")

    with store.open("files/long") as stream:
        assert stream.read() == data
    with store.open_range("files/long", 17_000_000, 17_000_004) as stream:
        assert stream.read() == (17_000_000 // 4).to_bytes(4, sys.byteorder)


def test_broken_upload_leaves_nothing(store: FileStore) -> None:
    with pytest.raises(ConnectionResetError):
        store.put("files/broken", cast(BinaryIO, Breaking()), "text/plain")

    assert store.stat("files/broken") is None
    assert list(store.list()) == []
    assert store.forget_unfinished(datetime.now(UTC) + timedelta(hours=1)) == 0


@pytest.mark.parametrize(
    "key",
    [
        "../outside",
        "files/../../outside",
        "/etc/passwd",
        "files/..",
        "..",
        ".",
        "",
        "files//x",
        "files/",
        ".incoming/x",
        "files/.hidden",
        "files\\..\\x",
        "files/\x00",
        "files/a b",
        "files/a\n",
        "files/%2e%2e",
        "files/文",
        "f" * 201,
    ],
)
def test_key_cannot_lead_out(store: FileStore, key: str) -> None:
    assert not is_key(key)
    for use in (store.open, store.stat, store.delete):
        with pytest.raises(ValueError, match="is no key"):
            use(key)
    with pytest.raises(ValueError, match="is no key"):
        store.put(key, io.BytesIO(b"x"), "text/plain")


def test_both_are_ready(store: FileStore) -> None:
    assert store.is_ready()
    assert list(store.list()) == []


def test_upload_takes_no_memory(store: FileStore) -> None:
    store.put("files/warm", Endless(20_000_000).stream, "video/mp4")
    endless = Endless(200_000_000 if isinstance(store, FolderStore) else 60_000_000)
    size = endless.left
    before = _settled_memory()

    store.put("files/large", endless.stream, "video/mp4")

    assert endless.highest_memory - before < 40_000_000
    found = store.stat("files/large")
    assert found is not None
    assert found.size == size


def _settled_memory() -> int:
    gc.collect()
    return memory()


def test_killed_upload_to_the_folder_is_swept(folder: FolderStore) -> None:
    left = folder.root / ".incoming" / "left"
    folder.put("files/one", io.BytesIO(b"1"), "text/plain")
    left.write_bytes(b"half of it")

    assert list(folder.list(".incoming")) == []
    assert folder.forget_unfinished(datetime.now(UTC) - timedelta(days=1)) == 0
    assert folder.forget_unfinished(datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert not left.exists()


def test_full_disk_is_said(folder: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(StorageFull):
        folder.put("files/one", io.BytesIO(b"1"), "text/plain")
    assert list(folder.list()) == []
    assert list((folder.root / ".incoming").iterdir()) == []


def test_folder_that_cannot_be_written_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")

    assert not FolderStore(tmp_path / "files").is_ready()


def test_folder_serves_nobody_by_itself(folder: FolderStore) -> None:
    assert folder.signed_url("files/one", "a.pdf", "application/pdf", 60, False) is None
    assert folder.origin is None


def test_settings_choose_the_storage(tmp_path: Path, s3_url: str) -> None:
    usual = make_file_store(settings_for(tmp_path))
    other = make_file_store(settings_for(tmp_path, storage_url=f"file://{tmp_path}/my%20files"))
    server = make_file_store(settings_for(tmp_path, storage_url=s3_url))

    assert isinstance(usual, FolderStore)
    assert usual.root == tmp_path / "files"
    assert isinstance(other, FolderStore)
    assert other.root == tmp_path / "my files"
    assert isinstance(server, S3Store)
    assert server.origin == f"http://{urlsplit(s3_url).netloc.rpartition('@')[2]}"


def test_s3_address_is_read_in_full() -> None:
    address = parse_s3_url(
        "s3://KEY:se%2Fcret@host:9000/bucket?secure=0&region=eu-1&public=https://files.example.org/"
    )

    assert address == S3Address(
        key="KEY",
        secret="se/cret",
        host="host:9000",
        bucket="bucket",
        is_secure=False,
        region="eu-1",
        public="https://files.example.org",
    )
    assert parse_s3_url("s3://K:S@minio/b").region == "us-east-1"
    assert parse_s3_url("s3://K:S@minio/b").is_secure
    assert parse_s3_url("s3://K:S@s3.eu-west-1.amazonaws.com/b").region is None


@pytest.mark.parametrize(
    "url",
    [
        "s3://host/bucket",
        "s3://KEY@host/bucket",
        "s3://KEY:SECRET@host",
        "s3://KEY:SECRET@host/bucket/deeper",
    ],
)
def test_incomplete_s3_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="STORAGE_URL: must be") as caught:
        parse_s3_url(url)
    assert "SECRET@host/bucket/deeper" not in str(caught.value)


def test_public_address_with_a_path_is_refused() -> None:
    with pytest.raises(SettingsError, match="without a path"):
        parse_s3_url("s3://KEY:SECRET@host/bucket?public=https://cdn.example.org/files")


def test_presigned_address_gives_the_file(s3: FileStore) -> None:
    s3.put("files/one", io.BytesIO(b"0123456789"), "application/pdf")

    address = s3.signed_url("files/one", "指南 1.pdf", "application/pdf", 600, False)

    assert address is not None
    answer = requests.get(address, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["response-content-type"] == "application/pdf"
    assert asked["response-content-disposition"] == (
        "attachment; filename=\"1.pdf\"; filename*=UTF-8''%E6%8C%87%E5%8D%97%201.pdf"
    )
    assert asked["X-Amz-Expires"] == "600"


def test_presigned_address_serves_parts(s3: FileStore) -> None:
    s3.put("files/one", io.BytesIO(b"0123456789"), "video/mp4")
    address = s3.signed_url("files/one", "a.mp4", "video/mp4", 600, True)
    assert address is not None

    answer = requests.get(address, headers={"Range": "bytes=4-6"}, timeout=10)

    assert (answer.status_code, answer.content) == (206, b"456")
    assert answer.headers["Content-Range"] == "bytes 4-6/10"


def test_presigned_address_dies(s3: FileStore) -> None:
    s3.put("files/one", io.BytesIO(b"1"), "text/plain")
    address = s3.signed_url("files/one", "a.txt", "text/plain", 1, False)
    assert address is not None

    assert requests.get(address, timeout=10).status_code == 200
    time.sleep(2.1)

    # S3 and MinIO say 403, rclone 400.
    assert requests.get(address, timeout=10).status_code in (400, 403)


def test_tampered_presigned_address_is_refused(s3: FileStore) -> None:
    s3.put("files/one", io.BytesIO(b"1"), "text/plain")
    s3.put("files/two", io.BytesIO(b"2"), "text/plain")
    address = s3.signed_url("files/one", "a.txt", "text/plain", 60, False)
    assert address is not None

    tampered = (
        address.replace("files/one", "files/two"),
        address.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        address.replace("text%2Fplain", "text%2Fhtml"),
        address.partition("?")[0],
    )

    # rclone says 400 where there is no signature at all.
    statuses = [requests.get(each, timeout=10).status_code for each in tampered]
    assert set(statuses) <= {400, 403}


def test_public_address_is_signed_without_asking(s3_url: str) -> None:
    address = replace(parse_s3_url(s3_url), public="https://files.example.org")

    signed = S3Store(address).signed_url("files/one", "a.txt", "text/plain", 60, False)

    assert S3Store(address).origin == "https://files.example.org"
    assert signed is not None
    assert signed.startswith(f"https://files.example.org/{address.bucket}/files/one?")


def test_bucket_is_made_in_development_only(s3_server: Buckets, s3_url: str) -> None:
    address = replace(parse_s3_url(s3_url), bucket="made-by-the-shop")
    strict = S3Store(address)

    assert not strict.is_ready()
    with pytest.raises((StorageDown, NoSuchObject)):
        strict.put("files/one", io.BytesIO(b"1"), "text/plain")
    assert S3Store(address, may_make_bucket=True).is_ready()
    assert strict.is_ready()
    s3_server.drop_bucket(s3_url.replace(parse_s3_url(s3_url).bucket, "made-by-the-shop"))


def test_wrong_secret_is_no_missing_file(s3_url: str) -> None:
    store = S3Store(replace(parse_s3_url(s3_url), secret="wrong"))

    with pytest.raises(StorageDown):
        store.open("files/one")
    with pytest.raises(StorageDown):
        store.stat("files/one")
    assert not store.is_ready()


def test_dead_server_is_told_within_seconds(own_s3: S3Server) -> None:
    store = S3Store(parse_s3_url(own_s3.new_bucket()))
    assert store.is_ready()
    own_s3.kill()
    began = time.monotonic()

    assert not store.is_ready()
    with pytest.raises(StorageDown):
        store.put("files/one", io.BytesIO(b"1"), "text/plain")
    with pytest.raises(StorageDown):
        store.stat("files/one")

    assert time.monotonic() - began < 5
    own_s3.start()
    assert store.is_ready()


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("Guide.pdf", 'attachment; filename="Guide.pdf"'),
        ("指南.pdf", "attachment; filename=\"file.pdf\"; filename*=UTF-8''%E6%8C%87%E5%8D%97.pdf"),
        ('a"b.zip', "attachment; filename=\"a_b.zip\"; filename*=UTF-8''a%22b.zip"),
        ("100%.txt", "attachment; filename=\"100.txt\"; filename*=UTF-8''100%25.txt"),
        ("café menu", "attachment; filename=\"caf_ menu\"; filename*=UTF-8''caf%C3%A9%20menu"),
        ("a\r\nX: y", "attachment; filename=\"a_X_ y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ("\ud800.pdf", "attachment; filename=\"file.pdf\"; filename*=UTF-8''%3F.pdf"),
    ],
)
def test_names_of_every_script_fit_the_header(filename: str, header: str) -> None:
    assert content_disposition(filename, inline=False) == header
