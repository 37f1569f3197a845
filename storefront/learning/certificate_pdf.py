"""A certificate as a PDF of one page, A4 across, to be printed or sent on."""

from pathlib import Path

from flask_babel import gettext
from fpdf import FPDF

from storefront.learning.certificates import Checked
from storefront.web.filters import day, tr
from storefront.web.fonts import Font, find_font

_WIDTH, _HEIGHT, _MARGIN = 297, 210, 18
_INK, _MUTED, _LINE = (27, 27, 25), (95, 93, 87), (228, 226, 220)
# Text of such a size (points) is made smaller until it fits into the page.
_SMALLEST = 12


def certificate_pdf(checked: Checked, shop: str, check_url: str, own_fonts: Path) -> bytes | None:
    """Return the certificate in the page's language; None when no font here has the letters of the name."""
    lines = [
        (shop, 13, _MUTED, 34),
        (gettext("Certificate"), 34, _INK, 56),
        (gettext("This is to certify that"), 13, _MUTED, 82),
        (checked.certificate.name, 30, _INK, 94),
        (gettext("has completed the course"), 13, _MUTED, 116),
        (tr(checked, "title"), 22, _INK, 128),
        (day(checked.certificate.completed_at), 13, _MUTED, 148),
        (gettext("Whoever wants to know whether it is genuine finds out here:"), 10, _MUTED, 172),
        (check_url, 10, _INK, 178),
    ]
    font = find_font("".join(str(line[0]) for line in lines), own_fonts)
    if font is None:
        return None
    pdf = _page(font, title=f"{gettext('Certificate')}: {checked.certificate.name}")
    for text, size, colour, top in lines:
        _write(pdf, str(text), size, colour, top)
    pdf.link(_MARGIN, 176, _WIDTH - 2 * _MARGIN, 7, check_url)
    return bytes(pdf.output())


def _page(font: Font, title: str) -> FPDF:
    pdf = FPDF(orientation="landscape", format="A4")
    pdf.set_auto_page_break(False)
    pdf.add_font("text", fname=font.path, collection_font_number=font.number)
    pdf.set_title(title)
    pdf.add_page()
    pdf.set_draw_color(*_LINE)
    pdf.set_line_width(0.4)
    pdf.rect(10, 10, _WIDTH - 20, _HEIGHT - 20)
    return pdf


def _write(pdf: FPDF, text: str, size: int, colour: tuple[int, int, int], top: int) -> None:
    room = _WIDTH - 2 * _MARGIN
    pdf.set_font("text", size=size)
    while size > _SMALLEST and pdf.get_string_width(text) > room:
        size -= 1
        pdf.set_font("text", size=size)
    pdf.set_text_color(*colour)
    pdf.set_xy(_MARGIN, top)
    pdf.multi_cell(room, size * 0.5, text, align="C", max_line_height=size * 0.5)
