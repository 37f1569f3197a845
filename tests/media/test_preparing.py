"""What is made of films and sounds, with ffmpeg and without; and whose key opens it."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.catalog.service import courses
from storefront.core import db, faults
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.gateways import ffmpeg
from storefront.jobs.models import Job
from storefront.jobs.service import retry
from storefront.media import jobs, service
from storefront.media.models import MediaState, PreparedMedia
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from tests.fulfilment.having import Purchase, add_lesson, bought, lesson_of, product_with

Work = Callable[[], int]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film of two seconds that no browser plays: 320×240, in colours and a box of their own."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    made = "testsrc=duration=2:size=320x240:rate=10"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", made, "-f", "lavfi", "-i", "sine=duration=2"]
    subprocess.run([*command, "-c:v", "mpeg4", "-c:a", "libmp3lame", str(path)], check=True, timeout=60)
    return path.read_bytes()


@pytest.fixture
def lesson_id(app: Flask, clip: bytes) -> str:
    """A lesson with that film, bought by nobody yet."""
    return add_lesson(product_with((b"%PDF-1.4 x", "x.pdf")), clip, "Ferne Länder.mkv")


def media_of(lesson_id: str) -> PreparedMedia:
    """What is known of the lesson's film now."""
    media_id = lesson_of(lesson_id).media_id
    assert media_id
    found = service.find(media_id)
    assert found
    return found


def buyer_of(lesson_id: str) -> Purchase:
    """Let somebody buy the product of the lesson."""
    db.close_reader()
    owns = select(Content.product_id).join(Chapter, Chapter.content_id == Content.id)
    statement = owns.join(Lesson, Lesson.chapter_id == Chapter.id).where(Lesson.public_id == lesson_id)
    return bought(db.session().scalars(statement).one())


def test_film_is_made_fit_for_every_browser_and_plays_in_encrypted_pieces(
    client: FlaskClient, lesson_id: str, work: Work, tmp_path: Path
) -> None:
    purchase = buyer_of(lesson_id)
    page = f"{purchase.page}/lessons/{lesson_id}"
    assert "<video" in client.get(page).text
    work()
    media = media_of(lesson_id)
    assert (media.state, media.percent, media.duration_seconds) == (MediaState.READY, 100, 2)
    assert (media.width, media.height, lesson_of(lesson_id).duration_seconds) == (320, 240, 2)
    assert media.web
    assert (media.web.filename, media.web.content_type) == ("Ferne Länder.mp4", "video/mp4")
    assert media.poster
    assert media.poster.content_type == "image/jpeg"

    html = client.get(page).text
    home = f"{purchase.page}/media/{lesson_id}"
    assert f'data-hls="{home}/hls"' in html
    told = client.get(home).json
    assert told is not None
    film = client.get(told["sources"][0]["url"])
    (tmp_path / "web.mp4").write_bytes(film.data)
    found = ffmpeg.probe(tmp_path / "web.mp4")
    assert (found.video, found.audio, found.plays_everywhere) == ("h264", "mp3", True)

    sizes = client.get(f"{home}/hls")
    assert sizes.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert "RESOLUTION=320x240" in sizes.text
    playlist = client.get(f"{home}/hls/240")
    assert "no-store" in playlist.headers["Cache-Control"]
    piece = next(line for line in playlist.text.splitlines() if line.startswith("/downloads/pieces/"))
    locked = client.get(piece)
    assert locked.data[0] != 0x47  # A piece in the clear begins with the sync byte of MPEG-TS.
    key_path = playlist.text.split('URI="')[1].split('"')[0]
    key = client.get(key_path)
    assert (len(key.data), key.headers["Cache-Control"]) == (16, "no-store")
    (tmp_path / "key").write_bytes(key.data)
    (tmp_path / "piece.ts").write_bytes(locked.data)
    local = playlist.text.replace(key_path, str(tmp_path / "key")).replace(piece, str(tmp_path / "piece.ts"))
    (tmp_path / "list.m3u8").write_text(local)
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-allowed_extensions",
        "ALL",
        "-protocol_whitelist",
        "file,crypto,data",
    ]
    done = subprocess.run(
        [*command, "-i", str(tmp_path / "list.m3u8"), "-f", "null", "-"], timeout=60, check=False
    )
    assert done.returncode == 0


def test_key_is_given_to_who_may_watch_now_and_to_nobody_else(
    app: Flask, client: FlaskClient, lesson_id: str, work: Work
) -> None:
    work()
    mine, other = buyer_of(lesson_id), bought(product_with((b"%PDF-1.4 y", "y.pdf")), "other@example.org")
    home = f"{mine.page}/media/{lesson_id}/hls"

    def key_path() -> str:
        return client.get(f"{home}/240").text.split('URI="')[1].split('"')[0]

    given = key_path()
    assert client.get(given).status_code == 200
    assert client.get(f"{home}/key").status_code == 404
    assert client.get(f"{home}/key?token=forged").status_code == 404
    assert client.get(given.replace(mine.public_id, other.public_id)).status_code == 404
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert client.get(given).status_code == 404
    with db.unit_of_work() as session:
        held = session.get_one(Entitlement, mine.entitlement_id)
        held.starts_at, held.ends_at = now() - timedelta(days=2), now() - timedelta(days=1)
    assert client.get(given).status_code in (403, 404, 410)
    with db.unit_of_work() as session:
        session.get_one(Entitlement, mine.entitlement_id).ends_at = None
    assert client.get(given).status_code == 200
    mine.refund()
    for path in (given, home, f"{home}/240", f"{mine.page}/media/{lesson_id}"):
        assert client.get(path).status_code in (403, 404, 410)


def test_without_ffmpeg_the_original_plays(
    client: FlaskClient, lesson_id: str, work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    work()
    media = media_of(lesson_id)
    assert (media.state, media.web_id, media.hls) == (MediaState.ORIGINAL, None, None)
    home = f"{buyer_of(lesson_id).page}/media/{lesson_id}"
    told = client.get(home).json
    assert told is not None
    assert (told["hls"], told["sources"][0]["type"]) == (None, "video/x-matroska")
    assert client.get(told["sources"][0]["url"], headers={"Range": "bytes=0-3"}).status_code == 206
    assert client.get(f"{home}/hls").status_code == 404


def test_what_ffmpeg_can_not_read_is_said_in_words_and_tried_again(
    app: Flask, work: Work, clip: bytes
) -> None:
    lesson_id = add_lesson(product_with((b"%PDF-1.4 x", "x.pdf")), clip[:4000])
    work()
    media = media_of(lesson_id)
    assert media.state is MediaState.FAILED
    assert media.reason
    assert media.reason.startswith("This file can't be prepared for playing")
    assert str(app.config["SETTINGS"].var_dir) not in media.reason
    with db.unit_of_work():
        service.again(media.file_id)
        service.again(media.file_id)
    assert (
        db.session().query(Job).filter_by(kind=service.PREPARE, done_at=None, resting_since=None).count() == 1
    )


def test_killed_halfway_leaves_nothing_half_visible_and_is_done_by_the_next(
    app: Flask, client: FlaskClient, lesson_id: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_armed", faults._Armed("media.made:raise"))
    work()
    media = media_of(lesson_id)
    assert (media.state, media.web_id, media.hls) == (MediaState.WORKING, None, None)
    left = {found.key for found in storage.store().list("hls/")}
    assert left
    monkeypatch.setattr(faults, "_armed", faults._Armed(""))
    with db.unit_of_work():
        assert retry(db.session().scalars(select(Job.id).where(Job.kind == service.PREPARE)).one())
    work()
    media = media_of(lesson_id)
    assert media.state is MediaState.READY
    with time_machine.travel(now() + timedelta(days=2)), app.app_context():
        assert jobs.sweep() == len(left)
    assert all(found.key.startswith(f"{media.hls_prefix}/") for found in storage.store().list("hls/"))
    assert not list((app.config["SETTINGS"].var_dir / "workshop").glob("*"))


def test_work_waits_until_there_is_room_on_the_disk(
    lesson_id: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000_000))
    work()
    job = db.session().scalars(select(Job).where(Job.kind == service.PREPARE)).one()
    assert (job.done_at, job.resting_since) == (None, None)
    assert job.last_error == "There is not enough room on the disk for this work."


def test_what_was_made_goes_with_the_film(app: Flask, lesson_id: str, work: Work) -> None:
    work()
    with db.unit_of_work() as session:
        product = session.scalars(select(Product)).one()
        courses.remove_media(product, courses.get_lesson(product.id, lesson_id))
    assert [found.key for found in storage.store().list("hls/")] == []
    db.close_reader()
    assert db.session().scalars(select(StoredFile.filename)).all() == ["x.pdf"]
