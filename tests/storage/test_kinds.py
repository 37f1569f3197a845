"""Types come from bytes; names are cleaned."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.storage.kinds import clean_filename, content_type_of, may_be_shown

_PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8


def _zip(first: str, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(first, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "filename", "kind"),
    [
        (b"%PDF-1.7\n", "a.pdf", "application/pdf"),
        (b"%PDF-1.7\n", "a.html", "application/pdf"),
        (_zip("a.txt"), "a.zip", "application/zip"),
        (_zip("a.txt"), "a.epub", "application/zip"),
        (_zip("mimetype", b"application/epub+zip"), "book.epub", "application/epub+zip"),
        (
            _zip("a.xml"),
            "a.odt",
            "application/vnd.oasis.opendocument.text",
        ),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "a.mp4", "video/mp4"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00", "a.m4a", "audio/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "a.mov", "video/quicktime"),
        (b"\x00\x00\x00\x1cftypavif", "a.avif", "image/avif"),
        (
            b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
            "a.webm",
            "video/webm",
        ),
        (b"\x1aE\xdf\xa3\x01B\x82\x88matroska", "a.mkv", "video/x-matroska"),
        (b"ID3\x04\x00", "a.mp3", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\x00", "a.mp3", "audio/mpeg"),
        (b"OggS\x00\x02" + b"\x00" * 22 + b"\x01vorbis", "a.ogg", "audio/ogg"),
        (b"OggS\x00\x02" + b"\x00" * 22 + b"\x80theora", "a.ogv", "video/ogg"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "a.wav", "audio/wav"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "a.webp", "image/webp"),
        (b"fLaC\x00", "a.flac", "audio/flac"),
        (_PNG, "a.png", "image/png"),
        (b"\xff\xd8\xff\xe0", "a.jpg", "image/jpeg"),
        (b"GIF89a", "a.gif", "image/gif"),
        (b"plain words", "a.txt", "text/plain; charset=utf-8"),
        ("中文文字".encode(), "a.txt", "text/plain; charset=utf-8"),
        (b"\xef\xbb\xbfwith a mark", "a.txt", "text/plain; charset=utf-8"),
        (("中" * 3000).encode()[:8192], "a.txt", "text/plain; charset=utf-8"),
        (b"a,b\n1,2\n", "a.csv", "text/csv; charset=utf-8"),
        (b"# Title\n", "a.md", "text/markdown; charset=utf-8"),
        (b"WEBVTT\n\n", "a.vtt", "text/vtt; charset=utf-8"),
        (b'{"a": 1}', "a.json", "text/plain; charset=utf-8"),
        (b"\x00\x01\x02", "a.txt", "application/octet-stream"),
        ("中文".encode("gbk"), "a.txt", "application/octet-stream"),
        (b"MZ\x90\x00\x03", "a.pdf", "application/octet-stream"),
        (b"RIFF\x24\x00\x00\x00????", "a.bin", "application/octet-stream"),
        (b"", "a.txt", "text/plain; charset=utf-8"),
    ],
)
def test_type_is_found_in_the_bytes(head: bytes, filename: str, kind: str) -> None:
    assert content_type_of(head, filename) == kind


@pytest.mark.parametrize(
    ("head", "filename"),
    [
        (b"<!doctype html><script>alert(1)</script>", "a.txt"),
        (b"\xef\xbb\xbf \n<html>", "a.pdf"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a.png"),
        (b'<?xml version="1.0"?><svg/>', "a.svg"),
        (b"hello", "a.html"),
        (b"alert(1)", "a.js"),
        (b"alert(1)", "A.MJS"),
        (b"hello", "a.svg"),
        (b"body{}", "a.css"),
    ],
)
def test_what_a_browser_could_run_has_no_type(head: bytes, filename: str) -> None:
    assert content_type_of(head, filename) == "application/octet-stream"
    assert not may_be_shown(content_type_of(head, filename))


@given(st.binary(max_size=600), st.text(max_size=40))
def test_no_bytes_and_no_name_make_a_type_that_runs(head: bytes, filename: str) -> None:
    kind = content_type_of(head, filename)

    assert not kind.startswith(("text/html", "image/svg", "text/javascript", "application/javascript"))
    assert "xml" not in kind.replace("openxmlformats", "")


@pytest.mark.parametrize(
    ("filename", "clean"),
    [
        ("Guide.pdf", "Guide.pdf"),
        ("指南 第一版.pdf", "指南 第一版.pdf"),
        ("C:\\Users\\me\\Guide.pdf", "Guide.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\r\nc.pdf", "ab c.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  spaces \t and\u3000more .pdf", "spaces and more.pdf"),
        (".htaccess", "htaccess"),
        ("..", "file"),
        ("", "file"),
        ("///", "file"),
        ('a<b>c:d|e?f*g"h.txt', "a_b_c_d_e_f_g_h.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("cafe\u0301.txt", "café.txt"),
        ("\ud800.pdf", "pdf"),
        ("👩\u200d🎨.zip", "👩\u200d🎨.zip"),
    ],
)
def test_names_are_cleaned_in_every_script(filename: str, clean: str) -> None:
    assert clean_filename(filename) == clean


def test_long_names_keep_their_ending() -> None:
    assert clean_filename("a" * 500 + ".pdf") == "a" * 146 + ".pdf"
    assert clean_filename("指" * 500 + ".epub") == "指" * 65 + ".epub"
    assert clean_filename("a." + "b" * 500) == "a." + "b" * 148


@given(st.text(max_size=400))
def test_any_name_becomes_a_safe_one(filename: str) -> None:
    clean = clean_filename(filename)

    assert clean
    assert len(clean) <= 150
    assert len(clean.encode()) <= 200
    assert not set(clean) & set('/\\<>:"|?*\r\n\x00\u202e')
    assert not clean.startswith(".")
    assert clean_filename(clean) == clean


@pytest.mark.parametrize("kind", ["application/pdf", "video/mp4", "audio/mpeg", "text/plain; charset=utf-8"])
def test_harmless_types_may_be_shown(kind: str) -> None:
    assert may_be_shown(kind)


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/csv; charset=utf-8", "application/zip"])
def test_other_types_are_only_saved(kind: str) -> None:
    assert not may_be_shown(kind)
