"""Samples and free lessons: for everybody while the product is in the shop, and never what buyers pay for."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Chapter, Content, Lesson, Picture, Product, Sample, Variant
from storefront.catalog.service import publishing
from storefront.catalog.service.editing import lock
from storefront.catalog.showing import choices_of, follow_renames
from storefront.catalog.states import ContentKind, ProductState
from storefront.core import db
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from tests.admin.desk import Desk, errors_of, words_of
from tests.selling import make_product

PDF = b"%PDF-1.7 the first chapter"


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + name + content


# A film of 12 seconds and 640 by 360 pixels, as far as its head goes.
MVHD = box(b"mvhd", bytes(12) + (1000).to_bytes(4) + (12_000).to_bytes(4) + bytes(80))
TKHD = box(b"tkhd", bytes(76) + (640 << 16).to_bytes(4) + (360 << 16).to_bytes(4))
FILM = box(b"ftyp", b"isom\x00\x00\x02\x00isom") + box(b"moov", MVHD + box(b"trak", TKHD)) + bytes(1000)


@pytest.fixture
def slug(desk: Desk) -> str:
    with db.unit_of_work():
        return make_product("An album", content=None).slug


def samples() -> list[Sample]:
    db.close_reader()
    return list(db.session().scalars(select(Sample).order_by(Sample.position)))


def keys() -> set[str]:
    return {found.key for found in storage.store().list()}


def withdraw(slug: str) -> None:
    with db.unit_of_work():
        publishing.withdraw(lock(slug))


def test_samples_are_shown_played_and_withdrawn_with_the_product(
    desk: Desk, client: FlaskClient, slug: str
) -> None:
    here, page = f"/admin/products/{slug}/samples", f"/products/{slug}"
    desk.upload(here, here, (FILM, "Trailer.mp4"), (PDF, "Excerpt.pdf"))
    desk.press(f"{here}/order", here, move=f"{samples()[1].public_id}:up")
    excerpt, film = samples()
    desk.press(
        f"{here}/{excerpt.public_id}", f"{here}/{excerpt.public_id}", title="Chapter 1", title_zh="第一章"
    )

    shown = client.get(page).text
    assert f'<a class="btn" href="/samples/{excerpt.public_id}">' in shown
    player = re.findall(r"<video[^>]*>", shown)
    assert len(player) == 1
    assert f'preload="none" playsinline width="640" height="360" src="/samples/{film.public_id}"' in player[0]
    assert "Look inside: Chapter 1" in re.sub(r"<[^>]+>|\s+", " ", shown)
    assert "第一章" in client.get(f"/zh{page}").text

    answer = client.get(f"/samples/{excerpt.public_id}")
    assert (answer.status_code, answer.data) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in answer.headers
    part = client.get(f"/samples/{film.public_id}", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data) == (206, b"ftyp")

    withdraw(slug)
    token = db.session().scalar(select(Product.preview_token))
    secret = client.get(f"/products/preview/{token}").text
    assert f"/samples/{film.public_id}?preview={token}" in secret
    for address, status in (
        (f"/samples/{excerpt.public_id}", 404),
        (f"/samples/{excerpt.public_id}?preview=x", 404),
        (f"/samples/{excerpt.public_id}?preview=", 404),
        (f"/samples/{excerpt.public_id}?preview={token}", 200),
    ):
        assert client.get(address).status_code == status

    for sample in (excerpt, film):
        desk.press(f"{here}/{sample.public_id}/removal", f"{here}/{sample.public_id}/removal")
    assert (samples(), keys()) == ([], set())


def test_a_copy_is_a_sample_and_the_paid_file_is_out_of_reach(
    desk: Desk, client: FlaskClient, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"/admin/products/{slug}"
    desk.upload(f"{here}/contents/files", f"{here}/contents", (b"ID3 the first track", "One.mp3"))
    desk.upload(f"{here}/contents/files", f"{here}/contents", (b"ID3 the second track", "Two.mp3"))
    db.close_reader()
    paid = list(db.session().scalars(select(Content).order_by(Content.position)))
    paid_keys = keys()

    desk.press(f"{here}/samples/copies", f"{here}/samples", content=paid[0].public_id)

    (sample,) = samples()
    assert client.get(f"/samples/{sample.public_id}").data == b"ID3 the first track"
    stored = db.session().get(StoredFile, sample.file_id)
    assert stored is not None
    assert stored.key not in paid_keys
    page = client.get(f"/products/{slug}").text
    for secret in (*paid_keys, stored.key, *(one.public_id for one in paid)):
        assert secret not in page
        for guess in (f"/media/{secret}", f"/samples/{secret}", f"/samples/lessons/{secret}/media"):
            assert client.get(guess).status_code == 404
    foreign = client.post(f"{here}/samples/copies", data={"content": paid[1].public_id})
    assert foreign.status_code in (302, 303, 400, 403)

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(storage.store(), "origin", "https://files.example.org", raising=False)
        elsewhere.setattr(storage, "signed_url", lambda stored, inline: f"https://files.example.org/{inline}")
        sent = client.get(f"/samples/{sample.public_id}")
    assert (sent.status_code, sent.location) == (302, "https://files.example.org/True")

    desk.press(f"{here}/samples/{sample.public_id}/removal", f"{here}/samples/{sample.public_id}/removal")
    assert keys() == paid_keys


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.pdf"),
        (b"<!doctype html><script>alert(1)</script>", "trailer.mp4"),
        (b"PK\x03\x04" + bytes(40), "a.epub"),
        (b"plain words", "a.txt"),
    ],
)
def test_what_is_no_sample_by_its_bytes_is_refused(desk: Desk, slug: str, data: bytes, name: str) -> None:
    here = f"/admin/products/{slug}/samples"
    answer = desk.upload(here, here, (data, name))
    assert answer.status_code == 422
    assert "A sample is a PDF or EPUB" in words_of(answer)
    assert errors_of(answer)
    assert keys() == set()


def test_only_lessons_that_are_marked_are_free(desk: Desk, client: FlaskClient, slug: str) -> None:
    with db.unit_of_work():
        product_id = db.session().scalars(select(Product.id)).one()
        course = Content(product_id=product_id, kind=ContentKind.COURSE, title="Course", translations={})
        db.session().add(course)
        db.session().flush()
        lessons = [
            Lesson(title=title, body=f"Words of {title}.", position=place, translations={})
            for place, title in enumerate(("One", "Two", "Three"))
        ]
        chapter = Chapter(content_id=course.id, title="First", translations={}, lessons=lessons)
        db.session().add(chapter)
    one, two, three = (lesson.public_id for lesson in lessons)
    here = f"/admin/products/{slug}/lessons"
    for lesson in (one, two):
        desk.upload(f"{here}/{lesson}/media", f"{here}/{lesson}", (FILM, "Film.mp4"))
    for lesson in (one, three):
        desk.press(f"{here}/{lesson}", f"{here}/{lesson}", is_preview="y")

    page = client.get(f"/products/{slug}").text
    assert re.findall(r'href="/samples/lessons/([^"]+)"', page) == [one, three]
    shown = client.get(f"/samples/lessons/{one}").text
    assert "Words of One." in shown
    assert f'src="/samples/lessons/{one}/media"' in shown
    assert re.findall(r'rel="(prev|next)" href="/samples/lessons/([^"]+)"', shown) == [("next", three)]
    assert client.get(f"/samples/lessons/{one}/media", headers={"Range": "bytes=4-7"}).data == b"ftyp"
    assert client.get(f"/samples/lessons/{three}").status_code == 200
    assert client.get(f"/samples/lessons/{three}/media").status_code == 404
    for address in (f"/samples/lessons/{two}", f"/samples/lessons/{two}/media"):
        assert client.get(address).status_code == 404

    withdraw(slug)
    token = db.session().scalar(select(Product.preview_token))
    for lesson, query, status in (
        (one, "", 404),
        (one, f"?preview={token}", 200),
        (two, f"?preview={token}", 404),
    ):
        assert client.get(f"/samples/lessons/{lesson}/media{query}").status_code == status
        assert client.get(f"/samples/lessons/{lesson}{query}").status_code == status


def test_drafts_are_deleted_with_their_samples(desk: Desk, slug: str) -> None:
    here = f"/admin/products/{slug}/samples"
    desk.upload(here, here, (PDF, "Excerpt.pdf"))
    with db.unit_of_work():
        product = lock(slug)
        product.state = ProductState.DRAFT
        publishing.delete_draft(product)
    assert keys() == set()


def test_pictures_of_a_choice_come_to_the_front_and_follow_its_name(desk: Desk, client: FlaskClient) -> None:
    with db.unit_of_work():
        product = make_product("A shirt")
        product.option_names = ["Colour", "Size"]
        first = db.session().scalars(select(Variant)).one()
        first.options, first.title = {"Colour": "Red", "Size": "S"}, "Red / S"
        for place, (colour, size) in enumerate((("Blue", "S"), ("Red", "M")), 1):
            db.session().add(
                Variant(
                    product_id=product.id,
                    sku=f"{colour}-{size}",
                    title=f"{colour} / {size}",
                    price_amount=100,
                    currency="EUR",
                    options={"Colour": colour, "Size": size},
                    position=place,
                )
            )
        for place, name in enumerate("abc"):
            db.session().add(
                Picture(
                    product_id=product.id,
                    key=f"pictures/{name * 22}",
                    width=320,
                    height=240,
                    widths={"320": 1},
                    position=place,
                )
            )
    here = f"/admin/products/{product.slug}/pictures"
    desk.press(f"{here}/{'b' * 22}", f"{here}/{'b' * 22}", choices='["Colour", "Blue"]')
    desk.press(f"{here}/{'c' * 22}", f"{here}/{'c' * 22}", choices='["Colour", "Red"]', alt="Red one")
    listed = words_of(desk.open(here))
    assert "2 pictures say nothing" in listed
    ids = {variant.title: variant.id for variant in db.session().scalars(select(Variant))}

    def shown(title: str) -> str:
        page = client.get(f"{product.path}?variant={ids[title]}").text
        return "".join(re.findall(r'src="/media/pictures/(\w)', page.split('id="buy"')[0]))

    assert [shown(title) for title in ("Red / S", "Red / M", "Blue / S")] == ["cab", "cab", "bac"]

    with db.unit_of_work():
        locked = lock(product.slug)
        before = {one.id: choices_of(one.options, one.title) for one in locked.variants}
        for one in locked.variants:
            one.options = {
                "Color": one.options["Colour"].replace("Blue", "Navy"),
                "Size": one.options["Size"],
            }
        follow_renames(locked.id, before, locked.variants)
    db.close_reader()
    kept = db.session().scalars(select(Picture.shows).order_by(Picture.position)).all()
    assert kept == [None, {"Color": ["Navy"]}, {"Color": ["Red"]}]
