"""Marking an EPUB: a page at its end that says who bought it, the same in its metadata, and a line in each chapter."""

import posixpath
import re
import zipfile
from html import escape
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from storefront.core.errors import N_
from storefront.stamping.words import Mark, NotStampable

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_MIMETYPE = b"application/epub+zip"
_PAGE, _ID = "storefront-colophon.xhtml", "storefront-colophon"
_LARGEST, _MOST_ENTRIES = 2_000_000_000, 20_000
# The two ways to hide fonts, which leave the words readable; everything else is a lock.
_FONTS_ONLY = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
_COLOPHON = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="{language}">
<head><title>{title}</title></head>
<body><section><h1>{title}</h1><p>{line}</p></section></body>
</html>
"""


def stamp_epub(source: Path, target: Path, mark: Mark, *, on_every_page: bool) -> None:
    """Write the EPUB with a colophon, and with a line at the end of each chapter when ``on_every_page``.

    Raises:
        NotStampable: it is no valid EPUB, is locked, or too large to be marked.
    """
    try:
        with zipfile.ZipFile(source) as book, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            _refuse(book)
            path = _package_path(book)
            package = book.read(path).decode("utf-8-sig")
            chapters = _chapters(package, path) if on_every_page else set()
            _write(copy, book, {path: _marked_package(package, mark)}, chapters, mark)
            page = posixpath.join(posixpath.dirname(path), _PAGE)
            copy.writestr(page, _colophon(mark))
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, ElementTree.ParseError, OSError) as error:
        raise NotStampable(N_("The EPUB is broken and can't be marked.")) from error


def _refuse(book: zipfile.ZipFile) -> None:
    entries = book.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _LARGEST:
        raise NotStampable(N_("The EPUB is too large to be marked."))
    if _ENCRYPTION in book.namelist():
        methods = set(
            re.findall(r'EncryptionMethod[^>]*Algorithm="([^"]+)"', book.read(_ENCRYPTION).decode())
        )
        if methods - _FONTS_ONLY:
            raise NotStampable(N_("The EPUB is locked by copy protection. Upload it without protection."))


def _package_path(book: zipfile.ZipFile) -> str:
    container = ElementTree.fromstring(book.read(_CONTAINER))  # noqa: S314 - expat refuses exploding entities
    found = container.find(".//{urn:oasis:names:tc:opendocument:xmlns:container}rootfile")
    if found is None:
        raise NotStampable(N_("The EPUB is broken and can't be marked."))
    return found.attrib["full-path"]


def _chapters(package: str, path: str) -> set[str]:
    """Return where the texts of the book are in its zip."""
    root = ElementTree.fromstring(package)  # noqa: S314 - expat refuses exploding entities
    items = [element for element in root.iter() if element.tag.rpartition("}")[2] == "item"]
    return {
        posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(item.attrib["href"])))
        for item in items
        if item.get("media-type") == "application/xhtml+xml"
        and "nav" not in item.get("properties", "").split()
    }


def _marked_package(package: str, mark: Mark) -> str:
    """Put the page into the book's list and order, and the words into its metadata, leaving all else as it is."""
    ElementTree.fromstring(package)  # noqa: S314 - only to refuse what is not well-formed
    line = escape(mark.line(is_chinese_possible=True))
    package = _before_end(package, "metadata", f'<{{0}}meta name="licensed-to" content="{line}"/>')
    item = f'<{{0}}item id="{_ID}" href="{_PAGE}" media-type="application/xhtml+xml"/>'
    package = _before_end(package, "manifest", item)
    return _before_end(package, "spine", f'<{{0}}itemref idref="{_ID}"/>')


def _before_end(package: str, name: str, element: str) -> str:
    """Insert an element at the end of another one, in the same namespace prefix."""
    found = list(re.finditer(rf"</((?:[\w.-]+:)?){name}\s*>", package))
    if not found:
        raise NotStampable(N_("The EPUB is broken and can't be marked."))
    end = found[-1]
    return package[: end.start()] + element.replace("{0}", end[1]) + package[end.start() :]


def _write(
    copy: zipfile.ZipFile, book: zipfile.ZipFile, changed: dict[str, str], chapters: set[str], mark: Mark
) -> None:
    """The type goes first and uncompressed, so that readers know the file by its first bytes (OCF 3.3, 4.3)."""
    copy.writestr(zipfile.ZipInfo("mimetype"), _MIMETYPE, zipfile.ZIP_STORED)
    for entry in book.infolist():
        if entry.filename == "mimetype" or entry.is_dir():
            continue
        data: bytes | str = changed.get(entry.filename) or book.read(entry)
        if entry.filename in chapters:
            data = _with_line(book.read(entry), mark)
        copy.writestr(entry, data, entry.compress_type)


def _with_line(chapter: bytes, mark: Mark) -> bytes:
    line = escape(mark.line(is_chinese_possible=True)).encode()
    head, end, tail = chapter.rpartition(b"</body>")
    return head + b"<p><small>" + line + b"</small></p>" + end + tail if end else chapter


def _colophon(mark: Mark) -> str:
    is_chinese = mark.language == "zh"
    return _COLOPHON.format(
        language="zh-Hans" if is_chinese else "en",
        title="版权说明" if is_chinese else "About this copy",
        line=escape(mark.line(is_chinese_possible=True)),
    )
