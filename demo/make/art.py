"""What the workshop has printed: posters, covers and postcards, each an SVG drawing that scenes can place."""

from __future__ import annotations

from demo.make.kit import BLUE, CREAM, INK, MUSTARD, PAPER, PINK, PLUM, RED, SAGE, SERIF, SKY, TEAL
from demo.make.patterns import BY_SLUG

STROKES = "侧勒努趯策掠啄磔"


def framed(width: int, height: int, body: str, at: tuple[float, float, float, float] | None = None) -> str:
    """Wrap ``body`` as an ``<svg>`` of its own size, or placed ``at`` (x, y, width, height)."""
    place = "" if at is None else f'x="{at[0]}" y="{at[1]}" '
    shown = (width, height) if at is None else (at[2], at[3])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {place}width="{shown[0]}" height="{shown[1]}" '
        f'viewBox="0 0 {width} {height}">{body}</svg>'
    )


def glyph(text: str, x: float, y: float, size: float, colour: str, **style: str) -> str:
    """Return one line of type, centred on ``x`` unless ``anchor`` says otherwise."""
    family = style.get("family", SERIF)
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" font-family="{family}" '
        f'text-anchor="{style.get("anchor", "middle")}" font-style="{style.get("slant", "normal")}" '
        f'font-weight="{style.get("weight", "400")}" letter-spacing="{style.get("spacing", "0")}" '
        f'style="mix-blend-mode:{style.get("blend", "normal")}">{text}</text>'
    )


def ampersand_poster() -> str:
    """500 x 700: two ampersands in two inks; where they cross, a third colour."""
    return (
        f'<g style="isolation:isolate"><rect width="500" height="700" fill="{PAPER}"/>'
        + glyph("&amp;", 232, 470, 560, RED, slant="italic", blend="multiply")
        + glyph("&amp;", 292, 500, 470, BLUE, family="'GFS Didot'", blend="multiply")
        + glyph("ONE KNOT, TWO INKS", 250, 630, 15, INK, spacing="5", family="'EB Garamond 12'")
        + f'<path d="M235 648h30" stroke="{RED}" stroke-width="1.5"/></g>'
    )


def eternity_poster() -> str:
    """500 x 700: the character 永 over a red sun, with the names of its eight strokes."""
    names = "".join(
        glyph(name, 75 + 50 * index, 640, 19, INK, weight="600") for index, name in enumerate(STROKES)
    )
    numbers = "".join(f'<circle cx="{75 + 50 * index}" cy="608" r="2.5" fill="{RED}"/>' for index in range(8))
    return (
        f'<g style="isolation:isolate"><rect width="500" height="700" fill="#f3dfc9"/>'
        f'<circle cx="318" cy="236" r="150" fill="{RED}" style="mix-blend-mode:multiply"/>'
        + glyph("永", 250, 470, 410, INK, weight="700", blend="multiply")
        + numbers
        + names
        + "</g>"
    )


def margin_book_cover(title: str = "The Margin Book", author: str = "SHEN LAN") -> str:
    """420 x 600: the old construction of a page's margins, on teal."""
    lines = (
        "M60 150H360V480H60z M210 150V480 M60 480L360 150 M60 150L360 480 "
        "M60 480L210 150L360 480 M110 150V480 M310 150V480"
    )
    return (
        f'<rect width="420" height="600" fill="{TEAL}"/>'
        f'<path d="{lines}" fill="none" stroke="{PAPER}" stroke-opacity=".55" stroke-width="1.4"/>'
        f'<rect x="76.7" y="186.7" width="100" height="220" fill="{MUSTARD}"/>'
        f'<rect x="243.3" y="186.7" width="100" height="220" fill="{MUSTARD}"/>'
        + glyph(title, 210, 92, 44, PAPER, slant="italic" if title.isascii() else "normal")
        + glyph(author, 210, 548, 15, PAPER, spacing="5")
    )


def zine_cover(title: str = "one sheet, eight pages") -> str:
    """300 x 420: one sheet with its folds, seen as a figure 8."""
    return (
        f'<g style="isolation:isolate"><rect width="300" height="420" fill="{MUSTARD}"/>'
        f'<rect x="0" y="0" width="300" height="210" fill="{RED}" style="mix-blend-mode:multiply" opacity=".9"/>'
        + glyph("8", 150, 345, 380, PAPER, family="'GFS Didot'")
        + glyph(title, 150, 396, 21, INK, slant="italic" if title.isascii() else "normal")
        + "</g>"
    )


def quiet_sheet() -> str:
    """700 x 500: a word being spaced by eye, the gaps shown as red bars."""
    letters = "".join(
        glyph(letter, x, 300, 210, INK)
        for letter, x in (("q", 147.5), ("u", 275.5), ("i", 373.5), ("e", 452), ("t", 530), (".", 588.5))
    )
    gaps = "".join(
        f'<rect x="{x}" y="120" width="{width}" height="240" fill="{RED}" opacity=".8" style="mix-blend-mode:multiply"/>'
        for x, width in ((209.8, 9), (336.3, 9), (401.7, 9), (491, 9), (564.7, 9))
    )
    rules = "".join(
        f'<path d="M40 {y}H660" stroke="{BLUE}" stroke-width="1" stroke-opacity=".5" stroke-dasharray="{dash}"/>'
        for y, dash in ((300, "none"), (212, "5 5"), (158, "5 5"), (358, "5 5"))
    )
    return f'<g style="isolation:isolate"><rect width="700" height="500" fill="{PAPER}"/>{rules}{letters}{gaps}</g>'


def pears(plates: str = "both") -> str:
    """520 x 620: a still life of two pears; ``plates`` is "first", "second" or "both"."""
    left = "M178 150c-22 0-38 34-44 84c-8 58-62 88-62 160c0 72 52 116 118 116s118-44 118-116c0-72-52-98-66-158c-12-52-38-86-64-86z"
    right = "M348 236c-18 0-30 26-36 64c-8 46-50 66-50 120c0 56 40 90 94 90s94-34 94-90c0-54-40-70-54-118c-10-38-28-66-48-66z"
    first = (
        f'<g style="mix-blend-mode:multiply" fill="{MUSTARD}"><path d="{left}"/><path d="{right}"/>'
        f'<rect x="0" y="470" width="520" height="150"/></g>'
    )
    second = (
        f'<g style="mix-blend-mode:multiply" fill="{BLUE}"><path d="M96 510c-60-40-60-150 10-210c-10 110 40 180 150 200c-40 20-120 30-160 10z" opacity=".85"/>'
        f'<path d="{right}" opacity=".8"/><path d="M186 152c0-34 10-60 36-82l8 8c-20 20-28 42-28 74z"/>'
        f'<path d="M352 238c0-30 14-50 40-66l6 9c-20 14-28 32-28 57z"/>'
        f'<path d="M214 112c20-40 66-54 110-38c-22 38-66 54-110 38z"/><rect x="0" y="560" width="520" height="60" opacity=".55"/></g>'
    )
    shown = {"first": first, "second": second, "both": first + second}[plates]
    return f'<g style="isolation:isolate"><rect width="520" height="620" fill="{PAPER}"/>{shown}</g>'


def notebook_cover() -> str:
    """420 x 600: the Tide pattern and a paper label."""
    tide = BY_SLUG["tide"].fill("nb-tide", BLUE, SKY, PAPER, 0.8)
    return (
        f'<defs>{tide}</defs><rect width="420" height="600" fill="url(#nb-tide)"/>'
        f'<rect x="110" y="112" width="200" height="112" rx="3" fill="{PAPER}"/>'
        f'<rect x="117" y="119" width="186" height="98" rx="2" fill="none" stroke="{INK}" stroke-width="1"/>'
        f'<path d="M138 160H282M138 188H282" stroke="{INK}" stroke-width=".8" stroke-opacity=".5"/>'
    )


POSTCARDS = (
    (",", RED, PINK, "'EB Garamond 12'"),
    ("?", INK, MUSTARD, "'GFS Didot'"),
    ("§", PAPER, TEAL, "'EB Garamond 12'"),
    ("¶", PAPER, RED, "'GFS Didot'"),
    ("*", BLUE, SKY, "'EB Garamond 12'"),
    ("&amp;", PAPER, PLUM, "'Goudy Bookletter 1911'"),
)


def postcard(index: int) -> str:
    """300 x 420: one big mark of punctuation."""
    mark, ink, ground, family = POSTCARDS[index]
    base, size = {",": (212, 620), "*": (500, 620)}.get(mark, (320, 330))
    return (
        f'<rect width="300" height="420" fill="{PAPER}"/><rect x="16" y="16" width="268" height="388" fill="{ground}"/>'
        + glyph(mark, 150, base, size, ink, family=family)
    )


def landscape(width: int, height: int, plates: tuple[str, str, str, str, str]) -> str:
    """A river at evening for wallpapers: sky, sun, far hills, near hills, water."""
    sky, sun, far, near, water = plates
    w, h = width, height
    radius = 0.17 * min(w, h) if w > h else 0.24 * w
    horizon = 0.66 * h
    return (
        f'<g style="isolation:isolate"><rect width="{w}" height="{h}" fill="{sky}"/>'
        f'<circle cx="{0.62 * w}" cy="{0.45 * h}" r="{radius}" fill="{sun}"/>'
        f'<path d="M0 {0.56 * h}C{0.15 * w} {0.43 * h} {0.3 * w} {0.46 * h} {0.45 * w} {0.55 * h}S{0.8 * w} {0.48 * h} {w} {0.57 * h}V{horizon}H0z" fill="{far}" style="mix-blend-mode:multiply"/>'
        f'<path d="M0 {0.62 * h}C{0.2 * w} {0.64 * h} {0.4 * w} {0.5 * h} {0.62 * w} {0.6 * h}S{0.9 * w} {0.66 * h} {w} {0.61 * h}V{horizon}H0z" fill="{near}" style="mix-blend-mode:multiply"/>'
        f'<rect y="{horizon}" width="{w}" height="{h - horizon}" fill="{water}"/>'
        + "".join(
            f'<rect x="{0.62 * w - radius * reach}" y="{horizon + step * 0.03 * h + 0.015 * h}" width="{2 * radius * reach}" height="{0.008 * h}" rx="{0.004 * h}" fill="{sun}"/>'
            for step, reach in ((0, 0.95), (1, 0.6), (2, 0.8), (3, 0.42), (4, 0.55), (5, 0.25), (6, 0.32))
        )
        + "</g>"
    )


EVENING = (PINK, RED, SAGE, TEAL, INK)
MORNING = (CREAM, MUSTARD, SKY, BLUE, "#cfdcd8")
NIGHT = ("#22305a", PAPER, "#6d86b8", "#3a4f86", "#121a33")
