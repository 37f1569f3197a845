"""Draw the product pictures: still lifes of paper, ink and cloth, lit from the upper left."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

from PIL import Image

from demo.make import art
from demo.make.art import framed, glyph
from demo.make.icons import ICONS
from demo.make.kit import (
    BLUE,
    CREAM,
    INK,
    MONO,
    MUSTARD,
    PAPER,
    PICTURES,
    PINK,
    PLUM,
    RED,
    SAGE,
    SKY,
    TEAL,
    WOOD,
    draw_svg,
    drawing_board,
)  # fmt: skip
from demo.make.patterns import PATTERNS

WIDTH, HEIGHT = 1600, 1200
QUALITY = 84
LARGEST = 150_000  # bytes of one picture

DEFS = """
<filter id="soft" x="-30%" y="-30%" width="170%" height="170%">
 <feDropShadow dx="3" dy="5" stdDeviation="4" flood-color="#0d1226" flood-opacity=".28"/>
 <feDropShadow dx="16" dy="28" stdDeviation="26" flood-color="#0d1226" flood-opacity=".30"/></filter>
<filter id="low" x="-30%" y="-30%" width="170%" height="170%">
 <feDropShadow dx="2" dy="3" stdDeviation="2.5" flood-color="#0d1226" flood-opacity=".30"/>
 <feDropShadow dx="6" dy="10" stdDeviation="9" flood-color="#0d1226" flood-opacity=".22"/></filter>
<filter id="blur"><feGaussianBlur stdDeviation="18"/></filter>
<radialGradient id="lamp" cx=".22" cy=".12" r="1.1"><stop offset="0" stop-color="#fff" stop-opacity=".34"/>
 <stop offset=".55" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#0d1226" stop-opacity=".16"/></radialGradient>
<linearGradient id="sheen" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".20"/>
 <stop offset=".5" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#0d1226" stop-opacity=".12"/></linearGradient>
<linearGradient id="spine" x1="0" x2="1"><stop offset="0" stop-color="#000" stop-opacity=".28"/><stop offset=".35" stop-color="#fff" stop-opacity=".16"/>
 <stop offset=".7" stop-color="#000" stop-opacity=".14"/><stop offset="1" stop-color="#000" stop-opacity="0"/></linearGradient>
<linearGradient id="gutter" x1="0" x2="1"><stop offset="0" stop-color="#1a1408" stop-opacity="0"/><stop offset=".5" stop-color="#1a1408" stop-opacity=".30"/>
 <stop offset="1" stop-color="#1a1408" stop-opacity="0"/></linearGradient>
<linearGradient id="wood" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#dcb282"/><stop offset="1" stop-color="#b58452"/></linearGradient>
<linearGradient id="brass" x1="0" x2="1"><stop offset="0" stop-color="#8a6420"/><stop offset=".3" stop-color="#f3d488"/><stop offset=".55" stop-color="#cf9f3f"/>
 <stop offset="1" stop-color="#6f4e17"/></linearGradient>
<linearGradient id="steel" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#eef1f4"/><stop offset="1" stop-color="#aab3bf"/></linearGradient>
"""


def scene(ground: str, *things: str) -> str:
    """Lay ``things`` on a table of colour ``ground`` under the lamp."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<defs>{DEFS}</defs><rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#lamp)"/>{"".join(things)}</svg>'
    )


def put(drawing: str, x: float, y: float, turn: float = 0, scale: float = 1, shadow: str = "soft") -> str:
    """Place a drawing with its centre of turning at ``x``, ``y``."""
    return f'<g transform="translate({x} {y}) rotate({turn}) scale({scale})"><g filter="url(#{shadow})">{drawing}</g></g>'


def sheet(width: int, height: int, body: str, shown: tuple[float, float]) -> str:
    """A flat sheet, centred on the origin, with a faint sheen."""
    w, h = shown
    return (
        framed(width, height, body, (-w / 2, -h / 2, w, h))
        + f'<rect x="{-w / 2}" y="{-h / 2}" width="{w}" height="{h}" fill="url(#sheen)" opacity=".55"/>'
    )


def book(cover: str, width: float, height: float, thick: float = 26) -> str:
    """A hardback from above, centred on the origin, its page block seen at the right and bottom."""
    w, h = width, height
    pages = "".join(
        f'<path d="M{-w / 2 + 8} {h / 2 + k}H{w / 2 + k}V{-h / 2 + 8}" fill="none" stroke="{"#e9dfca" if k % 4 else "#cdbfa2"}" stroke-width="2"/>'
        for k in range(2, int(thick) - 4, 2)
    )
    return (
        f'<rect x="{-w / 2 + thick * 0.6}" y="{-h / 2 + thick * 0.6}" width="{w + thick * 0.4}" height="{h + thick * 0.4}" rx="5" fill="#16403d"/>'
        f'{pages}<svg x="{-w / 2}" y="{-h / 2}" width="{w}" height="{h}" viewBox="0 0 420 600" preserveAspectRatio="none">{cover}</svg>'
        f'<rect x="{-w / 2}" y="{-h / 2}" width="{w * 0.09}" height="{h}" fill="url(#spine)"/>'
        f'<rect x="{-w / 2}" y="{-h / 2}" width="{w}" height="{h}" rx="3" fill="url(#sheen)"/>'
    )


def pencil(colour: str, length: float = 560) -> str:
    """A pencil lying along the x axis, its point to the right."""
    n = length
    return (
        f'<rect x="0" y="-11" width="{n}" height="22" fill="{colour}"/><rect x="0" y="-11" width="{n}" height="7" fill="#fff" opacity=".28"/>'
        f'<rect x="0" y="5" width="{n}" height="6" fill="#000" opacity=".16"/><rect x="-14" y="-11" width="16" height="22" rx="4" fill="{INK}"/>'
        f'<path d="M{n} -11L{n + 52} 0L{n} 11z" fill="#e8c79a"/><path d="M{n + 36} -3.400L{n + 52} 0L{n + 36} 3.400z" fill="{INK}"/>'
    ).replace("3.400", "3.4")


def ruler(length: float = 900) -> str:
    """A steel ruler lying along the x axis."""
    ticks = "".join(
        f'<path d="M{20 + 8 * k} 0v{26 if k % 10 == 0 else 18 if k % 5 == 0 else 11}" stroke="{INK}" stroke-width="1.2" stroke-opacity=".75"/>'
        for k in range(int((length - 40) / 8) + 1)
    )
    return f'<rect width="{length}" height="64" rx="3" fill="url(#steel)"/>{ticks}<circle cx="{length - 26}" cy="44" r="8" fill="#8b93a0"/>'


def brayer(ink: str) -> str:
    """An ink roller, handle down, centred on the roller."""
    return (
        f'<path d="M-168 0V96H0V170" fill="none" stroke="#8d96a3" stroke-width="15" stroke-linejoin="round"/>'
        f'<path d="M-168 0V96H0V170" fill="none" stroke="#dfe4ea" stroke-width="5" stroke-linejoin="round"/>'
        f'<rect x="-26" y="160" width="52" height="210" rx="24" fill="url(#wood)"/><rect x="-12" y="166" width="9" height="196" rx="4" fill="#fff" opacity=".25"/>'
        f'<rect x="-150" y="-50" width="300" height="100" rx="12" fill="{ink}"/><rect x="-150" y="-36" width="300" height="18" fill="#fff" opacity=".22"/>'
        f'<rect x="-150" y="22" width="300" height="28" rx="12" fill="#000" opacity=".20"/><circle cx="-168" cy="0" r="13" fill="#8d96a3"/>'
    )


def play_button(x: float, y: float) -> str:
    """The round mark that says: this is a course to watch."""
    return put(
        f'<circle r="78" fill="{PAPER}"/><path d="M-22 -36L40 0L-22 36z" fill="{INK}" stroke="{INK}" stroke-width="8" stroke-linejoin="round"/>',
        x, y, shadow="low",
    )  # fmt: skip


def text_lines(
    x: float, y: float, width: float, count: int, gap: float, colour: str = INK, weight: float = 5
) -> str:
    """Grey bars that stand for lines of text; the last one is short."""
    return "".join(
        f'<rect x="{x}" y="{y + gap * k}" width="{width * (0.58 if k == count - 1 else 1 - 0.04 * (k * 7 % 3))}" height="{weight}" rx="{weight / 2}" fill="{colour}" opacity=".42"/>'
        for k in range(count)
    )


def spread(left: str, right: str, page: tuple[float, float] = (560, 780)) -> str:
    """An open book, centred on its gutter; each page draws within (0, 0, width, height)."""
    w, h = page
    edges = "".join(
        f'<rect x="{-w - k}" y="{-h / 2 + k * 0.6}" width="{2 * w + 2 * k}" height="{h}" rx="6" fill="{"#efe5d0" if k % 6 else "#d3c6aa"}"/>'
        for k in range(14, 0, -2)
    )
    return (
        f'{edges}<rect x="{-w}" y="{-h / 2}" width="{2 * w}" height="{h}" rx="4" fill="{PAPER}"/>'
        f'<g transform="translate({-w} {-h / 2})">{left}</g><g transform="translate(0 {-h / 2})">{right}</g>'
        f'<rect x="-80" y="{-h / 2}" width="160" height="{h}" fill="url(#gutter)"/>'
    )


def shirt(cloth: str, shade: str, mark: str, ink: str) -> str:
    """A T-shirt laid flat, 1000 x 1000, centred on the origin."""
    outline = (
        "M-150 -470C-90 -425 90 -425 150 -470L252 -436C330 -410 372 -372 404 -300L500 -66L338 2L284 -118"
        "C276 -20 284 200 296 462C200 486 -200 486 -296 462C-284 200 -276 -20 -284 -118L-338 2L-500 -66L-404 -300"
        "C-372 -372 -330 -410 -252 -436z"
    )
    folds = (
        "M-284 -118C-262 -160 -262 -210 -276 -262M284 -118C262 -160 262 -210 276 -262M-262 60C-190 90 -150 96 -96 82"
        "M262 30C210 84 160 108 112 112M-276 300C-180 330 -120 336 -40 318M280 330C200 372 120 384 60 376"
    )
    soft = (
        "M-276 -30C-236 120 -246 330 -270 462L-200 474C-196 330 -220 90 -276 -30z"
        "M276 -30C246 140 250 330 270 462L180 474C206 330 230 110 276 -30z"
        "M-60 474C-40 380 -52 320 -90 260C-30 320 10 400 0 478z"
    )
    return (
        f'<path d="{outline}" fill="{cloth}"/>'
        f'<clipPath id="cut"><path d="{outline}"/></clipPath><g clip-path="url(#cut)">'
        f'<path d="{soft}" fill="{shade}" opacity=".75" filter="url(#blur)"/>'
        f'<path d="{folds}" fill="none" stroke="{shade}" stroke-width="16" stroke-linecap="round" opacity=".55" filter="url(#crease)"/>'
        f'<path d="M-480 -80C-380 -300 -300 -400 -180 -440L-200 -480L-520 -300z" fill="#fff" opacity=".10" filter="url(#blur)"/></g>'
        f'<path d="M-150 -470C-90 -425 90 -425 150 -470C120 -360 -120 -360 -150 -470z" fill="{shade}"/>'
        f'<path d="M-150 -470C-120 -352 120 -352 150 -470" fill="none" stroke="{cloth}" stroke-width="30"/>'
        f'<path d="M-164 -462C-130 -334 130 -334 164 -462M-136 -474C-108 -374 108 -374 136 -474" fill="none" stroke="{shade}" stroke-width="2.5" opacity=".8"/>'
        f'<path d="M-404 -300C-340 -230 -300 -170 -284 -118M404 -300C340 -230 300 -170 284 -118" fill="none" stroke="{shade}" stroke-width="3" opacity=".7"/>'
        f'<path d="M-489 -88L-345 -28M489 -88L345 -28M-296 442C-200 466 200 466 296 442" transform="translate(0 0)" fill="none" stroke="{shade}" stroke-width="2.5" stroke-dasharray="6 5"/>'
        + glyph(mark, 0, 110, 330, ink, family="'GFS Didot'")
    )


CREASE = '<defs><filter id="crease"><feGaussianBlur stdDeviation="7"/></filter></defs>'


def wall_with_bench(wall: str, bench: str) -> str:
    """A wall and, below it, the top of a bench."""
    return (
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{wall}"/><rect y="1060" width="{WIDTH}" height="140" fill="{bench}"/>'
        f'<rect y="1060" width="{WIDTH}" height="10" fill="#fff" opacity=".22"/><rect y="1030" width="{WIDTH}" height="30" fill="#0d1226" opacity=".06"/>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#lamp)"/>'
    )


def hung(poster: str, width: float, height: float) -> str:
    """A poster between two wooden rails on a cord, its top middle at the origin."""
    w = width
    return (
        f'<path d="M{-w / 2 + 20} 0L0 -110L{w / 2 - 20} 0" fill="none" stroke="#3b2f22" stroke-width="3"/><circle cy="-110" r="7" fill="#3b2f22"/>'
        f'<g filter="url(#soft)"><svg x="{-w / 2}" y="8" width="{w}" height="{height}" viewBox="0 0 500 700">{poster}</svg>'
        f'<rect x="{-w / 2 - 16}" y="-6" width="{w + 32}" height="26" rx="4" fill="url(#wood)"/>'
        f'<rect x="{-w / 2 - 16}" y="{height - 2}" width="{w + 32}" height="26" rx="4" fill="url(#wood)"/></g>'
    )


def vase(x: float, colour: str) -> str:
    """A vase with three twigs, standing on the bench at ``x``."""
    leaf = "M0 0c26 -18 26 -62 0 -86c-26 24 -26 68 0 86z"
    twigs = '<path d="M0 -200C-10 -330 -60 -420 -110 -500M0 -200C6 -350 20 -460 10 -580M4 -200C20 -320 70 -390 120 -440" fill="none" stroke="#48553d" stroke-width="6"/>'
    leaves = "".join(
        f'<path d="{leaf}" transform="translate({a} {b}) rotate({turn}) scale({s})" fill="{tone}"/>'
        for a, b, turn, s, tone in (
            (-110, -500, -35, 1, "#5f7a55"), (-84, -455, -85, 0.9, "#728e66"), (-56, -400, 20, 0.9, "#5f7a55"),
            (10, -580, 0, 1.1, "#728e66"), (14, -500, -50, 0.9, "#5f7a55"), (12, -460, 48, 1, "#5f7a55"), (8, -400, -46, 0.8, "#728e66"),
            (120, -440, 50, 1, "#5f7a55"), (84, -410, 2, 0.8, "#728e66"), (60, -370, 80, 0.9, "#728e66"),
        )
    )  # fmt: skip
    body = "M-44 -210C-40 -170 -92 -140 -92 -74C-92 -24 -62 0 0 0S92 -24 92 -74C92 -140 40 -170 44 -210z"
    return (
        f'<g transform="translate({x} 1120)"><ellipse cx="40" cy="2" rx="130" ry="20" fill="#0d1226" opacity=".22" filter="url(#blur)"/>{twigs}{leaves}'
        f'<path d="{body}" fill="{colour}"/><path d="M-30 -200C-30 -160 -74 -130 -74 -76C-74 -50 -66 -34 -52 -22C-64 -90 -20 -130 -12 -204z" fill="#fff" opacity=".25"/>'
        f'<path d="M44 -210C40 -170 92 -140 92 -74C92 -24 62 0 20 0C80 -60 50 -140 24 -210z" fill="#000" opacity=".14"/></g>'
    )


def book_pile(x: float) -> str:
    """Three books lying on the bench at ``x``."""
    return "".join(
        f'<rect x="{x + dx}" y="{1120 - top}" width="{w}" height="{h}" rx="5" fill="{colour}"/><rect x="{x + dx}" y="{1120 - top}" width="{w}" height="7" rx="3" fill="#fff" opacity=".25"/>'
        f'<rect x="{x + dx + 36}" y="{1120 - top}" width="10" height="{h}" fill="{PAPER}" opacity=".6"/>'
        for dx, top, w, h, colour in ((0, 44, 330, 44, INK), (24, 82, 280, 38, RED), (10, 114, 250, 32, SAGE))
    )


# --- the pictures -----------------------------------------------------------------------------


def quiet_pages_1() -> str:
    return scene(
        SAGE,
        put(sheet(700, 500, "<rect width='700' height='500' fill='#fffaf0'/>", (1080, 772)), 812, 586, 5),
        put(sheet(700, 500, art.quiet_sheet(), (1080, 772)), 790, 570, -4),
        put(pencil(RED, 520), 700, 1085, -14, shadow="low"),
        put(ruler(860), 560, 96, 3, shadow="low"),
        play_button(1370, 960),
    )


def _text_page(w: float, h: float, mirrored: bool) -> str:
    inner, outer, top, foot = w / 9, 2 * w / 9, h / 9, 2 * h / 9
    x = outer if mirrored else inner
    return text_lines(x, top + 14, w - inner - outer, 18, (h - top - foot) / 18, INK, 8)


def quiet_pages_2() -> str:
    w, h = 560, 780
    canon = f'<path d="M{-w} {h / 2}L{w} {-h / 2}M{-w} {-h / 2}L{w} {h / 2}M{-w} {h / 2}L0 {-h / 2}L{w} {h / 2}" stroke="{RED}" stroke-width="2.5" fill="none" opacity=".85"/>'
    blocks = "".join(
        f'<rect x="{x}" y="{-h / 2 + h / 9}" width="{w * 6 / 9}" height="{h * 6 / 9}" fill="{BLUE}" opacity=".16" stroke="{BLUE}" stroke-width="2"/>'
        for x in (-w + 2 * w / 9, w / 9)
    )
    return scene(
        PINK,
        put(spread(_text_page(w, h, True), _text_page(w, h, False)) + blocks + canon, 800, 590, -2),
        put(pencil(INK, 420), 1030, 1110, -9, shadow="low"),
    )


def quiet_pages_3() -> str:
    steps = ((MUSTARD, 18), (SAGE, 26), (SKY, 36))
    cards = "".join(
        put(
            f'<rect x="-200" y="-290" width="400" height="580" fill="{PAPER}"/><rect x="-200" y="-290" width="400" height="16" fill="{tone}"/>'
            + text_lines(-150, -230, 300, int(500 / gap), gap, INK, 8),
            300 + 500 * k, 600 + (k - 1) * 24, (-3, 1, 3)[k], 1.25,
        )
        for k, (tone, gap) in enumerate(steps)
    )  # fmt: skip
    return scene(TEAL, cards)


def two_inks_1() -> str:
    smear = f'<path d="M1120 250C1240 215 1420 225 1520 262C1540 380 1530 520 1500 640C1380 668 1230 660 1140 628C1104 500 1100 370 1120 250z" fill="{BLUE}" opacity=".92"/><path d="M1150 300H1480M1146 380H1500M1150 470H1490M1160 560H1480" stroke="#fff" stroke-opacity=".10" stroke-width="16"/>'
    return scene(
        CREAM,
        smear,
        put(sheet(520, 620, art.pears(), (790, 942)), 560, 594, -3),
        put(brayer(BLUE), 1330, 560, 12),
        play_button(1390, 1010),
    )


def two_inks_2() -> str:
    return scene(
        TEAL,
        put(sheet(520, 620, art.pears("first"), (580, 692)), 320, 560, -6),
        put(sheet(520, 620, art.pears("second"), (580, 692)), 800, 640, 2),
        put(sheet(520, 620, art.pears(), (580, 692)), 1280, 570, 5),
    )


def two_inks_3() -> str:
    discs = f'<g style="isolation:isolate"><rect x="-640" y="-430" width="1280" height="860" fill="{PAPER}"/>' + "".join(
        f'<circle cx="{-430 + 430 * c - (56 if k == 0 else -56)}" cy="{-190 + 380 * r}" r="118" fill="{pair[k]}" style="mix-blend-mode:multiply"/>'
        for r, row in enumerate((((RED, BLUE), (MUSTARD, BLUE), (PINK, TEAL)), ((MUSTARD, RED), (TEAL, RED), (SKY, PLUM))))
        for c, pair in enumerate(row)
        for k in (0, 1)
    )  # fmt: skip
    return scene(INK, put(discs + "</g>", 800, 600, -2))


def margin_book_1() -> str:
    return scene(
        MUSTARD,
        put(book(art.margin_book_cover(), 690, 986, 36), 850, 590, 5),
        put(pencil(INK, 480), 130, 1040, -60, shadow="low"),
    )


def margin_book_2() -> str:
    left = f'<rect x="124" y="87" width="373" height="520" fill="{TEAL}" opacity=".13"/>' + glyph(
        "3", 310, 400, 300, TEAL, family="'GFS Didot'"
    )
    words = (
        "A margin is not what is left", "over when the text has been", "put down. It is where the eye", "rests before it turns, where a", "thumb can hold the book, and",
        "where a reader may write “no”.", "Give the outside more than the", "inside, and the foot more than", "the head; nobody will notice,", "and everyone will feel it.",
    )  # fmt: skip
    right = glyph("What margins are for", 62, 150, 33, TEAL, slant="italic", anchor="start") + "".join(
        glyph(line, 62, 216 + 37 * k, 27, INK, anchor="start") for k, line in enumerate(words)
    )
    return scene(TEAL, put(spread(left, right), 800, 590, 3))


def margin_book_3() -> str:
    screen = '<rect x="-250" y="-360" width="500" height="720" rx="34" fill="#20242e"/><rect x="-222" y="-318" width="444" height="620" rx="6" fill="#f4efe3"/>'
    words = glyph("页边小书", -180, -220, 44, TEAL, anchor="start", weight="700") + "".join(
        glyph(line, -180, -140 + 52 * k, 29, INK, anchor="start", family="'Noto Serif CJK SC'")
        for k, line in enumerate(("页边不是文字摆完之后", "剩下的地方。眼睛换行", "之前在这里歇一歇，拇", "指在这里握住书，读者", "在这里写下“不对”。", "外边比里边宽一点，地", "脚比天头多一点：没有", "人会注意到，人人都会"))
    )  # fmt: skip
    return scene(
        SAGE,
        put(book(art.margin_book_cover(), 560, 800, 30), 440, 580, -6),
        put(screen + words, 1150, 620, 5, 1.2),
    )


def one_sheet_1() -> str:
    folds = f'<rect x="-400" y="-283" width="800" height="566" fill="{PAPER}"/>' + "".join(
        f'<g transform="translate({-400 + 200 * (k % 4)} {-283 + 283 * (k // 4)})"><rect x="14" y="14" width="172" height="255" fill="{tone}" opacity=".85"/>'
        # The upper row stands on its head: folded, it becomes the inner pages.
        + f'<g transform="rotate({180 if k < 4 else 0} 100 141)">'
        + glyph(mark, 100, 180, 110, PAPER, family="'GFS Didot'")
        + "</g></g>"
        for k, (mark, tone) in enumerate(
            zip("54326781", (BLUE, TEAL, PLUM, MUSTARD, TEAL, BLUE, PLUM, RED), strict=True)
        )
    )
    creases = '<path d="M-200 -283V283M0 -283V283M200 -283V283M-400 0H400" stroke="#0d1226" stroke-opacity=".16" stroke-width="3"/><path d="M-200 0H200" stroke="#e2502f" stroke-width="4" stroke-dasharray="14 10"/>'
    return scene(
        SKY,
        put(folds + creases, 620, 430, -5),
        put(sheet(300, 420, art.zine_cover(), (400, 560)), 1190, 700, 9),
        put('<g fill="url(#steel)" stroke="#59616e" stroke-width="3" stroke-linejoin="round"><path d="M-14 4L150 -62L372 -112C330 -84 250 -58 156 -34L-8 22z"/><path d="M-14 -94L150 -28L372 22C330 -6 250 -32 156 -56L-8 -112z"/></g><g fill="none" stroke="#1d2945" stroke-width="24"><ellipse cx="-74" cy="24" rx="72" ry="44" transform="rotate(-16 -74 24)"/><ellipse cx="-74" cy="-114" rx="72" ry="44" transform="rotate(16 -74 -114)"/></g><circle cx="150" cy="-46" r="9" fill="#e9eef3"/>', 360, 990, -6, shadow="low"),
    )  # fmt: skip


def one_sheet_2() -> str:
    return scene(
        RED,
        *(
            put(
                sheet(300, 420, art.zine_cover(), (380, 532)),
                320 + 320 * k,
                610 + (-1) ** k * 30,
                -9 + 6 * k,
                1.22,
            )
            for k in range(4)
        ),
    )


def _invoice() -> str:
    rows = "".join(
        f'<g transform="translate(40 {300 + 46 * k})"><rect width="{w}" height="10" rx="5" fill="{INK}" opacity=".45"/><rect x="330" width="80" height="10" rx="5" fill="{INK}" opacity=".7"/><path d="M0 28H420" stroke="{INK}" stroke-opacity=".18" stroke-width="1.5"/></g>'
        for k, w in enumerate((210, 170, 240, 130))
    )
    return (
        f'<rect width="500" height="700" fill="{PAPER}"/><rect width="500" height="14" fill="{RED}"/>'
        + glyph("Invoice", 40, 120, 62, INK, slant="italic", anchor="start")
        + text_lines(40, 165, 160, 3, 22)
        + text_lines(300, 165, 160, 3, 22)
        + rows
        + f'<rect x="290" y="510" width="170" height="54" fill="{RED}"/><rect x="312" y="532" width="60" height="10" rx="5" fill="{PAPER}"/><rect x="392" y="532" width="50" height="10" rx="5" fill="{PAPER}"/>'
        + text_lines(40, 620, 420, 2, 22)
    )


def _letter() -> str:
    return (
        f'<rect width="500" height="700" fill="{PAPER}"/><circle cx="66" cy="72" r="26" fill="{BLUE}"/><path d="M110 72H460" stroke="{BLUE}" stroke-width="2"/>'
        + text_lines(110, 160, 130, 3, 22)
        + text_lines(110, 280, 330, 10, 27)
        + glyph("Shen Lan", 110, 620, 38, BLUE, slant="italic", anchor="start")
    )


def _timesheet() -> str:
    cells = "".join(
        f'<rect x="{40 + 60 * c}" y="{170 + 44 * r}" width="56" height="40" fill="{(TEAL if (c * 5 + r * 3) % 7 < 3 else SAGE)}" opacity="{0.85 if (c * 5 + r * 3) % 4 else 0.25}"/>'
        for c in range(7)
        for r in range(10)
    )
    return (
        f'<rect width="500" height="700" fill="{PAPER}"/>'
        + glyph("Week 14", 40, 120, 52, TEAL, slant="italic", anchor="start")
        + cells
        + text_lines(40, 640, 300, 1, 20)
    )


def paper_desk_1() -> str:
    return scene(
        BLUE,
        put(sheet(500, 700, _timesheet(), (540, 756)), 390, 560, -9),
        put(sheet(500, 700, _letter(), (540, 756)), 1200, 590, 8),
        put(sheet(500, 700, _invoice(), (590, 826)), 800, 600, -1),
        put(pencil(MUSTARD, 430), 1080, 1090, -22, shadow="low"),
    )


def paper_desk_2() -> str:
    cards = "".join(
        put(
            f'<rect x="-180" y="-105" width="360" height="210" fill="{ground}"/>'
            + glyph("Inkwell Lane", 0, 14, 44, tone, slant="italic"),
            360 + 440 * k,
            960 - 30 * k,
            -5 + 6 * k,
            1.2,
            shadow="low",
        )
        for k, (ground, tone) in enumerate(((RED, PAPER), (PAPER, INK), (INK, MUSTARD)))
    )
    envelope = (
        f'<rect x="-420" y="-240" width="840" height="480" rx="4" fill="{CREAM}"/><path d="M-420 -240L0 60L420 -240" fill="#e3d5ba" stroke="#c8b893" stroke-width="2"/><circle cy="44" r="42" fill="{RED}"/>'
        + glyph("墨", 0, 60, 44, PAPER, weight="700")
    )
    return scene(PLUM, put(envelope, 800, 440, -4, 1.25), cards)


def canon_1() -> str:
    def page(tone: str, body: str) -> str:
        return f'<rect x="-190" y="-270" width="380" height="540" fill="{PAPER}"/><g fill="none" stroke="{tone}" stroke-width="3">{body}</g>'

    columns = (
        '<path d="'
        + "".join(f"M{x} -210V190" for x in (-140, -60, -40, 40, 60, 140))
        + 'M-140 -210H140M-140 190H140"/>'
    )
    modules = "".join(
        f'<rect x="{-140 + 98 * c}" y="{-210 + 104 * r}" width="84" height="88"/>'
        for c in range(3)
        for r in range(4)
    )
    lines = (
        '<path d="'
        + "".join(f"M-140 {-210 + 22 * k}H140" for k in range(19))
        + '"/><path d="M-140 -210V186M140 -210V186" stroke-width="5"/>'
    )
    thirds = '<path d="M-190 270L190 -270M-190 -270L190 270M0 -270V270"/><rect x="-105" y="-210" width="253" height="360" stroke-width="5"/>'
    return scene(
        PINK,
        put(page(BLUE, lines), 300, 530, -7, 1.2),
        put(page(TEAL, columns), 1300, 530, 7, 1.2),
        put(page(PLUM, modules), 620, 580, -2, 1.2),
        put(page(RED, thirds), 980, 610, 3, 1.2),
        put(ruler(900), 350, 1080, -3, shadow="low"),
    )


def plumb_1() -> str:
    def line(y: float, parts: tuple[tuple[str, str], ...]) -> str:
        spans = "".join(f'<tspan fill="{tone}">{words}</tspan>' for words, tone in parts)
        return (
            f'<text x="-470" y="{y}" font-family="{MONO}" font-size="29" xml:space="preserve">{spans}</text>'
        )

    dim, bright = "#8d98b8", "#f3ecdc"
    rows = (
        (("$ ", TEAL), ("plumb.py check letter.md", bright)),
        (("letter.md:3:10  ", dim), ("straight quotation mark", MUSTARD)),
        (("   She said ", bright), ('"wait"', RED), (" and left.", bright)),
        (("letter.md:7:31  ", dim), ("three full stops instead of an ellipsis", MUSTARD)),
        (("   The river was rising", bright), ("...", RED)),
        (("letter.md:9:2   ", dim), ("no space between Chinese and Latin", MUSTARD)),
        (("   用", bright), ("Plumb", RED), (" 校一遍再付印。", bright)),
        (("3 things to look at.", SAGE),),
    )
    window = (
        '<rect x="-530" y="-340" width="1060" height="660" rx="20" fill="#151d36"/><rect x="-530" y="-340" width="1060" height="60" rx="20" fill="#222c4c"/><rect x="-530" y="-300" width="1060" height="20" fill="#222c4c"/>'
        + "".join(
            f'<circle cx="{-492 + 36 * k}" cy="-310" r="10" fill="{tone}"/>'
            for k, tone in enumerate((RED, MUSTARD, SAGE))
        )
        + "".join(line(-215 + 66 * k, row) for k, row in enumerate(rows))
    )
    bob = '<path d="M0 -700V-70" stroke="#f3ecdc" stroke-width="4"/><rect x="-16" y="-84" width="32" height="34" rx="6" fill="url(#brass)"/><path d="M-52 -50H52C64 10 34 120 0 200C-34 120 -64 10 -52 -50z" fill="url(#brass)"/><path d="M-52 -50H52L50 -30H-50z" fill="#5c4112" opacity=".35"/>'
    return scene(TEAL, put(window, 690, 600, 0, 1.16), put(bob, 1450, 720, 0, 1.1))


def plumb_2() -> str:
    card = (
        f'<rect x="-430" y="-260" width="860" height="520" rx="14" fill="{PAPER}"/><rect x="-404" y="-234" width="808" height="468" rx="6" fill="none" stroke="{INK}" stroke-width="3"/>'
        + glyph("Plumb", 0, -90, 130, INK, slant="italic")
        + f'<path d="M-60 -40H60" stroke="{RED}" stroke-width="5"/>'
        + glyph("INKW-7QTM-4XKA-R9HD", 0, 70, 52, INK, family="'JetBrains Mono'", spacing="1")
        + text_lines(-200, 140, 400, 2, 30, INK, 8)
    )
    return scene(
        MUSTARD,
        put(f'<rect x="-430" y="-260" width="860" height="520" rx="14" fill="{INK}"/>', 840, 640, 7, 1.35),
        put(card, 790, 590, -4, 1.35),
    )


def icons_1() -> str:
    tones = (INK, RED, TEAL, BLUE)
    cells = "".join(
        f'<g transform="translate({-560 + 190 * (k % 6)} {-370 + 190 * (k // 6)})"><rect x="0" y="0" width="170" height="170" rx="26" fill="{PAPER if (k + k // 6) % 2 else "#efe3cf"}"/>'
        f'<g transform="translate(37 37) scale(4)" fill="none" stroke="{tones[(k * 3 + k // 6) % 4]}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{body}</g></g>'
        for k, (_, body) in enumerate(ICONS.values())
    )
    return scene(
        INK, f'<g filter="url(#low)" transform="translate(800 600) translate(0 -5) scale(1.12)">{cells}</g>'
    )


def icons_2() -> str:
    picks = (("press", RED, PAPER), ("needle", MUSTARD, INK), ("open-book", TEAL, PAPER))
    tiles = "".join(
        put(
            f'<rect x="-210" y="-210" width="420" height="420" rx="56" fill="{ground}"/><g transform="translate(-144 -144) scale(12)" fill="none" stroke="{tone}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{ICONS[slug][1]}</g>',
            290 + 510 * k,
            600,
            0,
            1.12,
        )
        for k, (slug, ground, tone) in enumerate(picks)
    )
    return scene(SKY, tiles)


SWATCHES = (
    (RED, BLUE, PAPER),
    (BLUE, MUSTARD, PAPER),
    (TEAL, RED, "#f5dcd3"),
    (INK, RED, SKY),
    (RED, TEAL, PAPER),
    (INK, RED, MUSTARD),
)


def patterns_1() -> str:
    defs = "".join(p.fill(f"p{k}", *SWATCHES[k % 6], 1.1) for k, p in enumerate(PATTERNS))
    swatches = "".join(
        put(
            f'<rect x="-165" y="-165" width="330" height="330" fill="url(#p{k})"/>',
            230 + 380 * (k % 4),
            222 + 378 * (k // 4),
            (-2, 1, -1, 2)[(k + k // 4) % 4],
            shadow="low",
        )
        for k in range(12)
    )
    return scene(CREAM, f"<defs>{defs}</defs>", swatches)


def patterns_2() -> str:
    defs = "".join(
        p.fill(f"r{k}", *SWATCHES[(k * 5) % 6], 1.3)
        for k, p in enumerate((PATTERNS[0], PATTERNS[6], PATTERNS[11]))
    )
    rolls = "".join(
        f'<g transform="translate({300 + 450 * k} 1180) rotate({turn})"><g filter="url(#soft)"><rect x="-150" y="-1010" width="300" height="1010" fill="url(#r{k})"/>'
        f'<rect x="-150" y="-1010" width="300" height="1010" fill="url(#cyl)"/><ellipse cy="-1010" rx="150" ry="46" fill="{PAPER}"/><ellipse cy="-1010" rx="110" ry="33" fill="#dccfb4"/><ellipse cy="-1006" rx="72" ry="21" fill="#4a4030"/></g></g>'
        for k, turn in enumerate((-4, 0, 5))
    )
    cylinder = '<linearGradient id="cyl" x1="0" x2="1"><stop offset="0" stop-color="#0d1226" stop-opacity=".32"/><stop offset=".3" stop-color="#fff" stop-opacity=".26"/><stop offset=".6" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#0d1226" stop-opacity=".4"/></linearGradient>'
    return scene(TEAL, f"<defs>{defs}{cylinder}</defs>", rolls)


def wallpapers_1() -> str:
    screen = f'<rect x="-480" y="-300" width="960" height="600" rx="22" fill="#1a1f2b"/>{framed(960, 540, art.landscape(960, 540, art.EVENING), (-456, -276, 912, 513))}<path d="M-90 300H90L120 430H-120z" fill="#aab3bf"/><rect x="-190" y="424" width="380" height="18" rx="9" fill="#8b93a0"/>'
    phone = f'<rect x="-130" y="-270" width="260" height="540" rx="40" fill="#1a1f2b"/><clipPath id="ph"><rect x="-117" y="-257" width="234" height="514" rx="30"/></clipPath><g clip-path="url(#ph)">{framed(234, 514, art.landscape(234, 514, art.NIGHT), (-117, -257, 234, 514))}</g><rect x="-34" y="-246" width="68" height="16" rx="8" fill="#1a1f2b"/>'
    return scene(MUSTARD, put(screen, 680, 520, 0, 1.15), put(phone, 1370, 770, 0, 1.15))


def ampersand_1() -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1200" viewBox="0 0 1600 1200"><defs>{DEFS}</defs>{wall_with_bench(SKY, WOOD)}<g transform="translate(760 128)">{hung(art.ampersand_poster(), 620, 868)}</g>{vase(1310, TEAL)}{book_pile(190)}</svg>'


def ampersand_2() -> str:
    close = framed(
        500,
        375,
        f'<g transform="translate(-60 -150) scale(1.15)">{art.ampersand_poster()}</g>',
        (0, 0, 1600, 1200),
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1200" viewBox="0 0 1600 1200"><defs>{DEFS}</defs><g style="isolation:isolate">{close}</g><rect width="1600" height="1200" fill="url(#lamp)" opacity=".6"/></svg>'


def eternity_1() -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1200" viewBox="0 0 1600 1200"><defs>{DEFS}</defs>{wall_with_bench("#8fae9f", "#7a5a3c")}<g transform="translate(740 128)">{hung(art.eternity_poster(), 620, 868)}</g>{vase(1270, PAPER)}</svg>'


def eternity_2() -> str:
    tube = '<rect x="-520" y="-62" width="1040" height="124" rx="10" fill="#cda877"/><rect x="-520" y="-62" width="1040" height="36" fill="#fff" opacity=".22"/><rect x="-520" y="22" width="1040" height="40" fill="#000" opacity=".14"/><rect x="-540" y="-66" width="46" height="132" rx="8" fill="#f1e8d6"/><rect x="494" y="-66" width="46" height="132" rx="8" fill="#f1e8d6"/>'
    return scene(
        RED,
        put(sheet(500, 700, art.eternity_poster(), (700, 980)), 560, 580, -6),
        put(tube, 1130, 850, -24, 1.05),
    )


def shirt_1() -> str:
    return scene(CREAM, CREASE, put(shirt(INK, "#0e1530", "¶", PAPER), 800, 604, 0, 1.12))


def shirt_2() -> str:
    folded = (
        f'<rect x="-330" y="-400" width="660" height="800" rx="26" fill="{INK}"/><rect x="-330" y="330" width="660" height="70" rx="26" fill="#0e1530"/><path d="M-120 -400C-80 -290 80 -290 120 -400z" fill="#0e1530"/><path d="M-120 -400C-84 -286 84 -286 120 -400" fill="none" stroke="#2b3a63" stroke-width="24"/><path d="M-300 -380C-280 -100 -290 200 -310 380M300 -380C285 -60 295 200 312 380" stroke="#0e1530" stroke-width="14" fill="none" opacity=".7"/>'
        + glyph("¶", 0, 180, 420, PAPER, family="'GFS Didot'")
    )
    label = (
        f'<rect x="-110" y="-70" width="220" height="140" rx="4" fill="{PAPER}"/><circle cx="-84" cy="-46" r="9" fill="{MUSTARD}"/>'
        + glyph("Inkwell Lane", 0, 20, 34, INK, slant="italic")
    )
    return scene(MUSTARD, put(folded, 690, 600, -3, 1.22), put(label, 1300, 880, 9, 1.5, "low"))


def notebook_1() -> str:
    stitches = "".join(
        f'<rect x="-296" y="{-360 + 96 * k}" width="7" height="52" rx="3.5" fill="{RED}"/>' for k in range(8)
    )
    return scene(
        PINK,
        put(book(art.notebook_cover(), 600, 857, 16) + stitches, 700, 596, -6, 1.12),
        put(pencil(TEAL, 600), 1270, 980, -76, shadow="low"),
    )


def notebook_2() -> str:
    w, h = 560, 780
    dots = "".join(
        f'<circle cx="{35 + 35 * c}" cy="{40 + 35 * r}" r="2.6" fill="{BLUE}" opacity=".55"/>'
        for c in range(15)
        for r in range(21)
    )
    sketch = f'<g fill="none" stroke="{INK}" stroke-width="4" stroke-linecap="round"><path d="M105 180H455V460H105zM175 180V460M105 250H455M105 390H455"/><path d="M105 460L455 180" stroke="{RED}" stroke-dasharray="2 12"/></g>'
    return scene(
        SAGE,
        put(spread(dots, dots + sketch, (w, h)), 800, 590, -3),
        put(pencil(RED, 430), 1010, 1020, -30, shadow="low"),
    )


def postcards_1() -> str:
    spots = ((300, 330, -6), (800, 316, 2), (1300, 340, 6), (310, 868, 4), (800, 884, -3), (1296, 866, -5))
    return scene(
        SAGE,
        *(
            put(sheet(300, 420, art.postcard(k), (360, 504)), x, y, turn, shadow="low")
            for k, (x, y, turn) in enumerate(spots)
        ),
    )


def postcards_2() -> str:
    stack = "".join(
        put(
            sheet(300, 420, art.postcard(k), (480, 672)),
            520 + 150 * n,
            620 - 10 * n,
            -16 + 7 * n,
            1.3,
            shadow="low",
        )
        for n, k in enumerate((5, 4, 1, 2, 3))
    )
    return scene(BLUE, stack)


SCENES: dict[str, Callable[[], str]] = {
    "quiet-pages-1": quiet_pages_1, "quiet-pages-2": quiet_pages_2, "quiet-pages-3": quiet_pages_3,
    "two-inks-1": two_inks_1, "two-inks-2": two_inks_2, "two-inks-3": two_inks_3,
    "margin-book-1": margin_book_1, "margin-book-2": margin_book_2, "margin-book-3": margin_book_3,
    "one-sheet-1": one_sheet_1, "one-sheet-2": one_sheet_2,
    "paper-desk-1": paper_desk_1, "paper-desk-2": paper_desk_2,
    "page-canon-1": canon_1,
    "plumb-1": plumb_1, "plumb-2": plumb_2,
    "workshop-icons-1": icons_1, "workshop-icons-2": icons_2,
    "twelve-patterns-1": patterns_1, "twelve-patterns-2": patterns_2,
    "river-wallpapers-1": wallpapers_1,
    "ampersand-poster-1": ampersand_1, "ampersand-poster-2": ampersand_2,
    "eternity-poster-1": eternity_1, "eternity-poster-2": eternity_2,
    "pilcrow-shirt-1": shirt_1, "pilcrow-shirt-2": shirt_2,
    "tide-notebook-1": notebook_1, "tide-notebook-2": notebook_2,
    "punctuation-postcards-1": postcards_1, "punctuation-postcards-2": postcards_2,
}  # fmt: skip


def make(wanted: list[str] | None = None) -> None:
    """Draw all pictures, or those whose names begin with one of ``wanted``."""
    PICTURES.mkdir(exist_ok=True)
    with drawing_board(WIDTH, HEIGHT) as page:
        for name, compose in SCENES.items():
            if not wanted or name.startswith(tuple(wanted)):
                (PICTURES / f"{name}.webp").write_bytes(as_webp(draw_svg(page, compose())))


def as_webp(picture: Image.Image) -> bytes:
    """Return the picture as WebP, in lower quality where it would be larger than ``LARGEST``."""
    quality = QUALITY
    while True:
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= LARGEST:
            return out.getvalue()
        quality -= 4


if __name__ == "__main__":
    make(sys.argv[1:])
