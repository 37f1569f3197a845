"""Files that were bought: counted where there is a limit, in versions, in one zip, and nobody else's."""

import io
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Content, Product
from storefront.catalog.service import contents, versions
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment import downloads, packing
from storefront.fulfilment.file_models import DownloadUse, FilePack
from storefront.fulfilment.models import Entitlement
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from tests.fulfilment.having import Purchase, add_lesson, bought, fetched, product_with
from tests.selling import broken_at

Work = Callable[[], int]
ONE, TWO = b"%PDF-1.4 one", b"%PDF-1.4 two, longer"


@pytest.fixture
def guide(app: Flask) -> Purchase:
    """A buyer of one file."""
    return bought(product_with((ONE, "Guide.pdf")))


def allow(purchase: Purchase, **rules: object) -> None:
    """Set how the file may be had."""
    with db.unit_of_work() as session:
        content = session.get_one(Content, purchase.content("Guide").id)
        for name, value in rules.items():
            setattr(content, name, value)


def used(purchase: Purchase) -> int:
    """Return how many downloads were counted."""
    db.close_reader()
    found = db.session().scalar(
        select(DownloadUse.used).where(DownloadUse.entitlement_id == purchase.entitlement_id)
    )
    return found or 0


def test_parallel_clicks_never_pass_the_limit(app: Flask, guide: Purchase) -> None:
    allow(guide, download_limit=3)
    path, gate = guide.file_path("Guide"), threading.Barrier(8)
    answers: list[int] = []

    def click() -> None:
        gate.wait()
        answers.append(app.test_client().get(path).status_code)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [302] * 3 + [409] * 5
    assert used(guide) == 3


def test_resumed_download_counts_once_and_owner_lets_a_buyer_begin_anew(
    client: FlaskClient, guide: Purchase
) -> None:
    allow(guide, download_limit=1, download_days=30)
    path = guide.file_path("Guide")
    assert "1 download left" in client.get(guide.page).text
    link = client.get(path).headers["Location"]
    rest = client.get(link, headers={"Range": "bytes=5-"})
    assert (rest.status_code, rest.data) == (206, ONE[5:])
    assert client.get(path, headers={"Range": "bytes=5-"}).status_code == 302
    assert client.head(path).status_code == 200
    assert used(guide) == 1
    refusal = client.get(path)
    assert refusal.status_code == 409
    assert "as often as the shop allows" in refusal.text
    assert "Downloaded as often as possible" in client.get(guide.page).text
    with db.unit_of_work():
        downloads.reset(guide.entitlement_id, guide.content("Guide").id)
    assert fetched(client, path) == ONE
    with time_machine.travel(now() + timedelta(days=31)):
        refusal = client.get(path)
        assert refusal.status_code == 409
        assert "could be downloaded until" in refusal.text


def test_pieces_are_no_way_around_the_limit(client: FlaskClient, guide: Purchase) -> None:
    allow(guide, download_limit=1)
    path = guide.file_path("Guide")
    answers = [client.get(path, headers={"Range": "bytes=1-"}).status_code for _ in range(40)]
    assert answers.count(302) == 1 + 30


def test_link_of_a_download_dies_with_the_purchase_and_goes_on_for_a_day_without(
    client: FlaskClient, guide: Purchase
) -> None:
    link = client.get(guide.file_path("Guide")).headers["Location"]
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert client.get(link).status_code == 410
        assert client.get(link, headers={"Range": "bytes=5-"}).data == ONE[5:]
    with time_machine.travel(now() + timedelta(hours=25)):
        assert client.get(link, headers={"Range": "bytes=5-"}).status_code == 410
    guide.refund()
    assert client.get(link).status_code == 404


def test_new_version_is_given_and_those_before_stay_until_they_are_withdrawn(
    client: FlaskClient, guide: Purchase
) -> None:
    path = guide.file_path("Guide")
    upload = storage.upload(io.BytesIO(TWO), "Guide 2.pdf")
    with db.unit_of_work() as session:
        product = session.get_one(Product, guide.product_id)
        content = contents.get_content(product.id, guide.content("Guide").public_id)
        versions.replace_file(product, content, upload, versions.News("2.0", "*More* pages."))
    page = client.get(guide.page).text
    assert "<em>More</em> pages." in page
    assert "Versions before" in page
    (two, one) = versions.versions_of([content.id])[content.id]
    assert fetched(client, path) == TWO
    assert fetched(client, f"{path}?version={one.public_id}") == ONE
    with db.unit_of_work() as session:
        product = session.get_one(Product, guide.product_id)
        content = contents.get_content(product.id, content.public_id)
        versions.withdraw(product, content, versions.get_version(content, two.public_id))
    assert fetched(client, path) == ONE
    assert client.get(f"{path}?version={two.public_id}").status_code == 404
    with db.unit_of_work() as session:
        product = session.get_one(Product, guide.product_id)
        contents.remove(product, contents.get_content(product.id, content.public_id))
    assert db.session().scalars(select(StoredFile.filename)).all() == []


def test_zip_is_made_once_for_each_set_of_versions_and_made_again_after_a_week(
    client: FlaskClient, app: Flask, work: Work
) -> None:
    purchase = bought(product_with((ONE, "Guide.pdf"), (TWO, "guide.PDF"), (b"plain words", "Read me.txt")))
    everything = f"/downloads/{purchase.public_id}/all"
    waiting = client.get(everything)
    assert waiting.headers["Location"].endswith("/all/packing")
    with broken_at("pack.made"):
        work()
    assert "It is being packed" in client.get(waiting.headers["Location"]).text
    with time_machine.travel(now() + timedelta(minutes=10)):
        work()
    assert "The zip is ready" in client.get(waiting.headers["Location"]).text
    with zipfile.ZipFile(io.BytesIO(fetched(client, everything))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "Guide.pdf": ONE,
            "guide (2).PDF": TWO,
            "Read me.txt": b"plain words",
        }
    other = bought(purchase.product_id, "other@example.org")
    assert client.get(f"/downloads/{other.public_id}/all").headers["Location"].startswith("/downloads/files/")
    with time_machine.travel(now() + packing.KEPT_FOR + timedelta(days=1)):
        assert packing.forget_packs() == 1
        assert db.session().scalars(select(FilePack)).all() == []
        assert client.get(everything).headers["Location"].endswith("/all/packing")


def test_zip_leaves_out_what_must_not_go_from_hand_to_hand(client: FlaskClient, work: Work) -> None:
    purchase = bought(product_with((ONE, "Guide.pdf"), (TWO, "Second.pdf"), (b"ID3" + b"0" * 99, "song.mp3")))
    with db.unit_of_work() as session:
        session.get_one(Content, purchase.content("song").id).is_stream_only = True
    allow(purchase, download_limit=5)
    assert client.get(f"/downloads/{purchase.public_id}/all").status_code == 404
    assert client.get(purchase.file_path("song")).status_code == 404
    page = client.get(purchase.page).text
    assert "Play" in page
    assert "All files in one zip" not in page


def test_every_address_of_another_buyers_thing_refuses(app: Flask, client: FlaskClient, work: Work) -> None:
    mine, product_id = (
        bought(product_with((ONE, "Guide.pdf"), (TWO, "Two.pdf"))),
        product_with((TWO, "Secret.pdf")),
    )
    lesson_id = add_lesson(product_id, b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 64)
    theirs = bought(product_id, "other@example.org")
    secret = theirs.content("Secret").public_id
    tails = [
        f"/downloads/{{0}}/{secret}",
        f"/downloads/{{0}}/{secret}/copy",
        f"/library/{{0}}/lessons/{lesson_id}",
        f"/library/{{0}}/watch/{secret}",
        *(
            f"/library/{{0}}/media/{lesson_id}{tail}"
            for tail in ("", "/file", "/hls", "/hls/480", "/hls/key")
        ),
    ]
    for tail in tails:
        assert client.get(tail.format(mine.public_id)).status_code == 404, tail
    openable = [tail for tail in tails if client.get(tail.format(theirs.public_id)).status_code < 400]
    assert len(openable) == 4
    theirs.refund()
    for tail in tails:
        assert client.get(tail.format(theirs.public_id)).status_code in (403, 404, 410), tail
    with db.unit_of_work() as session:
        entitlement = session.get_one(Entitlement, mine.entitlement_id)
        entitlement.starts_at, entitlement.ends_at = now() - timedelta(days=2), now() - timedelta(days=1)
    for path in (mine.file_path("Guide"), f"/downloads/{mine.public_id}/all", mine.page):
        assert client.get(path).status_code in (403, 404, 410), path
