"""What browsers and download programs get, by the shop's own addresses."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from storefront.core import db
from storefront.gateways.files import FileStore, FolderStore
from storefront.storage import service
from storefront.storage.models import StoredFile
from tests.storage.keeping import Endless, kept, memory, settings_for

DATA = bytes(range(256)) * 40
SIZE = len(DATA)


@pytest.fixture
def film(folder: FolderStore) -> StoredFile:
    return kept(b"\x00\x00\x00\x20ftypisom" + DATA[12:], "第一课 开始.mp4")


def _bytes_of(film: StoredFile) -> bytes:
    with service.open_stored(film) as stream:
        return stream.read()


def test_file_is_sent_with_name_and_type(client: FlaskClient, film: StoredFile) -> None:
    answer = client.get(service.signed_url(film))

    assert answer.status_code == 200
    assert answer.data == _bytes_of(film)
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="file.mp4"; '
        "filename*=UTF-8''%E7%AC%AC%E4%B8%80%E8%AF%BE%20%E5%BC%80%E5%A7%8B.mp4"
    )
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{film.sha256[:32]}"'
    assert "Last-Modified" in answer.headers
    assert "Content-Encoding" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_film_may_be_shown_in_place(client: FlaskClient, film: StoredFile) -> None:
    answer = client.get(service.signed_url(film, inline=True))

    assert answer.headers["Content-Disposition"].startswith("inline; ")


def test_page_in_disguise_is_only_saved(client: FlaskClient, folder: FolderStore) -> None:
    disguised = kept(b"<html><script>alert(1)</script>", "lesson.mp4")

    answer = client.get(service.signed_url(disguised, inline=True))

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lesson.mp4"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_head_tells_all_but_the_bytes(client: FlaskClient, film: StoredFile) -> None:
    answer = client.head(service.signed_url(film))

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=100-199", 100, 200),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=100-{SIZE * 2}", 100, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
    ],
)
def test_part_is_sent(client: FlaskClient, film: StoredFile, asked: str, start: int, stop: int) -> None:
    answer = client.get(service.signed_url(film), headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.data == _bytes_of(film)[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert answer.headers["ETag"] == f'"{film.sha256[:32]}"'


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}"])
def test_part_beyond_the_end_is_refused(client: FlaskClient, film: StoredFile, asked: str) -> None:
    answer = client.get(service.signed_url(film), headers={"Range": asked})

    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "items=0-5", "bytes=x-y", "bytes=", "bytes=9-3", "nonsense", "bytes=-", "bytes=--"],
)
def test_odd_parts_get_the_whole(client: FlaskClient, film: StoredFile, asked: str) -> None:
    answer = client.get(service.signed_url(film), headers={"Range": asked})

    assert answer.status_code == 200
    assert len(answer.data) == SIZE


def test_part_of_another_version_gets_the_whole(client: FlaskClient, film: StoredFile) -> None:
    link = service.signed_url(film)
    etag = f'"{film.sha256[:32]}"'
    modified = client.head(link).headers["Last-Modified"]

    def status(if_range: str) -> int:
        headers = {"Range": "bytes=5-9", "If-Range": if_range}
        return client.get(link, headers=headers).status_code

    assert status(etag) == 206
    assert status(modified) == 206
    assert status('"another"') == 200
    assert status("Thu, 01 Jan 2015 00:00:00 GMT") == 200


def test_unchanged_file_is_not_sent_again(client: FlaskClient, film: StoredFile) -> None:
    answer = client.get(service.signed_url(film), headers={"If-None-Match": f'"{film.sha256[:32]}"'})

    assert (answer.status_code, answer.data) == (304, b"")


def test_old_link_says_what_to_do(client: FlaskClient, film: StoredFile) -> None:
    link = service.signed_url(film)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        answer = client.get(link)

    assert answer.status_code == 410
    assert answer.json is not None
    assert answer.json["error"] == (
        "This link has expired, as it does after some minutes. Go back and open the file again."
    )


def test_forged_links_are_unknown(client: FlaskClient, film: StoredFile) -> None:
    other = kept(b"other", "b.txt")
    link, other_link = service.signed_url(film), service.signed_url(other)
    start, token, name = link.rsplit("/", 2)
    payload, moment, signature = token.split(".")
    other_payload = other_link.rsplit("/", 2)[1].split(".")[0]

    forged = [
        f"{start}/{other_payload}.{moment}.{signature}/{name}",
        f"{start}/{payload}.{'B' + moment[1:]}.{signature}/{name}",
        f"{start}/{payload}.{moment}.{'A' * len(signature)}/{name}",
        f"{start}/{payload}/{name}",
        f"{start}/x/{name}",
        f"{start}/../{name}",
        f"{start}/{token}",
        f"{start}/{'a' * 5000}.b.c/{name}",
        f"{start}/%00.%ff.%f0/{name}",
    ]

    assert [client.get(each).status_code for each in forged] == [404] * len(forged)


def test_link_of_a_removed_file_is_unknown(client: FlaskClient, folder: FolderStore) -> None:
    stored = kept(b"x", "a.txt")
    link = service.signed_url(stored)
    with db.unit_of_work():
        service.remove(stored)

    assert client.get(link).status_code == 404


def test_lost_object_is_our_fault(client: FlaskClient, folder: FolderStore, film: StoredFile) -> None:
    folder.delete(film.key)

    assert client.get(service.signed_url(film)).status_code == 503


def test_text_keeps_its_length_and_parts(client: FlaskClient, folder: FolderStore) -> None:
    text = kept("文字 words\n".encode() * 1000, "notes.txt")

    answer = client.get(service.signed_url(text), headers={"Accept-Encoding": "gzip, br"})

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == str(text.size)
    assert "Content-Encoding" not in answer.headers


def test_picture_is_for_everybody_and_for_ever(client: FlaskClient, store: FileStore) -> None:
    key = f"pictures/{'a' * 22}-320.webp"
    store.put(key, io.BytesIO(b"RIFF....WEBP"), "image/webp")

    answer = client.get(f"/media/{key}")

    assert (answer.status_code, answer.data) == (200, b"RIFF....WEBP")
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = client.get(f"/media/{key}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    part = client.get(f"/media/{key}", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data) == (206, b"....")


def test_picture_says_which_kind_it_is(client: FlaskClient, store: FileStore) -> None:
    key = f"pictures/{'a' * 22}-640.avif"
    store.put(key, io.BytesIO(b"....ftypavif"), "image/avif")

    answer = client.get(f"/media/{key}")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/avif")
    assert client.get(f"/media/{key}x").status_code == 404


def test_public_file_is_served_from_either_store(client: FlaskClient, store: FileStore) -> None:
    sample = kept(b"%PDF-1.7 sample", "试读.pdf", is_public=True)

    answer = client.get(f"/media/{sample.key}")

    assert (answer.status_code, answer.data) == (200, b"%PDF-1.7 sample")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_private_file_has_no_public_address(client: FlaskClient, store: FileStore) -> None:
    private = kept(b"secret", "a.txt")

    assert client.get(f"/media/{private.key}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../secret_key",
        "..%2fsecret_key",
        "%2e%2e/secret_key",
        "pictures/../../secret_key",
        "pictures/..%2f..%2fsecret_key",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        ".incoming/x",
        "pictures/.hidden",
        "pictures/a%00.webp",
        "pictures\\..\\..\\secret_key",
        f"pictures/{'a' * 22}-320.webp%0a",
        f"pictures/{'a' * 22}-320.webp/..",
        f"pictures/{'a' * 22}-999999.webp",
        "pictures/",
        "x" * 3000,
    ],
)
def test_nothing_else_has_a_public_address(client: FlaskClient, folder: FolderStore, path: str) -> None:
    (folder.root.parent / "secret_key").write_text("secret")

    answer = client.get(f"/media/{path}")

    assert answer.status_code in (404, 308)
    assert b"secret" not in answer.data


def test_unknown_picture_is_unknown(client: FlaskClient, store: FileStore) -> None:
    assert client.get(f"/media/pictures/{'b' * 22}-320.webp").status_code == 404


def test_film_moved_to_s3_is_streamed_through(client: FlaskClient, s3: FileStore) -> None:
    """A link that the shop signed before its files were moved still works."""
    film = kept(b"\x00\x00\x00\x20ftypisom" + DATA[12:], "a.mp4")
    office = service._the_office()
    token = office.serializer.dumps([film.key, 1])

    answer = client.get(f"/downloads/files/{token}/a.mp4", headers={"Range": "bytes=1000-1999"})

    assert (answer.status_code, answer.data) == (206, DATA[1000:2000])


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    """The app behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_interrupted_download_is_resumed(app: Flask, folder: FolderStore) -> None:
    data = bytes(range(256)) * 40_000
    stored = kept(data, "big.bin")
    with _served(app) as address:
        link = address + service.signed_url(stored)
        with requests.get(link, stream=True, timeout=10) as first:
            etag = first.headers["ETag"]
            begun = first.raw.read(1_000_000)

        headers = {"Range": f"bytes={len(begun)}-", "If-Range": etag}
        rest = requests.get(link, headers=headers, timeout=10)

    assert rest.status_code == 206
    assert begun + rest.content == data


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_large_file_is_sent_without_memory(
    kind: str, app: Flask, client: FlaskClient, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(kind)
    size = 200_000_000 if kind == "folder" else 60_000_000
    uploaded = service.upload(Endless(size).stream, "large.bin")
    with db.unit_of_work():
        stored = service.register(uploaded)
    token = service._the_office().serializer.dumps([stored.key, 0])
    before = highest = memory()
    received = 0

    answer = client.get(f"/downloads/files/{token}/large.bin", buffered=False)
    for number, block in enumerate(answer.iter_encoded()):
        received += len(block)
        if number % 16 == 0:
            highest = max(highest, memory())
    answer.close()

    assert received == size
    assert highest - before < 20_000_000


def test_web_server_in_front_sends_the_bytes_when_it_is_told_which(
    folder: FolderStore, client: FlaskClient, film: StoredFile
) -> None:
    service.configure(folder, settings_for(folder.root.parent, x_accel_prefix="/protected-files/"))

    answer = client.get(service.signed_url(film), headers={"Range": "bytes=0-9"})

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/protected-files/{film.key}"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert client.get("/downloads/files/forged/film.mp4").headers.get("X-Accel-Redirect") is None


def test_x_accel_prefix_must_be_a_path() -> None:
    with pytest.raises(ValueError, match="must begin and end with a slash"):
        settings_for(Path("."), x_accel_prefix="files")
