"""Marking a PDF: one small line at the foot of its pages. Outline, links and metadata stay."""

import io
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw
from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.errors import PyPdfError

from storefront.core.errors import N_
from storefront.stamping.words import Mark, NotStampable, chinese_face, is_latin, picture_face

_POINTS = 7
_ABOVE_FOOT = 10
_GREY = 110
# Pixels of a drawn line for each point of its height.
_SHARPNESS = 6
_LARGEST = 300_000_000


def stamp_pdf(source: Path, target: Path, mark: Mark, *, on_every_page: bool) -> None:
    """Write the PDF with the mark on its first or on every page.

    Raises:
        NotStampable: it is protected by a password, broken, or too large to be marked.
    """
    if source.stat().st_size > _LARGEST:
        raise NotStampable(N_("The PDF is too large to be marked."))
    try:
        reader = PdfReader(source)
        if reader.is_encrypted:
            raise NotStampable(N_("The PDF is protected by a password. Upload it without protection."))
        writer = PdfWriter(clone_from=reader)
        _mark_pages(writer, mark, on_every_page=on_every_page)
        writer.add_metadata({"/LicensedTo": mark.line(is_chinese_possible=True)})
        with target.open("wb") as file:
            writer.write(file)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # What broken files make the library raise is not only its own errors.
        raise NotStampable(N_("The PDF is broken and can't be marked.")) from error


def _mark_pages(writer: PdfWriter, mark: Mark, *, on_every_page: bool) -> None:
    if not writer.pages:
        raise NotStampable(N_("The PDF is broken and can't be marked."))
    overlays: dict[tuple[float, float], PageObject] = {}
    for page in writer.pages if on_every_page else [writer.pages[0]]:
        size = _seen_size(page)
        if size not in overlays:
            overlays[size] = _overlay(*size, mark)
        page.merge_transformed_page(overlays[size], _upright(page))


def _seen_size(page: PageObject) -> tuple[float, float]:
    """Return width and height of the page as it is seen, in points."""
    width, height = float(page.cropbox.width), float(page.cropbox.height)
    return (height, width) if page.rotation % 180 else (width, height)


def _upright(page: PageObject) -> Transformation:
    """Return what turns the overlay with the page, so that its line can be read."""
    width, height = float(page.cropbox.width), float(page.cropbox.height)
    turns = {
        0: Transformation(),
        90: Transformation().rotate(90).translate(width, 0),
        180: Transformation().rotate(180).translate(width, height),
        270: Transformation().rotate(270).translate(0, height),
    }
    return turns[page.rotation % 360].translate(float(page.cropbox.left), float(page.cropbox.bottom))


def _overlay(width: float, height: float, mark: Mark) -> PageObject:
    """Return a page of that size with nothing but the line."""
    paper = FPDF(unit="pt", format=(width, height))
    paper.set_auto_page_break(False)
    paper.set_margin(0)
    paper.add_page()
    line = mark.line(is_chinese_possible=chinese_face() is not None)
    if is_latin(line):
        paper.set_font("helvetica", size=_POINTS)
        paper.set_text_color(_GREY)
        paper.text(max(0.0, width - paper.get_string_width(line)) / 2, height - _ABOVE_FOOT, line)
    else:
        _draw(paper, line, width, height)
    return PdfReader(io.BytesIO(bytes(paper.output()))).pages[0]


def _draw(paper: FPDF, line: str, width: float, height: float) -> None:
    """Put the line on the page as a picture: fonts with Chinese letters come in forms that few PDFs can hold."""
    face = picture_face(_POINTS * _SHARPNESS)
    left, top, right, bottom = (int(edge) for edge in face.getbbox(line))
    picture = Image.new("LA", (right - left, bottom - top), (_GREY, 0))
    letters = Image.new("L", picture.size, 0)
    ImageDraw.Draw(letters).text((-left, -top), line, fill=255, font=face)
    picture.putalpha(letters)
    shown = min(width, picture.width / _SHARPNESS)
    high = picture.height / _SHARPNESS * shown / (picture.width / _SHARPNESS)
    paper.image(picture, x=(width - shown) / 2, y=height - _ABOVE_FOOT - high, w=shown, h=high)
