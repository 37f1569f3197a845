"""Make the files that customers receive: PDF by Chromium's printer, EPUB and ZIP by hand."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt
from PIL import Image
from playwright.sync_api import Page

from demo.make import art
from demo.make.icons import ICONS, icon
from demo.make.kit import (
    BLUE,
    FILES,
    INK,
    MUSTARD,
    PAPER,
    PINK,
    PLUM,
    RED,
    SERIF,
    SKY,
    TEAL,
    draw_svg,
    drawing_board,
    write_zip,
)  # fmt: skip
from demo.make.patterns import PATTERNS

HERE = Path(__file__).resolve().parent
BOOK = HERE / "texts" / "book"
GOODS = HERE / "goods"
MARKDOWN = MarkdownIt("commonmark", {"xhtmlOut": True}).enable("table")

BOOK_TITLES = {"en": "The Margin Book", "zh": "页边小书"}
AUTHORS = {"en": "Shen Lan", "zh": "沈岚"}
BOOK_IDS = {
    "en": "urn:uuid:6f1d2b3c-5a0e-4f6b-9c41-0d7e8a2b5c11",
    "zh": "urn:uuid:6f1d2b3c-5a0e-4f6b-9c41-0d7e8a2b5c12",
}
COLOPHONS = {
    "en": (
        "Written and set by Shen Lan in Zutphen. The text is EB Garamond, drawn by Georg Duffner after the types of "
        "Claude Garamont; Chinese words are LXGW WenKai. Both are free under the SIL Open Font License.\n\n"
        "You may print this book for yourself and lend it to a friend.\n\nInkwell Lane, 2026"
    ),
    "zh": (
        "沈岚文并排版，于荷兰聚特芬。正文用霞鹜文楷，封面西文用 EB Garamond，二者均以 SIL 开源字体许可证发布。"
        "\n\n您可以打印自用，也可以借给朋友。\n\n墨池巷，2026"
    ),
}
# The Chinese text face is TrueType, which Chromium embeds as a subset; the Noto CJK faces would become drawings.
KAI = "'LXGW WenKai','EB Garamond 12',serif"
CONTENTS = {"en": "Contents", "zh": "目录"}


# --- printing ---------------------------------------------------------------------------------


FONT_FOLDER = Path("/usr/share/fonts/truetype/ebgaramond")


def garamond_faces() -> str:
    """Return font rules that choose the TrueType cut of EB Garamond, which can be embedded as a subset."""
    faces = (("Regular", "normal", 400), ("Italic", "italic", 400), ("Bold", "normal", 700))
    return "".join(
        f"@font-face{{font-family:'EB Garamond 12';font-style:{style};font-weight:{weight};"
        f"src:url(data:font/ttf;base64,{base64.b64encode((FONT_FOLDER / f'EBGaramond12-{cut}.ttf').read_bytes()).decode()})}}"
        for cut, style, weight in faces
    )


def print_pdf(page: Page, html: str) -> bytes:
    """Print ``html`` with its own page size and return a PDF whose bytes do not depend on the clock."""
    page.set_content(html.replace("<style>", "<style>" + garamond_faces(), 1))
    page.evaluate("document.fonts.ready")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    return re.sub(rb"\(D:\d{14}", b"(D:20260105090000", printed)


def count_pages(pdf: bytes) -> int:
    """Return the number of pages of a PDF printed by Chromium."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def document(title: str, lang: str, style: str, body: str) -> str:
    """Return a whole HTML document."""
    return (
        f'<!doctype html><html lang="{"zh-Hans" if lang == "zh" else lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )


# --- the book ---------------------------------------------------------------------------------

BOOK_STYLE = f"""
@page {{ size: 148mm 210mm; margin: 22mm 24mm 31mm 17mm;
  @bottom-center {{ content: counter(page); font: 9pt {SERIF}; color: {TEAL}; }} }}
@page :left {{ margin: 22mm 17mm 31mm 24mm; }}
@page cover {{ margin: 0; @bottom-center {{ content: none; }} }}
@page bare {{ @bottom-center {{ content: none; }} }}
body {{ margin: 0; color: {INK}; font: 12pt/17pt {SERIF}; }}
.cover {{ page: cover; height: 210mm; overflow: hidden; }}
.cover svg {{ display: block; width: 148mm; height: 210mm; }}
.bare {{ page: bare; break-before: page; }}
section {{ break-before: page; }}
figure {{ margin: 0 0 17pt; }} figure svg {{ display: block; width: 100%; height: auto; }}
h1 {{ margin: 0 0 17pt; font-size: 24pt; line-height: 34pt; font-weight: 400; font-style: italic; color: {TEAL}; }}
p {{ margin: 0; text-indent: 1.4em; text-align: justify; hyphens: auto; orphans: 2; widows: 2; }}
h1 + p, blockquote p, blockquote + p {{ text-indent: 0; }}
blockquote {{ margin: 17pt 0 0; padding: 8.5pt 0 0; border-top: .6pt solid {RED}; color: #39435e; break-inside: avoid; }}
blockquote p {{ text-align: left; hyphens: manual; }}
blockquote strong {{ font-weight: 400; color: {RED}; font-style: italic; }}
table {{ width: 100%; border-collapse: collapse; }} thead {{ display: none; }}
td {{ padding: 3pt 8pt 4pt 0; border-bottom: .4pt solid #c9c2b2; vertical-align: top; line-height: 14pt; }}
td:first-child {{ width: 46%; }}
nav a {{ display: flex; color: inherit; text-decoration: none; line-height: 25.5pt; }}
nav .dots {{ flex: 1; margin: 0 6pt 6pt; border-bottom: .8pt dotted #9aa1b3; }}
.colophon {{ margin-top: 95mm; color: #39435e; font-size: 9.4pt; line-height: 14pt; }}
.colophon p {{ text-indent: 0; text-align: left; margin-bottom: 14pt; }}
body:lang(zh-Hans) {{ font: 12pt/21pt {KAI}; }}
:lang(zh-Hans) h1 {{ font-style: normal; font-weight: 700; font-size: 20pt; letter-spacing: .05em; }}
:lang(zh-Hans) p {{ text-indent: 2em; text-align: justify; }}
:lang(zh-Hans) h1 + p {{ text-indent: 2em; }}
:lang(zh-Hans) blockquote p, :lang(zh-Hans) .colophon p {{ text-indent: 0; }}
:lang(zh-Hans) em, :lang(zh-Hans) blockquote strong {{ font-style: normal; text-emphasis: none; color: {TEAL}; }}
:lang(zh-Hans) blockquote strong {{ color: {RED}; font-weight: 600; }}
"""


# A drawing at the head of each chapter, on 218 x 92 units.
RULES = "".join(f"M44 {y}H174" for y in range(14, 84, 10))
FIGURES = (
    f'<rect x="74" y="4" width="62" height="84" fill="none" stroke="{INK}"/><rect x="81" y="13" width="41" height="56" fill="{INK}"/>',
    f'<defs><pattern id="sand" width="3" height="3" patternUnits="userSpaceOnUse"><circle cx=".8" cy=".8" r=".6" fill="{RED}"/><circle cx="2.3" cy="2.2" r=".6" fill="{RED}"/></pattern></defs>'
    f'<rect x="38" y="38" width="142" height="39" fill="url(#sand)"/><g font-family="{SERIF}" font-size="84" text-anchor="middle" fill="{INK}"><text x="109" y="77" letter-spacing="2">iloco</text></g>',
    f'<path d="M43 4h132v84H43zM109 4v84" fill="none" stroke="{INK}"/><path d="M43 88L175 4M43 4L175 88M43 88L109 4L175 88" fill="none" stroke="{RED}" stroke-width=".6"/>'
    f'<rect x="57.7" y="13.3" width="44" height="56" fill="{TEAL}" opacity=".75"/><rect x="116.3" y="13.3" width="44" height="56" fill="{TEAL}" opacity=".75"/>',
    f'<path d="{RULES}" stroke="{INK}" stroke-width="3.4"/><path d="M178 34C200 34 200 39 180 39H40C20 39 18 44 36 44M31 40l5.5 4-5.5 4" fill="none" stroke="{RED}" stroke-width="1.4"/>',
    "".join(
        f'<rect x="{x}" y="{46 - h / 2}" width="{h * 0.7}" height="{h}" fill="none" stroke="{INK}"/><rect x="{x + h * 0.1}" y="{46 - h * 0.38}" width="{h * 0.44}" height="{h * 0.62}" fill="{INK}" opacity="{o}"/>'
        for x, h, o in ((26, 84, 0.75), (104, 54, 0.5), (160, 30, 0.32))
    ),
    "".join(
        f'<path d="M{9 + 40 * k} 26h36v36h-36zM{9 + 40 * k} 44h36M{27 + 40 * k} 26v36" fill="none" stroke="{RED}" stroke-width=".6"/>'
        for k in range(5)
    )
    + f'<text x="147" y="57" font-family="LXGW WenKai" font-size="33" text-anchor="middle" fill="{INK}">永</text><circle cx="147" cy="76" r="5" fill="none" stroke="{RED}" stroke-width="1.6"/>'
    + "".join(
        f'<text x="{27 + 40 * k}" y="57" font-family="LXGW WenKai" font-size="33" text-anchor="middle" fill="{INK}" opacity=".3">永</text>'
        for k in (0, 1, 2)
    ),
    "",
)


def figure(index: int) -> str:
    """Return the drawing at the head of a chapter; the last chapter, a table, has none."""
    drawing = FIGURES[index]
    return f'<figure><svg viewBox="0 0 218 92">{drawing}</svg></figure>' if drawing else ""


def chapters(lang: str) -> list[tuple[str, str]]:
    """Return (title, XHTML with its heading) of each chapter of the book."""
    parts = re.split(r"^# ", (BOOK / f"{lang}.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [(part.split("\n", 1)[0].strip(), MARKDOWN.render("# " + part)) for part in parts]


def book_cover(lang: str) -> str:
    """Return the cover of the book as a complete SVG."""
    author = AUTHORS[lang].upper() if lang == "en" else AUTHORS[lang]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1420" viewBox="0 0 420 596" '
        f'preserveAspectRatio="xMidYMid slice">{art.margin_book_cover(BOOK_TITLES[lang], author)}</svg>'
    )


def book_pdf(page: Page, lang: str) -> bytes:
    """Set the book; the numbers in its table of contents come from printing each chapter alone first."""
    title, parts = BOOK_TITLES[lang], chapters(lang)
    lengths = [
        count_pages(print_pdf(page, document(title, lang, BOOK_STYLE, figure(index) + html)))
        for index, (_, html) in enumerate(parts)
    ]
    # Cover, colophon and contents come before the first chapter.
    starts = [4 + sum(lengths[:index]) for index in range(len(parts))]
    contents = "".join(
        f'<a href="#c{index}">{heading}<span class="dots"></span>{start}</a>'
        for index, ((heading, _), start) in enumerate(zip(parts, starts, strict=True))
    )
    body = (
        f'<div class="cover">{book_cover(lang)}</div><div class="bare colophon">{MARKDOWN.render(COLOPHONS[lang])}</div>'
        f'<div class="bare"><h1>{CONTENTS[lang]}</h1><nav>{contents}</nav></div>'
        + "".join(
            f'<section id="c{index}">{figure(index)}{html}</section>' for index, (_, html) in enumerate(parts)
        )
    )
    printed = print_pdf(page, document(title, lang, BOOK_STYLE, body))
    if count_pages(printed) != 3 + sum(lengths):
        raise RuntimeError("The table of contents does not fit the printed book.")
    return printed


EPUB_STYLE = """body { margin: 5%; line-height: 1.5; } h1 { font-weight: normal; font-style: italic; color: #2c7a74; margin: 2em 0 1.5em; }
p { margin: 0; text-indent: 1.4em; } h1 + p, blockquote p { text-indent: 0; }
blockquote { margin: 1.5em 0 0; padding-top: .8em; border-top: 1px solid #e2502f; }
table { border-collapse: collapse; width: 100%; } td { padding: .3em .5em .3em 0; border-bottom: 1px solid #ccc; vertical-align: top; } thead { display: none; }
:lang(zh-Hans) p { text-indent: 2em; line-height: 1.8; } :lang(zh-Hans) h1, :lang(zh-Hans) em { font-style: normal; } :lang(zh-Hans) blockquote p { text-indent: 0; }
.cover { margin: 0; text-align: center; } .cover img { max-width: 100%; max-height: 100%; }
"""


def xhtml(title: str, lang: str, body: str) -> str:
    """Return one XHTML document of an EPUB."""
    code = "zh-Hans" if lang == "zh" else lang
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{code}" xml:lang="{code}">\n'
        f'<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>\n<body>\n{body}</body>\n</html>\n'
    )


def book_epub(lang: str, cover: bytes) -> dict[str, bytes | str]:
    """Return the entries of the EPUB 3 edition, ``mimetype`` first."""
    title, parts, code = BOOK_TITLES[lang], chapters(lang), "zh-Hans" if lang == "zh" else "en"
    files = {f"chapter-{n}.xhtml": xhtml(heading, lang, html) for n, (heading, html) in enumerate(parts, 1)}
    links = "".join(
        f'<li><a href="chapter-{n}.xhtml">{heading}</a></li>' for n, (heading, _) in enumerate(parts, 1)
    )
    points = "".join(
        f'<navPoint id="n{n}" playOrder="{n}"><navLabel><text>{heading}</text></navLabel><content src="chapter-{n}.xhtml"/></navPoint>'
        for n, (heading, _) in enumerate(parts, 1)
    )
    manifest = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(files, 1)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(files) + 1))
    package = (
        '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">{BOOK_IDS[lang]}</dc:identifier><dc:title>{title}</dc:title><dc:creator>{AUTHORS[lang]}</dc:creator>'
        f'<dc:language>{code}</dc:language><dc:publisher>Inkwell Lane</dc:publisher><meta property="dcterms:modified">2026-01-05T09:00:00Z</meta>'
        '<meta name="cover" content="cover-image"/></metadata><manifest>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        '<item id="css" href="book.css" media-type="text/css"/><item id="cover-image" href="cover.jpg" media-type="image/jpeg" properties="cover-image"/>'
        f'<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>{manifest}</manifest>'
        f'<spine toc="ncx"><itemref idref="cover"/><itemref idref="nav"/>{spine}</spine></package>\n'
    )
    ncx = (
        '<?xml version="1.0" encoding="utf-8"?>\n<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><head>'
        f'<meta name="dtb:uid" content="{BOOK_IDS[lang]}"/></head><docTitle><text>{title}</text></docTitle><navMap>{points}</navMap></ncx>\n'
    )
    container = (
        '<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
    )
    inside: dict[str, bytes | str] = {
        "book.opf": package,
        "nav.xhtml": xhtml(
            CONTENTS[lang],
            lang,
            f'<nav epub:type="toc" id="toc"><h1>{CONTENTS[lang]}</h1><ol>{links}</ol></nav>',
        ),
        "toc.ncx": ncx,
        "book.css": EPUB_STYLE,
        "cover.jpg": cover,
        "cover.xhtml": xhtml(title, lang, f'<div class="cover"><img src="cover.jpg" alt="{title}"/></div>'),
        **files,
    }
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        **{f"OEBPS/{name}": contents for name, contents in inside.items()},
    }


def make_book(page: Page) -> None:
    """Both editions, each as PDF and EPUB."""
    for lang, suffix in (("en", ""), ("zh", "-zh")):
        (FILES / f"the-margin-book{suffix}.pdf").write_bytes(book_pdf(page, lang))
        page.set_viewport_size({"width": 1000, "height": 1420})
        cover = io.BytesIO()
        draw_svg(page, book_cover(lang)).save(cover, "JPEG", quality=86, optimize=True)
        write_zip(FILES / f"the-margin-book{suffix}.epub", book_epub(lang, cover.getvalue()))


# --- the zine ---------------------------------------------------------------------------------

ZINE = {
    "en": (
        "one sheet, eight pages",
        ("Lay the sheet before you, wide side down, print up.", "Fold it lengthwise. Open it again.", "Fold it in half, left to right. Leave it folded.",
         "Fold once more the same way, both layers. Open this last fold.", "Cut from the closed edge along the middle, as far as the next crease.",
         "Open. Fold lengthwise, take the ends and push them together: a star of four.", "Close the star like a book. Run a nail along every fold. Now make yours."),
        "Inkwell Lane",
    ),
    "zh": (
        "一张纸，八页书",
        ("纸横放，印字的一面朝上。", "上下对折，再打开。", "左右对折，先别打开。", "照原方向再对折一次，然后只打开这一折。", "从合着的那条边沿中线剪，剪到下一道折痕为止。",
         "全部打开，再上下对折，捏住两头往中间推，推成一颗四角星。", "像合书那样合拢，用指甲把每道折痕刮实。现在，做一本您自己的。"),
        "墨池巷",
    ),
}  # fmt: skip

# Small drawings of each step, on 100 x 70 units.
ZINE_DRAWINGS = (
    '<rect x="15" y="12" width="70" height="48"/>',
    '<rect x="15" y="12" width="70" height="48"/><path d="M15 36H85" stroke-dasharray="3 2"/><path d="M92 20q8 16 0 32m-3 -5l3 5l5 -3"/>',
    '<path d="M15 12h35v48h-35z"/><path d="M50 12h35v48h-35z" stroke-dasharray="2 3"/><path d="M80 6q-25 -8 -50 0m5 -4l-5 4l4 4"/>',
    '<path d="M30 12h40v48h-40z"/><path d="M50 12v48" stroke-dasharray="3 2"/><path d="M66 6q-15 -7 -30 0m5 -4l-5 4l4 4"/>',
    '<path d="M30 12h40v48h-40z"/><path d="M50 12v48" stroke-dasharray="3 2"/><path d="M70 36H50" stroke-width="3"/><circle cx="82" cy="42" r="4"/><circle cx="82" cy="30" r="4"/><path d="M78 40L60 33M78 32L60 39"/>',
    '<path d="M50 8L58 30L86 36L58 42L50 64L42 42L14 36L42 30z"/><path d="M6 36h-4M94 36h4"/>',
    '<path d="M34 10h32v50h-32z"/><path d="M34 10l6 -4h32v50l-6 4M66 10l6 -4"/>',
)
# Where each page lies on the sheet: (column, row, upside down). Page 1 is the cover.
ZINE_PLACES = {5: (0, 0), 4: (1, 0), 3: (2, 0), 2: (3, 0), 6: (0, 1), 7: (1, 1), 8: (2, 1), 1: (3, 1)}

ZINE_STYLE = f"""
@page {{ size: 297mm 210mm; margin: 0; }}
body {{ margin: 0; color: {INK}; font-family: 'EB Garamond 12','LXGW WenKai',serif; }}
.sheet {{ position: relative; width: 297mm; height: 209.9mm; overflow: hidden; }}
.page {{ position: absolute; width: 74.25mm; height: 105mm; box-sizing: border-box; padding: 10mm 9mm; }}
.top {{ transform: rotate(180deg); }}
.page svg.step {{ display: block; width: 100%; height: 40mm; fill: none; stroke-width: 1.2; }}
.page p {{ margin: 5mm 0 0; font-size: 13pt; line-height: 18pt; }}
.number {{ position: absolute; bottom: 7mm; left: 9mm; right: 9mm; font-size: 11pt; text-align: center; }}
.crease {{ position: absolute; border: 0 dashed #c4bca9; }}
.cut {{ position: absolute; left: 74.25mm; width: 148.5mm; top: 105mm; border-top: .5mm dashed {RED}; }}
"""


def zine_page(number: int, lang: str) -> str:
    """Return what stands on one page of the zine."""
    title, steps, maker = ZINE[lang]
    if number == 1:
        cover = art.zine_cover(title)
        return f'<svg viewBox="0 0 297 420" preserveAspectRatio="xMidYMid slice" style="position:absolute;inset:0;width:100%;height:100%">{cover}</svg>'
    tones = (BLUE, RED, TEAL, PLUM, BLUE, RED, TEAL)
    tone, last = tones[number - 2], number == 8
    drawing = f'<svg class="step" viewBox="0 0 100 70" stroke="{tone}" stroke-linecap="round" stroke-linejoin="round">{ZINE_DRAWINGS[number - 2]}</svg>'
    return f'{drawing}<p>{steps[number - 2]}</p><div class="number" style="color:{tone}">{maker if last else number}</div>'


def zine(lang: str | None) -> str:
    """Return the imposed sheet; without a language an empty one with marks and page numbers."""
    pages = "".join(
        f'<div class="page{"" if row else " top"}" style="left:{74.25 * column}mm;top:{105 * row}mm">'
        + (zine_page(number, lang) if lang else f'<div class="number" style="color:#9aa1b3">{number}</div>')
        + "</div>"
        for number, (column, row) in ZINE_PLACES.items()
    )
    marks = ""
    if not lang:
        marks = (
            "".join(
                f'<div class="crease" style="left:{74.25 * k}mm;top:0;height:210mm;border-left-width:.2mm"></div>'
                for k in (1, 2, 3)
            )
            + '<div class="crease" style="top:105mm;left:0;width:297mm;border-top-width:.2mm"></div>'
        )
    title = ZINE[lang or "en"][0]
    return document(
        title, lang or "en", ZINE_STYLE, f'<div class="sheet">{pages}{marks}<div class="cut"></div></div>'
    )


def make_zine(page: Page) -> None:
    """Three sheets: English, Chinese, empty."""
    for name, lang in (("en", "en"), ("zh", "zh"), ("empty", None)):
        (FILES / f"one-sheet-{name}.pdf").write_bytes(print_pdf(page, zine(lang)))


# --- sheets that belong to courses and the poster -------------------------------------------------

SHEET_STYLE = f"""
@page {{ size: A4; margin: 20mm 22mm 24mm; @bottom-center {{ content: counter(page); font: 9pt {SERIF}; color: #7a839a; }} }}
body {{ margin: 0; color: {INK}; font: 11pt/17pt {SERIF}; }}
h1 {{ margin: 0 0 4pt; font-size: 25pt; line-height: 34pt; font-weight: 400; font-style: italic; color: {TEAL}; }}
h1 small {{ font-size: 15pt; font-style: normal; margin-left: 8pt; }}
.note {{ margin: 0 0 16pt; color: #39435e; }} .zh {{ font-family: {KAI}; font-size: 10.5pt; }}
section {{ break-after: page; }} section:last-child {{ break-after: auto; }}
.box {{ border: .5pt solid #9aa1b3; }}
svg {{ display: block; }}
"""

PARAGRAPH = (
    "The ferry leaves at seven. By then the baker has opened, the bridge has been swept, and two men with long "
    "brushes are painting the name of the boat again, because the river has taken a letter. They argue about the "
    "space between the A and the V. One of them stands back, closes an eye, and moves his thumb."
)


PARAGRAPH_ZH = (
    "渡船七点开。这时面包房已经开门，桥面扫过了，两个人拿着长刷子在重描船名，因为河水带走了一个字。"
    "他们为两个字之间该空多少争了起来。一个退后几步，闭上一只眼，竖起拇指比了比。"
)


def workbook() -> str:
    """Four sheets of exercises for Quiet Pages."""
    words = "".join(
        f'<div style="font-size:54pt;line-height:92pt;letter-spacing:{space};border-bottom:.4pt solid #c9c2b2">{word}</div>'
        for word, space in (
            ("AVOCADO", "0"),
            ("minimum", ".02em"),
            ("KIWI TAVERN", "0"),
            ("illicit oxygen", "0"),
        )
    )
    widths = "".join(
        f'<p style="width:{width}mm;text-align:left;margin:0 0 18pt"><b style="color:{RED}">{label}</b> {PARAGRAPH}</p>'
        for label, width in (("A", 48), ("B", 100), ("C", 166))
    )
    widths += "".join(
        f'<p lang="zh-Hans" class="zh" style="width:{width}mm;line-height:18pt;margin:0 0 18pt"><b style="color:{RED}">{label}</b> {PARAGRAPH_ZH}</p>'
        for label, width in (("A", 38), ("B", 92), ("C", 166))
    )
    rags = "".join(
        f'<p style="width:{width}mm;margin:0 0 18pt 0;hyphens:{hyphens}" lang="en"><b style="color:{RED}">{label}</b> {PARAGRAPH}</p>'
        for label, width, hyphens in (
            ("A", 62, "manual"),
            ("B", 66, "manual"),
            ("C", 66, "auto"),
            ("D", 74, "manual"),
        )
    )
    spreads = "".join(
        f'<svg viewBox="0 0 200 142" width="{78}mm" style="margin:0 4mm 9mm 0;display:inline-block"><rect x=".5" y=".5" width="199" height="141" fill="none" stroke="#1d2945" stroke-width=".6"/><path d="M100 0V142" stroke="#1d2945" stroke-width=".6"/>{lines}</svg>'
        for lines in (
            '<path d="M0 142L200 0M0 0L200 142M0 142L100 0L200 142" stroke="#e2502f" stroke-width=".5" fill="none"/>',
            '<path d="M0 142L200 0M0 0L200 142" stroke="#e2502f" stroke-width=".5" fill="none"/>',
            "", "", "", "",
        )
    )  # fmt: skip
    parts = (
        ("Letters", "字距", "Draw a bar into every gap, as wide as it looks. Then mark with + and − which must open and which must close. Last, turn the sheet.",
         "在每道缝里画一条竖杠，看着多宽就画多宽。再用 + 和 − 标出哪里该松、哪里该紧。最后把纸倒过来看。", words),
        ("Lines", "行长", "Read each aloud once. Put a dot where you stumble, a stroke where you take a breath.", "各念一遍。打磕巴的地方点一点，换气的地方画一道。", widths),
        ("Edges", "右边", "Follow each right edge with one line, without lifting the pencil. Which line is the calmest? What would you reword?",
         "用一笔不断的线描出每段的右边。哪一条最平静？要改字的话，您改哪里？", rags),
        ("Margins", "页边", "Finish the construction in the first two. In the others place the block by eye, then check it with a ruler.",
         "前两个跨页请把作图做完。其余几个先凭眼睛放版心，再用尺子核对。", spreads),
    )  # fmt: skip
    body = "".join(
        f'<section><h1>{title}<small class="zh">{zh_title}</small></h1><p class="note">{note}<br><span class="zh">{zh_note}</span></p>{content}</section>'
        for title, zh_title, note, zh_note, content in parts
    )
    return document("Quiet Pages: workbook", "en", SHEET_STYLE, body)


CHART_PAIRS = (
    ("Mustard", "芥末黄", MUSTARD, "Blue", "蓝", BLUE), ("Red", "红", RED, "Blue", "蓝", BLUE), ("Pink", "粉", PINK, "Teal", "青绿", TEAL),
    ("Mustard", "芥末黄", MUSTARD, "Red", "红", RED), ("Sky", "天蓝", SKY, "Plum", "紫", PLUM), ("Red", "红", RED, "Teal", "青绿", TEAL),
)  # fmt: skip


def overprint_chart() -> str:
    """Six pairs of inks in steps of 25 percent, three to a page."""

    def table(first: str, second: str) -> str:
        cells = "".join(
            f'<rect x="{20 + 26 * c}" y="{10 + 14 * r}" width="24" height="12.500" fill="{first}" fill-opacity="{c / 4}"/>'
            f'<rect x="{20 + 26 * c}" y="{10 + 14 * r}" width="24" height="12.500" fill="{second}" fill-opacity="{r / 4}" style="mix-blend-mode:multiply"/>'
            f'<rect x="{20 + 26 * c}" y="{10 + 14 * r}" width="24" height="12.500" fill="none" stroke="#c9c2b2" stroke-width=".2"/>'
            for c in range(5)
            for r in range(5)
        )
        labels = "".join(
            f'<text x="{32 + 26 * k}" y="7" text-anchor="middle">{25 * k}</text><text x="16" y="{18 + 14 * k}" text-anchor="end">{25 * k}</text>'
            for k in range(5)
        )
        return f'<svg viewBox="0 0 152 82" width="112mm" font-size="4" font-family="Inter" fill="#5c667f" style="isolation:isolate">{cells}{labels}</svg>'

    blocks = [
        f'<div style="break-inside:avoid;margin-bottom:7mm"><div style="margin-bottom:2mm">→ {a} <span class="zh">{za}</span>, ↓ {b} <span class="zh">{zb}</span></div>{table(first, second)}</div>'
        for a, za, first, b, zb, second in CHART_PAIRS
    ]
    heading = '<h1>Overprint chart<small class="zh">叠印色表</small></h1>'
    body = (
        f"<section>{heading}{''.join(blocks[:3])}</section><section>{heading}{''.join(blocks[3:])}</section>"
    )
    return document("Two Inks: overprint chart", "en", SHEET_STYLE, body)


def practice_sheet() -> str:
    """Rows of squares with the character 永 to go over, and the names of its strokes."""

    def cell(shown: bool) -> str:
        mark = (
            f'<text x="50" y="84" font-size="88" text-anchor="middle" font-family="LXGW WenKai" fill="{INK}" opacity=".22">永</text>'
            if shown
            else ""
        )
        return (
            '<svg viewBox="0 0 100 100" width="33mm" height="33mm" style="display:inline-block;vertical-align:top">'
            f'<rect x=".5" y=".5" width="99" height="99" fill="none" stroke="{RED}"/><path d="M0 50H100M50 0V100M0 0L100 100M100 0L0 100" stroke="{RED}" stroke-width=".4" stroke-dasharray="3 3"/>{mark}</svg>'
        )

    rows = "".join(
        f'<div style="line-height:0">{"".join(cell(row < 3 or column == 0) for column in range(5))}</div>'
        for row in range(6)
    )
    meanings = ("dot", "horizontal", "vertical", "hook", "rising", "long sweep", "short sweep", "press")
    names = "".join(
        f'<span style="display:inline-block;width:20mm;text-align:center"><span class="zh" style="font-size:16pt">{name}</span><br><small>{meaning}</small></span>'
        for name, meaning in zip(art.STROKES, meanings, strict=True)
    )
    body = (
        '<section><h1>Forever, in eight strokes<small class="zh">永字八法</small></h1>'
        '<p class="note">Go over the grey characters first, then write your own. Leave the corners alone.<br><span class="zh">先描灰字，再自己写。四个角别去碰。</span></p>'
        f'{rows}<p style="margin:7mm 0 0;line-height:16pt">{names}</p></section>'
    )
    return document(
        "Forever, in Eight Strokes: practice sheet",
        "en",
        SHEET_STYLE.replace("@bottom-center { content: counter(page);", "@bottom-center { content: none;"),
        body,
    )


def make_sheets(page: Page) -> None:
    """The workbook, the chart and the practice sheet."""
    for name, html in (
        ("quiet-pages-workbook", workbook()),
        ("two-inks-overprint-chart", overprint_chart().replace("12.500", "12.5")),
        ("eternity-practice-sheet", practice_sheet()),
    ):
        (FILES / f"{name}.pdf").write_bytes(print_pdf(page, html))


# --- packs --------------------------------------------------------------------------------------


def folder(path: Path, inside: str) -> dict[str, bytes | str]:
    """Return every file below ``path`` as an entry of the folder ``inside`` of an archive."""
    return {
        f"{inside}/{file.relative_to(path).as_posix()}": file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


OVERVIEW_STYLE = "body{margin:2rem auto;max-width:62rem;padding:0 1rem;font:17px/27px 'EB Garamond',Georgia,serif;color:#1d2945;background:#f7f0e3}ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:1rem;padding:0;list-style:none}li{text-align:center}small{color:#5c667f}h1{font-weight:400;font-style:italic}"


def make_icons(page: Page) -> None:
    """24 single icons, a sprite and an overview."""
    symbols = "".join(
        f'<symbol id="{slug}" viewBox="0 0 24 24">{body}</symbol>\n' for slug, (_, body) in ICONS.items()
    )
    items = "".join(
        f"<li>{icon(slug).replace(chr(34) + '24' + chr(34), chr(34) + '64' + chr(34), 2)}<br>{slug}<br><small>{name}</small></li>\n"
        for slug, (name, _) in ICONS.items()
    )
    write_zip(FILES / "workshop-icons.zip", {
        "Workshop Icons/README.md": "# Workshop Icons · 作坊图标\n\n`icons/`: one SVG each, in the colour of your text. `sprite.svg`: all of them for the web:\n\n    <svg width=\"24\" height=\"24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linecap=\"round\" stroke-linejoin=\"round\"><use href=\"sprite.svg#press\"/></svg>\n\nUse them in any number of your own or your clients' works. Please do not resell them as icons.\n\n`icons/` 里每枚一个 SVG，颜色随文字；`sprite.svg` 供网页使用，写法见上。自己和客户的项目随便用，请不要当图标转卖。\n",
        "Workshop Icons/overview.html": document("Workshop Icons", "en", OVERVIEW_STYLE, f"<h1>Workshop Icons</h1><ul>{items}</ul>"),
        "Workshop Icons/sprite.svg": f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}</svg>\n',
        **{f"Workshop Icons/icons/{slug}.svg": icon(slug) for slug in ICONS},
    })  # fmt: skip


PATTERN_SCRIPT = """<script>for (const box of document.querySelectorAll("input")) box.addEventListener("input", () => document.documentElement.style.setProperty("--" + box.name, box.value));</script>"""


def make_patterns(page: Page) -> None:
    """12 colour tiles, 24 plates and an overview in which inks can be tried."""
    pairs = ((RED, BLUE), (BLUE, MUSTARD), (TEAL, RED), (INK, RED), (RED, TEAL), (PLUM, MUSTARD))
    entries: dict[str, bytes | str] = {
        "Twelve Patterns/README.md": "# Twelve Two-Colour Patterns · 十二种双色图案\n\n`colour/`: seamless tiles. `plates/`: for each tile two plates in black that fit each other; print -1 in the first ink and -2 in the second. Open `overview.html` to try your own inks.\n\n`colour/` 是四方连续的彩色单元；`plates/` 是黑版，每种两块，-1 印第一色，-2 印第二色。打开 `overview.html` 可以试自己的墨色。\n\nUse them in and on anything you make, also for sale. Please do not resell the patterns as patterns.\n用在您做的任何东西上都行，也可以卖。请不要把图案本身转卖。\n"
    }
    shown = ""
    for index, pattern in enumerate(PATTERNS):
        first, second = pairs[index % len(pairs)]
        entries[f"Twelve Patterns/colour/{pattern.slug}.svg"] = pattern.tile(first, second, PAPER)
        entries[f"Twelve Patterns/plates/{pattern.slug}-1.svg"] = pattern.tile("#000", "#fff", "#fff")
        entries[f"Twelve Patterns/plates/{pattern.slug}-2.svg"] = pattern.tile("#fff", "#000", "#fff")
        shown += f'<li><svg width="100%" height="200"><defs>{pattern.fill(pattern.slug, "var(--first)", "var(--second)", "var(--paper)")}</defs><rect width="100%" height="200" fill="url(#{pattern.slug})"/></svg>{pattern.title} <small>{pattern.title_zh}</small></li>\n'
    style = (
        OVERVIEW_STYLE.replace("9rem", "17rem") + f":root{{--first:{RED};--second:{BLUE};--paper:{PAPER}}}"
    )
    inks = "".join(
        f'<label>{label} <input type="color" name="{name}" value="{value}"></label> '
        for label, name, value in (
            ("First ink · 第一色", "first", RED),
            ("Second ink · 第二色", "second", BLUE),
            ("Paper · 纸", "paper", PAPER),
        )
    )
    entries["Twelve Patterns/overview.html"] = document(
        "Twelve Two-Colour Patterns",
        "en",
        style,
        f"<h1>Twelve Two-Colour Patterns</h1><p>{inks}</p><ul>{shown}</ul>{PATTERN_SCRIPT}",
    )
    write_zip(FILES / "twelve-patterns.zip", entries)


PAPERS = {"A5": (148.0, 210.0), "A4": (210.0, 297.0), "Letter": (215.9, 279.4)}


def canon_classic(w: float, h: float) -> str:
    """The classical canon on a right-hand page: block of six ninths."""
    return (
        f'<g id="block"><rect x="{w / 9:.2f}" y="{h / 9:.2f}" width="{w * 6 / 9:.2f}" height="{h * 6 / 9:.2f}"/></g>'
        f'<g id="construction" stroke-dasharray="1.5 1"><path d="M0 {h}L{w} 0M0 0L{w} {h}"/>'
        + "".join(
            f'<path d="M{w * k / 9:.2f} 0V{h}M0 {h * k / 9:.2f}H{w}" stroke-opacity=".35"/>'
            for k in range(1, 9)
        )
        + "</g>"
    )


def _block(w: float, h: float) -> tuple[float, float, float, float, float]:
    """Return left, top, width, line step and number of lines of a block for working pages."""
    left, top, step = w * 0.11, h * 0.10, 5.5 if w > 180 else 4.8
    lines = int((h * 0.74) / step)
    return left, top, w * 0.73, step, lines


def canon_single(w: float, h: float) -> str:
    """One column on a baseline."""
    left, top, width, step, lines = _block(w, h)
    rules = "".join(f"M{left:.2f} {top + step * k:.2f}h{width:.2f}" for k in range(1, int(lines) + 1))
    return f'<g id="columns"><rect x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{step * lines:.2f}"/></g><g id="baseline" stroke-opacity=".5"><path d="{rules}"/></g>'


def canon_double(w: float, h: float) -> str:
    """Two columns, a line apart, on a baseline."""
    left, top, width, step, lines = _block(w, h)
    column = (width - step) / 2
    boxes = "".join(
        f'<rect x="{x:.2f}" y="{top:.2f}" width="{column:.2f}" height="{step * lines:.2f}"/>'
        for x in (left, left + column + step)
    )
    rules = "".join(f"M{left:.2f} {top + step * k:.2f}h{width:.2f}" for k in range(1, int(lines) + 1))
    return f'<g id="columns">{boxes}</g><g id="baseline" stroke-opacity=".5"><path d="{rules}"/></g>'


def canon_fields(w: float, h: float) -> str:
    """Three columns of four fields, with one empty line between fields."""
    left, top, width, step, lines = _block(w, h)
    rows = (int(lines) - 3) // 4
    column = (width - 2 * step) / 3
    boxes = "".join(
        f'<rect x="{left + (column + step) * c:.2f}" y="{top + step * (rows + 1) * r:.2f}" width="{column:.2f}" height="{step * rows:.2f}"/>'
        for c in range(3)
        for r in range(4)
    )
    rules = "".join(f"M{left:.2f} {top + step * k:.2f}h{width:.2f}" for k in range(1, 4 * rows + 4))
    return f'<g id="fields">{boxes}</g><g id="baseline" stroke-opacity=".4"><path d="{rules}"/></g>'


CANONS: tuple[tuple[str, str, Callable[[float, float], str]], ...] = (
    ("classic", RED, canon_classic),
    ("one-column", BLUE, canon_single),
    ("two-columns", TEAL, canon_double),
    ("twelve-fields", PLUM, canon_fields),
)

CANON_NOTE = """# Page Canon · 版心图谱

Every file has the size of the paper in millimetres and is drawn for a right-hand page; mirror it for the left.

| File | When |
|---|---|
| `classic` | books and poems: wide margins, one text, nothing else |
| `one-column` | letters, reports, essays |
| `two-columns` | programmes, newsletters, English beside Chinese |
| `twelve-fields` | many pictures, catalogues, posters |

每个文件都是实际毫米尺寸，按右页画，左页镜像即可。

| 文件 | 什么时候用 |
|---|---|
| `classic` | 书和诗：页边宽，只有一篇文字 |
| `one-column` | 信、报告、文章 |
| `two-columns` | 节目单、通讯、中英对照 |
| `twelve-fields` | 图多的东西，目录、海报 |

Use them in anything you make. Please do not sell the files themselves. 做什么用都行，请不要转卖文件本身。
"""


def make_canon(page: Page) -> None:
    """12 grids in true size and an overview."""
    entries: dict[str, bytes | str] = {"Page Canon/README.md": CANON_NOTE}
    shown = ""
    for name, colour, construct in CANONS:
        for paper, (w, h) in PAPERS.items():
            path = f"grids/{name}-{paper}.svg"
            entries[f"Page Canon/{path}"] = (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" viewBox="0 0 {w} {h}">\n'
                f'<g fill="none" stroke="{colour}" stroke-width=".25">\n<g id="page" stroke="#999"><rect width="{w}" height="{h}"/></g>\n{construct(w, h)}\n</g>\n</svg>\n'
            )
            shown += f'<li><img src="{path}" alt="" style="height:230px;background:#fff"><br>{name}<br><small>{paper}</small></li>\n'
    entries["Page Canon/overview.html"] = document(
        "Page Canon", "en", OVERVIEW_STYLE.replace("9rem", "13rem"), f"<h1>Page Canon</h1><ul>{shown}</ul>"
    )
    write_zip(FILES / "page-canon.zip", entries)


def make_wallpapers(page: Page) -> None:
    """Three pictures in two sizes, as PNG with few colours."""
    entries: dict[str, bytes | str] = {
        "River Wallpapers/README.txt": "River Wallpapers, Inkwell Lane. For your own screens; give them to whom you like.\n河边壁纸，墨池巷。供自己的屏幕使用，也可以转送朋友。\n"
    }
    for name, plates in (("morning", art.MORNING), ("evening", art.EVENING), ("night", art.NIGHT)):
        for place, (width, height) in (("desk", (2560, 1440)), ("pocket", (1290, 2796))):
            page.set_viewport_size({"width": width, "height": height})
            picture = draw_svg(page, art.framed(width, height, art.landscape(width, height, plates)))
            out = io.BytesIO()
            picture.quantize(96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
                out, "PNG", optimize=True
            )
            entries[f"River Wallpapers/{name}-{place}.png"] = out.getvalue()
    write_zip(FILES / "river-wallpapers.zip", entries)


def make_goods(page: Page) -> None:
    """The packs whose files lie ready under ``goods/``."""
    write_zip(FILES / "plumb.zip", folder(GOODS / "plumb", "Plumb"))
    write_zip(FILES / "paper-desk.zip", folder(GOODS / "paper-desk", "Paper Desk"))


MAKERS = (
    make_goods,
    make_icons,
    make_patterns,
    make_canon,
    make_sheets,
    make_zine,
    make_book,
    make_wallpapers,
)


def make(wanted: list[str] | None = None) -> None:
    """Make all files, or those of the makers named, such as ``book``."""
    FILES.mkdir(exist_ok=True)
    with drawing_board(1000, 1000) as page:
        for maker in MAKERS:
            if not wanted or maker.__name__.removeprefix("make_") in wanted:
                maker(page)


if __name__ == "__main__":
    make(sys.argv[1:])
