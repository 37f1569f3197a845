"""Secret feeds: what programs get, for as long as the buyer has it, and with the newest secret only."""

import io
import re
from xml.etree import ElementTree

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.feeds.models import FeedKey
from storefront.fulfilment import service
from storefront.orders.service import moving
from storefront.storage import service as storage
from tests.fulfilment.owning import Work, have, sell
from tests.selling import BUYER, PASSWORD, path_of, send

SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(2000)
BOOK = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip" + bytes(100)
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"


def _course(app: Flask) -> Product:
    """A course with lessons to hear now, to stream only, to hear later and to read, and an e-book."""
    product = sell(title="Quiet <lines> & more")
    with app.app_context():
        sound = storage.upload(io.BytesIO(SOUND), "one & two.mp3")
        book = storage.upload(io.BytesIO(BOOK), "book.epub")
    with db.unit_of_work() as session:
        course = Content(product_id=product.id, kind=ContentKind.COURSE, title="Course", translations={})
        session.add(course)
        session.flush()
        heard = Lesson(title="One", body="Words.", duration_seconds=61, position=0, translations={})
        heard.media_id = storage.register(sound).id
        streamed = Lesson(title="Streamed", body="", position=2, translations={}, is_stream_only=True)
        later = Lesson(title="Later", body="", position=3, translations={}, opens_after_days=5)
        streamed.media_id = later.media_id = heard.media_id
        read = Lesson(title="Two", body="Only text.", position=1, translations={})
        session.add(
            Chapter(
                content_id=course.id,
                title="First",
                position=0,
                translations={},
                lessons=[heard, read, streamed, later],
            )
        )
        file = storage.register(book)
        session.add(
            Content(
                product_id=product.id,
                kind=ContentKind.FILE,
                title="The book",
                file_id=file.id,
                translations={},
            )
        )
    return product


def _make(client: FlaskClient, page: str) -> str:
    """Press the button, and return the path of the feed, which is shown this once."""
    assert send(client, page).status_code == 303
    shown = client.get(page).text
    assert "/feeds/" not in client.get(page).text
    return path_of(re.findall(r"http[^\s<\"]+/feeds/[^\s<\"]+", shown)[0])


def test_podcast_plays_what_was_bought_until_it_is_replaced_closed_or_refunded(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, _course(app))
    page = f"/library/{bought.public_id}/feed"
    feed = _make(client, page)
    program = app.test_client()
    answer = program.get(feed)
    assert answer.content_type.startswith("application/rss+xml")
    channel = ElementTree.fromstring(answer.data)[0]  # noqa: S314 - our own
    assert (channel.findtext("title"), channel.findtext(f"{ITUNES}block")) == ("Quiet <lines> & more", "Yes")
    (item,) = channel.findall("item")
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert (enclosure.get("length"), enclosure.get("type")) == (str(len(SOUND)), "audio/mpeg")
    assert (item.findtext("title"), item.findtext(f"{ITUNES}duration")) == ("One", "61")
    address = path_of(enclosure.get("url") or "")
    leads = program.get(address)
    assert leads.status_code == 302
    part = program.get(path_of(leads.headers["Location"]), headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, SOUND[10:20])
    assert program.get(feed, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert "Fetched the feed" in client.get(f"/library/{bought.public_id}/log").text
    stolen = feed
    feed = _make(client, page)
    assert (program.get(stolen).status_code, program.get(feed).status_code) == (404, 200)
    db.close_reader()
    key = db.session().scalars(select(FeedKey)).one()
    assert feed.split("/")[-2] not in (key.token_hash, str(key.id))
    with db.unit_of_work():
        service.revoke(moving.lock(bought.order_id), "refunded")
    enclosed = address.replace(stolen.split("/")[-2], feed.split("/")[-2])
    assert {program.get(path).status_code for path in (feed, enclosed, address)} == {404}
    with db.unit_of_work():
        service.restore(moving.lock(bought.order_id), "refunded")
    assert {program.get(path).status_code for path in (feed, enclosed)} == {200, 302}
    assert send(client, f"{page}/removal", page=page).status_code == 303
    assert program.get(feed).status_code == 404


def test_reading_program_gets_the_books_of_the_account_alone(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    send(client, "/account/register", email=BUYER, password=PASSWORD)
    product = _course(app)
    bought = have(client, work, product)
    feed = _make(client, "/account/books")
    program = app.test_client()
    answer = program.get(feed)
    assert "profile=opds-catalog" in answer.content_type
    (entry,) = ElementTree.fromstring(answer.data).findall(f"{ATOM}entry")  # noqa: S314 - our own
    links = {link.get("rel"): link for link in entry.findall(f"{ATOM}link")}
    link = links["http://opds-spec.org/acquisition"]
    assert link.get("type") == "application/epub+zip"
    address = path_of(link.get("href") or "")
    leads = program.get(address)
    assert leads.status_code == 302
    assert program.get(path_of(leads.headers["Location"])).data == BOOK
    other = app.test_client()
    send(other, "/account/register", email="other@example.org", password=PASSWORD)
    have(other, work, sell(), email="other@example.org")
    foreign = _make(other, "/account/books")
    assert program.get(address.replace(feed.split("/")[-2], foreign.split("/")[-2])).status_code == 404
    with db.unit_of_work():
        service.revoke(moving.lock(bought.order_id), "refunded")
    assert b"<entry>" not in program.get(feed).data
    assert program.get(address).status_code == 404
