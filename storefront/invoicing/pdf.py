"""A document as PDF: the same words as its page, on A4."""

from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from text_unidecode import unidecode

from storefront.core.clock import datetime
from storefront.invoicing.sheets import Row, Sheet
from storefront.web.fonts import find_font

_MARGIN, _WIDTH = 20, 170
_COLUMNS = (92, 20, 28, 30)
_FAMILY = "document"
_QUIET, _INK = 110, 0


def pdf_of(sheet: Sheet, made_at: datetime, own_fonts: Path) -> bytes:
    """Return the document; the same sheet and time give the same bytes. ``own_fonts`` is the operator's folder."""
    page = _Page(sheet, made_at, own_fonts)
    page.write()
    return bytes(page.pdf.output())


class _Page:
    def __init__(self, sheet: Sheet, made_at: datetime, own_fonts: Path) -> None:
        self.sheet = sheet
        self.pdf = FPDF(format="A4")
        self.pdf.set_creation_date(made_at)
        self.pdf.set_title(sheet.title)
        self.pdf.set_margins(_MARGIN, _MARGIN)
        self.pdf.set_auto_page_break(True, margin=_MARGIN)
        font = find_font("".join(sheet.texts()), own_fonts)
        self._is_plain = font is None
        if font is not None:
            self.pdf.add_font(_FAMILY, fname=font.path, collection_font_number=font.number)
        self.pdf.add_page()

    def write(self) -> None:
        """Write everything from top to bottom."""
        for line in self.sheet.seller:
            self._line(line, size=9, grey=_QUIET)
        self._gap(10)
        for line in self.sheet.buyer:
            self._line(line)
        self._gap(10)
        self._line(self.sheet.title, size=18)
        self._gap(2)
        for name, said in self.sheet.facts:
            self._pair(name, said)
        self._gap(8)
        self._row(self.sheet.head, grey=_QUIET)
        for row in self.sheet.rows:
            self._row(row)
        self._gap(3)
        for one in self.sheet.sums:
            self._sum(one.text, one.amount, is_total=one.is_total)
        self._gap(8)
        for note in self.sheet.notes:
            self._line(note, size=9, grey=_QUIET)

    def _font(self, size: float, grey: int = _INK) -> None:
        self.pdf.set_font("Helvetica" if self._is_plain else _FAMILY, size=size)
        self.pdf.set_text_color(grey)

    def _line(self, text: str, size: float = 10, grey: int = _INK) -> None:
        self._font(size, grey)
        self.pdf.multi_cell(
            _WIDTH, size * 0.5, self._text(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def _pair(self, name: str, said: str) -> None:
        self._font(9, _QUIET)
        self.pdf.cell(45, 5, self._text(name))
        self._font(9)
        self.pdf.cell(0, 5, self._text(said), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _row(self, row: Row, grey: int = _INK) -> None:
        """A long title wraps; a row is never torn by the end of a page."""
        self._font(9.5, grey)
        title = self._text(row.text)
        lines: Any = self.pdf.multi_cell(_COLUMNS[0], 5, title, align="L", dry_run=True, output="LINES")
        height = 5 * max(len(lines), 1) + 3
        if self.pdf.will_page_break(height):
            self.pdf.add_page()
        top = self.pdf.get_y()
        self.pdf.multi_cell(_COLUMNS[0], 5, title, align="L", new_x=XPos.RIGHT, new_y=YPos.TOP)
        for width, text in zip(_COLUMNS[1:], row[1:], strict=True):
            self.pdf.cell(width, 5, self._text(text), align="R")
        bottom = top + height - 1
        self.pdf.set_draw_color(200)
        self.pdf.line(_MARGIN, bottom, _MARGIN + _WIDTH, bottom)
        self.pdf.set_xy(_MARGIN, top + height)

    def _sum(self, text: str, amount: str, *, is_total: bool) -> None:
        self._font(11 if is_total else 9.5, _INK if is_total else _QUIET)
        self.pdf.set_x(_MARGIN + 50)
        self.pdf.cell(85, 6, self._text(text), align="R")
        self.pdf.cell(35, 6, self._text(amount), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _gap(self, millimetres: float) -> None:
        self.pdf.ln(millimetres)

    def _text(self, text: str) -> str:
        """Without a font that has the signs, words are spelled in Latin letters: better than boxes."""
        if not self._is_plain:
            return text
        return str(unidecode(text.replace("€", "EUR "))).encode("latin-1", "replace").decode("latin-1")
