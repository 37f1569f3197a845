"""Copies that say who bought them: opened by libraries of their kind, made at the first click, never the clean file."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from sqlalchemy import select

from storefront.catalog.models import Content
from storefront.catalog.states import Stamp
from storefront.core import db
from storefront.core.clock import now
from storefront.jobs.models import Job
from storefront.stamping import service, words
from storefront.stamping.jobs import forget_copies
from storefront.stamping.models import StampedCopy
from storefront.stamping.words import Mark, NotStampable
from tests.fulfilment.having import Purchase, bought, fetched, product_with
from tests.selling import broken_at

Work = Callable[[], int]
MARK = Mark("anna@example.org", "K7QM-4XRP", datetime(2026, 11, 20, tzinfo=UTC), "en")
FACTS = "anna@example.org · K7QM-4XRP · 2026-11-20"


def a_pdf() -> bytes:
    """Three pages, one lying on its side, with an outline and metadata."""
    paper = FPDF(format=(420, 595), unit="pt")
    paper.set_title("Six Quiet Pages")
    for number in range(3):
        paper.add_page()
        paper.set_font("helvetica", size=12)
        paper.start_section(f"Chapter {number + 1}")
        paper.cell(text=f"Words of page {number + 1}")
    writer = PdfWriter(clone_from=io.BytesIO(bytes(paper.output())))
    writer.pages[1].rotate(90)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def an_epub(*, encryption: str = "") -> bytes:
    """A book of two chapters whose package uses a prefix of its own."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        if encryption:
            book.writestr("META-INF/encryption.xml", f'<e><EncryptionMethod Algorithm="{encryption}"/></e>')
        book.writestr(
            "OPS/book.opf",
            '<?xml version="1.0"?><opf:package xmlns:opf="http://www.idpf.org/2007/opf" version="3.0">'
            '<opf:metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>静</dc:title></opf:metadata>'
            '<opf:manifest><opf:item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>'
            '<opf:item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></opf:manifest>'
            '<opf:spine><opf:itemref idref="a"/></opf:spine></opf:package>',
        )
        page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><p>静</p></body></html>'
        book.writestr("OPS/text/a.xhtml", page)
        book.writestr("OPS/nav.xhtml", page)
    return file.getvalue()


def a_picture(file_format: str, mode: str = "RGB") -> bytes:
    """A plain picture with a profile."""
    file = io.BytesIO()
    Image.new(mode, (900, 600), 200 if mode == "L" else None).save(file, file_format)
    return file.getvalue()


def stamped(data: bytes, content_type: str, stamp: Stamp, folder: Path, mark: Mark = MARK) -> bytes:
    """Return the copy of a file."""
    source, target = folder / "source", folder / "copy"
    source.write_bytes(data)
    service.stamp_file(source, target, content_type, mark, stamp)
    return target.read_bytes()


@pytest.mark.parametrize("stamp", [Stamp.FIRST, Stamp.EVERY])
def test_pdf_says_it_on_its_pages_and_keeps_outline_and_metadata(tmp_path: Path, stamp: Stamp) -> None:
    copy = PdfReader(io.BytesIO(stamped(a_pdf(), "application/pdf", stamp, tmp_path)), strict=True)
    texts = [page.extract_text() for page in copy.pages]
    assert [f"Licensed to {FACTS}" in text for text in texts] == [True, *[stamp is Stamp.EVERY] * 2]
    assert [f"Words of page {number + 1}" in text for number, text in enumerate(texts)] == [True] * 3
    assert [str(item["/Title"]) for item in copy.outline if not isinstance(item, list)] == [
        f"Chapter {number}" for number in (1, 2, 3)
    ]
    assert copy.metadata is not None
    assert copy.metadata.title == "Six Quiet Pages"
    assert FACTS in str(copy.metadata["/LicensedTo"])
    assert copy.pages[1].rotation == 90


@pytest.mark.parametrize("face", [True, False], ids=["with a Chinese face", "without"])
def test_chinese_names_are_written_where_the_system_can_and_spelled_where_not(
    tmp_path: Path, face: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not face:
        monkeypatch.setattr(words, "_FACES", ())
    words.chinese_face.cache_clear()
    mark = Mark("张伟@例子.cn", "K7QM-4XRP", MARK.on, "zh")
    copy = PdfReader(io.BytesIO(stamped(a_pdf(), "application/pdf", Stamp.FIRST, tmp_path, mark)))
    # With a face the line is drawn; without one it is written in Latin letters.
    assert len(copy.pages[0].images) == int(face)
    assert ("Licensed to ZhangWei@" in copy.pages[0].extract_text()) is not face
    assert copy.metadata is not None
    assert "张伟@例子.cn · K7QM-4XRP" in str(copy.metadata["/LicensedTo"])
    with Image.open(
        io.BytesIO(stamped(a_picture("PNG"), "image/png", Stamp.FIRST, tmp_path, mark))
    ) as picture:
        assert "张伟" in str(picture.info["Copyright"])
        assert "ZhangWei@" in str(picture.getexif()[0x8298])
    words.chinese_face.cache_clear()


def test_epub_has_a_page_a_line_and_metadata_and_is_still_a_book(tmp_path: Path) -> None:
    data = stamped(an_epub(), "application/epub+zip", Stamp.EVERY, tmp_path)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        assert data[30:58] == b"mimetypeapplication/epub+zip"
        assert book.testzip() is None
        trees = {
            name: ElementTree.fromstring(book.read(name))  # noqa: S314 - we have just written it
            for name in book.namelist()
            if name != "mimetype"
        }
    package = trees["OPS/book.opf"]
    names = {"o": "http://www.idpf.org/2007/opf"}
    assert [item.get("href") for item in package.findall("o:manifest/o:item", names)] == [
        "text/a.xhtml", "nav.xhtml", "storefront-colophon.xhtml",
    ]  # fmt: skip
    assert [ref.get("idref") for ref in package.findall("o:spine/o:itemref", names)] == [
        "a",
        "storefront-colophon",
    ]
    (meta,) = package.findall("o:metadata/o:meta", names)
    assert FACTS in str(meta.get("content"))
    said = {name: FACTS in "".join(tree.itertext()) for name, tree in trees.items()}
    assert said == {
        "META-INF/container.xml": False,
        "OPS/book.opf": False,
        "OPS/text/a.xhtml": True,
        "OPS/nav.xhtml": False,
        "OPS/storefront-colophon.xhtml": True,
    }


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_picture_says_it_in_its_corner_and_in_its_metadata(tmp_path: Path, file_format: str) -> None:
    data = stamped(a_picture(file_format), f"image/{file_format.lower()}", Stamp.FIRST, tmp_path)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == (file_format, (900, 600))
        assert FACTS.replace("·", "|") in str(picture.getexif()[0x8298])
        corner = picture.convert("L").crop((0, 560, 500, 600))
        low, high = corner.getextrema()
        assert (low, high) != picture.convert("L").crop((500, 0, 900, 300)).getextrema()


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"%PDF-1.4 broken", "application/pdf", "broken"),
        (b"", "application/pdf", "broken"),
        (b"PK\x03\x04 broken", "application/epub+zip", "broken"),
        (an_epub(encryption="http://ns.adobe.com/adept"), "application/epub+zip", "locked"),
        (b"\x89PNG\r\n\x1a\n broken", "image/png", "broken"),
        (b"PK", "application/zip", "Only PDF and EPUB"),
    ],
)
def test_what_can_not_be_marked_is_said_in_words(
    tmp_path: Path, data: bytes, content_type: str, reason: str
) -> None:
    with pytest.raises(NotStampable, match=reason):
        stamped(data, content_type, Stamp.FIRST, tmp_path)


@pytest.fixture
def book(app: Flask) -> Purchase:
    """A buyer of a PDF that names its buyers."""
    purchase = bought(product_with((a_pdf(), "Quiet.pdf")))
    with db.unit_of_work() as session:
        session.get_one(Content, purchase.content("Quiet").id).stamp = Stamp.EVERY
    return purchase


def test_copy_is_made_at_the_first_click_given_to_its_buyer_and_made_again_after_a_week(
    client: FlaskClient, book: Purchase, work: Work
) -> None:
    work()
    assert db.session().scalars(select(StampedCopy)).all() == []
    path = book.file_path("Quiet")
    waiting = client.get(path).headers["Location"]
    assert waiting == f"{path}/copy"
    with broken_at("copy.made"):
        work()
    page = client.get(waiting)
    assert "It is being prepared for you" in page.text
    assert "every 2s" in page.text
    with time_machine.travel(now() + timedelta(minutes=10)):
        work()
    assert "Your copy is ready" in client.get(waiting).text
    text = PdfReader(io.BytesIO(fetched(client, path))).pages[2].extract_text()
    assert "anna@example.org" in text
    other = bought(book.product_id, "other@example.org")
    assert client.get(other.file_path("Quiet")).headers["Location"].endswith("/copy")
    work()
    assert (
        "other@example.org"
        in PdfReader(io.BytesIO(fetched(client, other.file_path("Quiet")))).pages[0].extract_text()
    )
    with time_machine.travel(now() + service.KEPT_FOR + timedelta(days=1)):
        assert forget_copies() == 2
        assert db.session().scalars(select(StampedCopy)).all() == []
        assert client.get(path).headers["Location"].endswith("/copy")


def test_locked_pdf_calls_the_owner_and_the_buyer_is_told_and_never_gets_the_clean_file(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(a_pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    purchase = bought(product_with((locked.getvalue(), "Quiet.pdf")))
    with db.unit_of_work() as session:
        session.get_one(Content, purchase.content("Quiet").id).stamp = Stamp.FIRST
    path = purchase.file_path("Quiet")
    client.get(path)
    work()
    db.close_reader()
    job = db.session().scalars(select(Job).where(Job.kind == service.STAMP)).one()
    assert job.resting_since is not None
    assert "protected by a password" in str(job.last_error)
    assert client.get(path).headers["Location"].endswith("/copy")
    assert "We could not prepare your copy yet" in client.get(f"{path}/copy").text
