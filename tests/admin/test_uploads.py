"""Large files in parts, versions and limits at the owner's desk."""

import hashlib
import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from storefront.catalog.models import Content, ContentVersion, Lesson, Product
from storefront.core import db
from storefront.fulfilment.file_models import DownloadUse
from storefront.media.models import PreparedMedia
from storefront.storage import parts
from storefront.storage.models import PartialUpload, StoredFile
from tests.admin.desk import Desk, errors_of, words_of
from tests.fulfilment.having import add_lesson, bought, product_with
from tests.selling import PASSWORD, send, token_of

MB = 1024 * 1024
FILM = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x05" * (6 * MB)


@pytest.fixture
def lesson_page(app: Flask, desk: Desk) -> str:
    """The page of a lesson with a small film."""
    product_id = product_with((b"%PDF-1.4 x", "x.pdf"))
    lesson_id = add_lesson(product_id, FILM[:200])
    return f"/admin/products/{db.session().get_one(Product, product_id).slug}/lessons/{lesson_id}"


def begin(desk: Desk, page: str, data: bytes, name: str = "film.mp4") -> dict[str, Any]:
    """Begin to send a file for the form of the lesson's film."""
    fields = {"name": name, "size": len(data), "mark": "1", "place": f"{page}/media"}
    token = token_of(desk.client.get(page))
    language = "/zh" if page.startswith("/zh/") else ""
    answer = desk.client.post(f"{language}/admin/uploads", data={"csrf_token": token, **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def send_part(desk: Desk, page: str, upload: dict[str, Any], number: int, data: bytes, **headers: str) -> int:
    """Send one part as the browser does; returns the status of the answer."""
    size = upload["part_size"]
    part = data[(number - 1) * size : number * size]
    sent = {"X-CSRFToken": token_of(desk.client.get(page)), "X-Part-Sha256": hashlib.sha256(part).hexdigest()}
    return desk.client.post(
        f"{upload['address']}/parts/{number}", data=part, headers={**sent, **headers}
    ).status_code


def test_film_in_parts_goes_on_after_a_reload_and_becomes_the_lessons(desk: Desk, lesson_page: str) -> None:
    upload = begin(desk, lesson_page, FILM)
    assert (upload["parts"], upload["arrived"], upload["size"]) == (2, [], len(FILM))
    assert desk.client.get(f"{upload['address']}/parts/1").json == {"url": None}
    assert send_part(desk, lesson_page, upload, 1, FILM) == 204
    assert send_part(desk, lesson_page, upload, 2, FILM, **{"X-Part-Sha256": "0" * 64}) == 422
    assert "50 % of" in words_of(desk.open(lesson_page))
    # Another language of the same page, and the same file chosen again.
    again = begin(desk, f"/zh{lesson_page}", FILM)
    assert (again["id"], again["arrived"]) == (upload["id"], [1])
    assert send_part(desk, lesson_page, again, 2, FILM) == 204
    answer = desk.send(f"{lesson_page}/media", lesson_page, upload=again["id"])
    assert answer.status_code == 303, answer.text
    db.close_reader()
    stored = db.session().scalars(select(StoredFile).where(StoredFile.size == len(FILM))).one()
    assert (stored.filename, stored.content_type) == ("film.mp4", "video/mp4")
    assert db.session().scalars(select(Lesson.media_id)).one() == stored.id
    assert db.session().scalars(select(PreparedMedia.file_id)).all() == [stored.id]
    assert db.session().scalars(select(PartialUpload)).all() == []
    # The form came twice: the second has nothing left to give.
    assert desk.send(f"{lesson_page}/media", lesson_page, upload=again["id"]).status_code == 404


def test_what_is_no_film_is_refused_by_its_bytes_and_what_is_cancelled_is_gone(
    desk: Desk, lesson_page: str
) -> None:
    text = b"plain words " * 600_000
    upload = begin(desk, lesson_page, text)
    for number in (1, 2):
        send_part(desk, lesson_page, upload, number, text)
    refusal = desk.send(f"{lesson_page}/media", lesson_page, upload=upload["id"])
    assert refusal.status_code == 422
    assert "Browsers can't play this file" in words_of(refusal)
    page = desk.press(f"{upload['address']}/cancellation", lesson_page)
    assert "Begun and not finished" not in page.text
    assert desk.client.get(upload["address"]).status_code == 404
    assert send_part(desk, lesson_page, upload, 1, text) == 404


def test_parts_are_for_the_owner_alone(app: Flask, desk: Desk, lesson_page: str) -> None:
    upload = begin(desk, lesson_page, FILM)
    stranger: FlaskClient = app.test_client()
    send(stranger, "/account/register", email="someone@example.org", password=PASSWORD)
    token = token_of(stranger.get("/account"))
    for path in ("/admin/uploads", f"{upload['address']}/parts/1", f"{upload['address']}/cancellation"):
        assert stranger.post(path, data={"csrf_token": token}).status_code in (403, 404)
    for path in (upload["address"], f"{upload['address']}/parts/1"):
        assert stranger.get(path).status_code in (403, 404)
    assert parts.arrived(parts.get(upload["id"])) == []


def test_new_version_is_named_told_withdrawn_and_given_back(app: Flask, desk: Desk) -> None:
    purchase = bought(product_with((b"%PDF-1.4 one", "Guide.pdf")))
    slug = db.session().get_one(Product, purchase.product_id).slug
    page = f"/admin/products/{slug}/contents/{purchase.content('Guide').public_id}"
    fields = desk.form(page, f"{page}/file")
    fields["name"], fields["notes"] = "2.0", "More pages."
    fields_and_file = {**fields.to_dict(), "file": [(io.BytesIO(b"%PDF-1.4 two"), "Guide 2.pdf")]}
    assert desk.client.post(f"{page}/file", data=fields_and_file).status_code == 303
    db.close_reader()
    one, two = db.session().scalars(select(ContentVersion).order_by(ContentVersion.number)).all()
    assert (one.name, two.name, two.notes) == ("", "2.0", "More pages.")
    assert "Edited" not in words_of(desk.open(f"{page}/versions/{two.public_id}"))
    desk.press(
        f"{page}/versions/{two.public_id}", f"{page}/versions/{two.public_id}", name="2.1", notes="Edited."
    )
    told = desk.press(f"{page}/versions/{two.public_id}/news", page)
    assert "The mails are on their way" in told.text
    assert "buyers told on" in told.text
    page_after = desk.press(f"{page}/versions/{two.public_id}/withdrawal", page)
    assert "Withdrawn" in page_after.text
    db.close_reader()
    assert db.session().scalars(select(Content.file_id)).one() == one.file_id
    refused = desk.send(f"{page}/versions/{one.public_id}/withdrawal", page)
    assert refused.status_code == 409
    desk.press(f"{page}/versions/{two.public_id}/withdrawal", page, back="1")
    db.close_reader()
    assert db.session().scalars(select(Content.file_id)).one() == two.file_id
    assert desk.client.get(f"{page}/versions/{one.public_id}/file").status_code == 303


def test_limits_and_stamps_are_set_by_the_owner_and_counted_for_each_buyer(
    app: Flask, desk: Desk, client: FlaskClient
) -> None:
    purchase = bought(product_with((b"%PDF-1.4 one", "Guide.pdf")))
    slug = db.session().get_one(Product, purchase.product_id).slug
    page = f"/admin/products/{slug}/contents/{purchase.content('Guide').public_id}"
    wrong = desk.send(page, download_limit="many", download_days="0")
    assert wrong.status_code == 422
    assert set(errors_of(wrong)) == {"download_limit", "download_days"}
    assert desk.send(page, download_limit="1", download_days="30").status_code == 303
    assert client.get(purchase.file_path("Guide")).status_code == 302
    assert client.get(purchase.file_path("Guide")).status_code == 409
    assert "1 of 1 downloads" in words_of(desk.open(f"{page}/downloads"))
    desk.press(f"{page}/downloads/{purchase.public_id}", f"{page}/downloads")
    db.close_reader()
    assert db.session().scalars(select(DownloadUse.used)).one() == 0
    assert desk.send(page, stamp="every").status_code == 303
    assert client.get(purchase.file_path("Guide")).headers["Location"].endswith("/copy")


def test_stamps_are_refused_where_they_can_not_be_put(app: Flask, desk: Desk) -> None:
    purchase = bought(product_with((b"plain words", "Notes.txt"), (b"%PDF-1.4 one", "Guide.pdf")))
    slug = db.session().get_one(Product, purchase.product_id).slug
    page = f"/admin/products/{slug}/contents/{purchase.content('Notes').public_id}"
    assert "stamp" not in re.findall(r'name="([a-z_]+)"', desk.open(page).text)
    assert desk.send(page, stamp="first").status_code == 422
    other = f"/admin/products/{slug}/contents/{purchase.content('Guide').public_id}"
    desk.send(other, stamp="first")
    refused = desk.upload(f"{other}/file", other, (b"plain words", "Guide.txt"))
    assert refused.status_code == 422
    assert "can say who bought them" in refused.text


def test_poster_is_made_anew_and_taken_away(desk: Desk, lesson_page: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1600, 900)).save(picture, "PNG")
    desk.upload(f"{lesson_page}/poster", lesson_page, (picture.getvalue(), "poster.png"))
    db.close_reader()
    poster_id = db.session().scalars(select(Lesson.poster_id)).one()
    assert poster_id
    assert db.session().get_one(StoredFile, poster_id).content_type == "image/webp"
    assert 'poster="' in desk.open(lesson_page).text
    refused = desk.upload(f"{lesson_page}/poster", lesson_page, (b"no picture", "poster.png"))
    assert refused.status_code == 422
    token = token_of(desk.open(lesson_page))
    assert (
        desk.client.post(f"{lesson_page}/poster", data={"csrf_token": token, "remove": "1"}).status_code
        == 303
    )
    db.close_reader()
    assert db.session().scalars(select(Lesson.poster_id)).one() is None
    assert db.session().get(StoredFile, poster_id) is None
