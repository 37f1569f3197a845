"""What an import has to say, as lines and as a CSV file."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from flask import Flask, current_app

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
    """Return the pieces of a CSV file of all notes: row, column, kind, sentence. ``words`` are for error and hint."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy
    return _pieces(run, list(headings), words, partial(_spoken, app, language))


def _pieces(
    run: ImportRun, headings: list[str], words: tuple[str, str], say: Callable[[ImportNote], str]
) -> Iterator[bytes]:
    yield (_BOM + _line(headings)).encode()
    try:
        for note in all_notes(run):
            yield _line([str(note.line), note.column, words[not note.is_error], say(note)]).encode()
    finally:
        db.close_reader()


def sentence_of(note: ImportNote) -> str:
    """Return the sentence of a note in the language that is spoken here."""
    return told(note.sentence)


def _spoken(app: Flask, language: str, note: ImportNote) -> str:
    """The request is over when this is asked for."""
    with app.app_context(), speaking(language):
        return sentence_of(note)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([defused(cell) for cell in cells])
    return buffer.getvalue()
