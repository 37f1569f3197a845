"""What an import has to say, as lines and as a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator

from storefront.core import db
from storefront.importing.defusing import defused
from storefront.importing.models import ImportNote, ImportRun
from storefront.importing.service import all_notes
from storefront.web.filters import told
from storefront.web.language import speaking

_BOM = "\ufeff"


def report(
    run: ImportRun, headings: Iterable[str], words: tuple[str, str], language: str = "en"
) -> Iterator[bytes]:
    """Yield a CSV file of all notes: row, column, error or hint, sentence. ``words`` are for error and hint."""
    yield (_BOM + _line(list(headings))).encode()
    try:
        for note in all_notes(run):
            with speaking(language):  # the request, which knew it, is over
                sentence = sentence_of(note)
            yield _line([str(note.line), note.column, words[not note.is_error], sentence]).encode()
    finally:
        db.close_reader()


def sentence_of(note: ImportNote) -> str:
    """Return the sentence of a note in the language that is spoken here."""
    return told(note.sentence)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([defused(cell) for cell in cells])
    return buffer.getvalue()
