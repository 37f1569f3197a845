"""What a file is, found in its bytes and never in what the sender says, and how it may be called."""

import codecs
import re
import unicodedata

UNKNOWN = "application/octet-stream"
HEAD = 8192
"""How many bytes from the beginning are looked at."""

_TEXT = "text/plain; charset=utf-8"
_LONGEST_NAME = 150
_LONGEST_NAME_BYTES = 200  # file systems take 255, and browsers add their own ending while loading
_LONGEST_ENDING = 12

# Bytes at an offset, and what they mean. Nothing here is a type that a browser would run.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    (0, b"OTTO", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}
_MPEG_AUDIO = {0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2}
_ZIPPED = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_TEXTS = {"csv": "text/csv; charset=utf-8", "md": "text/markdown; charset=utf-8"}
_RUNNING = {
    "html",
    "htm",
    "xhtml",
    "shtml",
    "mht",
    "mhtml",
    "svg",
    "xml",
    "xsl",
    "xslt",
    "js",
    "mjs",
    "cjs",
    "css",
    "hta",
}
_SHOWN = {
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "text/plain",
    "text/vtt",
}


def content_type_of(head: bytes, filename: str) -> str:
    """Return the type of a file that begins with ``head``.

    The name only chooses among relatives (which zip, which text). HTML, SVG, scripts and whatever else a
    browser could run are ``application/octet-stream``.
    """
    return _by_magic(head) or _container(head, _ending(filename)) or _text(head, _ending(filename)) or UNKNOWN


def may_be_shown(content_type: str) -> bool:
    """Whether a browser may open it in place; all else is only ever saved."""
    plain = content_type.partition(";")[0].strip()
    return plain in _SHOWN or plain.startswith(("video/", "audio/"))


def clean_filename(filename: str) -> str:
    """Return the name without folders, control and direction-changing characters, and not too long.

    Letters of every script stay. What Windows forbids becomes an underscore.
    """
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in re.sub(r"\s+", " ", name) if _may_be_in_a_name(letter))
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    return _shortened(name) or "file"


def _may_be_in_a_name(letter: str) -> bool:
    """Leave out control characters and those that turn the reading direction, but not what joins letters."""
    return unicodedata.category(letter)[0] != "C" or letter in "\u200c\u200d"


def _by_magic(head: bytes) -> str | None:
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    return None


def _container(head: bytes, ending: str) -> str | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        is_epub = head[30:58] == b"mimetypeapplication/epub+zip"
        return "application/epub+zip" if is_epub else _ZIPPED.get(ending, "application/zip")
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head[:256] else "audio/ogg"
    if len(head) > 2 and head[0] == 0xFF and head[1] in _MPEG_AUDIO:
        return "audio/mpeg"
    return None


def _text(head: bytes, ending: str) -> str | None:
    """Return a kind of text, unless it is markup or a script."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return None
    if (
        re.search(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]", text)
        or ending in _RUNNING
        or text.lstrip().startswith("<")
    ):
        return None
    if text.startswith("WEBVTT"):
        return "text/vtt; charset=utf-8"
    return _TEXTS.get(ending, _TEXT)


def _ending(filename: str) -> str:
    return filename.rpartition(".")[2].lower() if "." in filename else ""


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    tail = dot + ending
    room = _LONGEST_NAME_BYTES - len(tail.encode())
    stem = stem[: _LONGEST_NAME - len(tail)].encode()[:room].decode("utf-8", "ignore")
    return (stem.rstrip(" .") or ("file" if tail else "")) + tail
