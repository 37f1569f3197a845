"""From bytes to rows: encodings, delimiters, broken lines. Never holds more of a file than one row."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from storefront.core.errors import N_, ShopError

DELIMITERS = (",", ";", "\t")
# A field may be as long as a description of 50,000 characters written in HTML; a line without end is a broken file.
LONGEST_LINE = 1_000_000
LONGEST_FIELD = 400_000

_BLOCK = 256 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Stands where bytes are no letters. No file holds it, since it is no letter either.
_BROKEN = "\udcff"
_MARKING = "storefront.importing.broken"

csv.field_size_limit(LONGEST_FIELD)
codecs.register_error(_MARKING, lambda error: (_BROKEN, error.end))  # type: ignore[attr-defined]  # any codec error


class UnreadableFile(ShopError):
    """The file as a whole can't be read; nothing was changed."""

    status = 422
    sentence = N_("This is not a CSV file of products that the shop can read.")


class RawRow(NamedTuple):
    """One row: the number of its first line in the file, its cells, and what is wrong with it, if anything."""

    line: int
    cells: list[str]
    trouble: str = ""


def find_encoding(stream: BinaryIO) -> str:
    """Return the encoding of a whole file that can be read twice: UTF-8, UTF-16, GB18030 or Windows-1252.

    Excel in China saves GB18030, Excel elsewhere Windows-1252, and neither says so.
    """
    stream.seek(0)
    head = stream.read(4096)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if guess := _utf16_without_bom(head):
        return guess
    good, broken = _count_letters(stream, "utf-8")
    if not broken:
        return "utf-8"
    if good > 20 * broken:
        # Some broken letters: they are the trouble of their rows.
        return "utf-8"
    return "gb18030" if _reads_as_chinese(stream) else "cp1252"


def find_delimiter(heading: str) -> str:
    """Return what separates the cells of a heading: the sign of which there are most outside of quotes."""
    plain = "".join(heading.split('"')[::2])
    return max(DELIMITERS, key=plain.count)


def read_rows(stream: BinaryIO, encoding: str) -> Iterator[RawRow]:
    """Yield the heading and then each row that is not empty.

    Raises:
        UnreadableFile: there is no heading.
    """
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, errors=_MARKING, newline="")
    try:
        lines = _Lines(text)
        heading = lines.peek()
        if "\x00" in heading:
            raise UnreadableFile(N_("This is not a text file. Please save the table as CSV (UTF-8)."))
        yield from _parsed(lines, find_delimiter(heading))
    finally:
        text.detach()


class _TooLong(Exception):
    """A line that never seems to end."""


class _Lines:
    """The lines of a text with their endings, counted; a line that is too long is skipped and reported."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._ahead: str | None = None
        self.count = 0

    def __iter__(self) -> "_Lines":
        return self

    def peek(self) -> str:
        """Return the first line, which will be read again."""
        self._ahead = self._text.readline(LONGEST_LINE)
        return self._ahead

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE) if self._ahead is None else self._ahead
        self._ahead = None
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r")):
            while (rest := self._text.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
                pass
            raise _TooLong
        return line


def _parsed(lines: _Lines, delimiter: str) -> Iterator[RawRow]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        first = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_TooLong, csv.Error):
            yield RawRow(
                first, [], N_("This row can't be read: it is far too long, or a quotation mark is missing.")
            )
            # What the reader had begun is dropped: each row is read for itself.
            reader = csv.reader(lines, delimiter=delimiter)
            continue
        if any(cell.strip() for cell in cells):
            yield RawRow(first, cells, _trouble_of(cells))


def _trouble_of(cells: list[str]) -> str:
    for cell in cells:
        if "\x00" in cell or _BROKEN in cell:
            return N_("This row has letters that can't be read. Please save the file as CSV UTF-8.")
    return ""


def _utf16_without_bom(head: bytes) -> str:
    """Plain letters in UTF-16 are zero in every other byte."""
    if len(head) < 4 or head.count(0) * 3 < len(head):
        return ""
    return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"


def _count_letters(stream: BinaryIO, encoding: str) -> tuple[int, int]:
    """Return how many letters beyond ASCII can be read and how many bytes can't."""
    good = broken = 0
    for text in _blocks(stream, encoding):
        bad = text.count(_BROKEN)
        broken += bad
        good += sum(letter > "\x7f" for letter in text) - bad if not text.isascii() else 0
    return good, broken


def _reads_as_chinese(stream: BinaryIO) -> bool:
    """Whether it is GB18030 and most of its letters are common ones, which accents read as Chinese are not."""
    common = other = 0
    for text in _blocks(stream, "gb18030"):
        for letter in text if not text.isascii() else "":
            if letter <= "\x7f":
                continue
            if letter == _BROKEN:
                return False
            if _is_common(letter):
                common += 1
            else:
                other += 1
    return common > 2 * other


def _is_common(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _blocks(stream: BinaryIO, encoding: str) -> Iterator[str]:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors=_MARKING)
    while block := stream.read(_BLOCK):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)
