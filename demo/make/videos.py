"""Make the short films of the courses: drawn frame by frame in a browser, with a few quiet notes, encoded by ffmpeg."""

from __future__ import annotations

import array
import math
import random
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from demo.make import art
from demo.make.art import framed
from demo.make.kit import BLUE, INK, MEDIA, MUSTARD, PAPER, PINK, RED, SAGE, SERIF, TEAL, drawing_board

WIDTH, HEIGHT, RATE = 854, 480, 24
SAMPLES = 22050
# How coarsely ffmpeg may encode (higher is smaller); a field of moving dots costs the most.
QUALITY, QUALITIES = 28, {"halftone": 33}

Frame = Callable[[float], str]


def ease(t: float, start: float, end: float) -> float:
    """Go smoothly from 0 at ``start`` to 1 at ``end`` (seconds)."""
    x = min(1.0, max(0.0, (t - start) / (end - start)))
    return x * x * (3 - 2 * x)


def mix(a: float, b: float, x: float) -> float:
    """Return the value that lies ``x`` of the way from ``a`` to ``b``."""
    return a + (b - a) * x


def drawn(path: str, t: float, start: float, end: float, colour: str, width: float = 2) -> str:
    """A path that draws itself between two moments."""
    return (
        f'<path d="{path}" pathLength="1" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{ease(t, start, end):.4f} 2" opacity="{1 if t > start else 0}"/>'
    )


def page_shape(x: float, y: float, w: float, h: float) -> str:
    """A sheet with a soft edge of shadow."""
    return f'<rect x="{x + 5}" y="{y + 7}" width="{w}" height="{h}" fill="#0d1226" opacity=".12"/><rect x="{x}" y="{y}" width="{w}" height="{h}" fill="#fffdf8"/>'


def words(x: float, y: float, width: float, count: int, gap: float, size: float, seed: int = 7) -> str:
    """Lines of bars that stand for words; the last line is short."""
    bars = []
    for line in range(count):
        # Each line has its own dice: its words stay the same while the measure changes.
        dice = random.Random(100 * seed + line)
        end = x + width * (0.55 if line == count - 1 else 1)
        at = x
        while at < end - size:
            long = min(dice.choice((1.6, 2.3, 3.1, 4.2, 5.0)) * size, end - at)
            bars.append(
                f'<rect x="{at:.1f}" y="{y + gap * line:.1f}" width="{long:.1f}" height="{size * 0.62:.1f}" rx="1.5"/>'
            )
            at += long + size * 0.45
    return f'<g fill="{INK}" opacity=".72">{"".join(bars)}</g>'


# --- Quiet Pages ----------------------------------------------------------------------------------


def calm_page(t: float) -> str:
    air, short, move = ease(t, 3, 5.5), ease(t, 6.5, 9), ease(t, 10, 12.5)
    gap = mix(11.5, 18, air)
    left = mix(mix(442, 462, short), 456, move)
    width = mix(254, 192, short)
    top = mix(40, 56, short) - 16 * move
    lines = round(mix(34, 20, air)) - round(2 * short)
    noise = 1 - 0.4 * air - 0.35 * short - 0.25 * move
    arcs = "".join(
        f'<path d="M{x} {240 - r}A{r} {r} 0 0 {sweep} {x} {240 + r}" fill="none" stroke="{RED}" stroke-width="5" stroke-linecap="round" '
        f'opacity="{max(0, noise * (0.75 + 0.25 * math.sin(9 * t - k)) - 0.15 * k):.3f}"/>'
        for k, r in enumerate((26, 44, 62))
        for x, sweep in ((728 + 14 * k, 1), (126 - 14 * k, 0))
    )
    other = words(157 + mix(0, 42, short), top, width, lines, gap, 9, 11)
    return (
        page_shape(147, 24, 280, 432) + page_shape(429, 24, 280, 432)
        + '<rect x="421" y="24" width="16" height="432" fill="#0d1226" opacity=".08"/>'
        + other + words(left, top, width, lines, gap, 9) + arcs
    )  # fmt: skip


# Widths of the letters A V I O N at 170 units, and the gaps: first all the same, then equal in sand.
LETTERS = (("A", 122), ("V", 118), ("I", 48), ("O", 121), ("N", 132))
EVEN_GAPS = (24.0, 24.0, 24.0, 24.0)
SAND_GAPS = (-20.0, 12.0, 24.0, 26.0)


def letter_spacing(t: float) -> str:
    x = ease(t, 5, 9) - ease(t, 13.5, 15.5)
    gaps = [mix(a, b, x) for a, b in zip(EVEN_GAPS, SAND_GAPS, strict=True)]
    total = sum(w for _, w in LETTERS) + sum(gaps)
    at, shapes, bars = (WIDTH - total) / 2, "", ""
    for index, (letter, width) in enumerate(LETTERS):
        shapes += f'<text x="{at + width / 2:.2f}" y="280" text-anchor="middle">{letter}</text>'
        at += width
        if index < len(gaps):
            gap = gaps[index]
            tone = RED if gap >= 0 else BLUE
            bars += f'<rect x="{at + min(gap, 0):.1f}" y="330" width="{max(abs(gap), 1.5):.1f}" height="16" fill="{tone}"/><path d="M{at:.1f} 322v32M{at + gap:.1f} 322v32" stroke="{INK}" stroke-width="1.2" opacity=".5"/>'
            at += gap
    sand = ease(t, 2, 4)
    left = (WIDTH - total) / 2
    return (
        f'<defs><pattern id="sand" width="7" height="7" patternUnits="userSpaceOnUse"><circle cx="2" cy="2" r="1.3" fill="{RED}"/><circle cx="5.4" cy="5.2" r="1.3" fill="{MUSTARD}"/></pattern></defs>'
        f'<path d="M90 280H764M90 166H764" stroke="{INK}" stroke-opacity=".25"/>'
        f'<rect x="{left + 60:.1f}" y="{mix(280, 166, sand):.1f}" width="{total - 124:.1f}" height="{mix(0, 114, sand):.1f}" fill="url(#sand)"/>'
        f'<g font-family="{SERIF}" font-size="174" stroke="{PAPER}" stroke-width="12" stroke-linejoin="round" fill="{PAPER}">{shapes}</g>'
        f'<g font-family="{SERIF}" font-size="174" fill="{INK}">{shapes}</g>{bars}'
    )


def leading(t: float) -> str:
    x = ease(t, 1, 8) - 0.55 * ease(t, 10, 13)
    ratio = mix(1.0, 2.0, x)
    size = 17
    good = 1.35 <= ratio <= 1.72
    y = mix(400, 80, x)
    return (
        page_shape(130, 20, 470, 440)
        + f'<clipPath id="pg"><rect x="130" y="20" width="470" height="430"/></clipPath><g clip-path="url(#pg)">{words(170, 50, 390, 26, size * ratio, size)}</g>'
        + f'<rect x="680" y="80" width="14" height="320" rx="7" fill="{INK}" opacity=".15"/><rect x="680" y="{mix(400, 80, 0.72):.0f}" width="14" height="{320 * 0.37:.0f}" rx="7" fill="{TEAL}"/>'
        f'<circle cx="687" cy="{y:.1f}" r="17" fill="{TEAL if good else RED}"/><text x="720" y="{y + 9:.1f}" font-family="{SERIF}" font-size=str(QUALITIES.get(name, QUALITY)) fill="{INK}">{ratio:.2f}</text>'
    )


def grid(t: float) -> str:
    left, top, step, column = 277.0, 48.0, 12.0, 132.0
    base = "".join(
        drawn(
            f"M{left} {top + step * k}H{left + 2 * column + step}",
            t,
            0.6 + 0.06 * k,
            1.4 + 0.06 * k,
            BLUE,
            0.8,
        )
        for k in range(33)
    )
    columns = drawn(f"M{left} {top}h{column}v384h{-column}z", t, 3.6, 5, RED, 2.5) + drawn(
        f"M{left + column + step} {top}h{column}v384h{-column}z", t, 5, 6.4, RED, 2.5
    )
    fields = "".join(
        f'<rect x="{left + c * (column + step)}" y="{top + r * 132}" width="{column}" height="120" fill="{MUSTARD}" opacity="{0.42 * ease(t, 6.8 + 0.2 * (c + 2 * r), 7.4 + 0.2 * (c + 2 * r)):.3f}"/>'
        for c in range(2)
        for r in range(3)
    )
    drop = ease(t, 9, 10)
    picture = f'<g opacity="{drop}" transform="translate(0 {mix(-40, 0, drop):.1f})"><svg x="{left}" y="{top}" width="{column * 2 + step}" height="120" viewBox="0 170 520 226" preserveAspectRatio="xMidYMid slice">{art.pears()}</svg></g>'
    text = "".join(
        f'<g opacity="{ease(t, start, start + 1)}">{words(left + c * (column + step), top + 132 + 3, column, count, step, 9, 3 + c)}</g>'
        for c, count, start in ((0, 21, 10.4), (1, 10, 11.2))
    )
    caption = f'<g opacity="{ease(t, 12, 13)}"><rect x="{left + column + step}" y="{top + 264}" width="{column}" height="120" fill="{TEAL}"/></g>'
    fade = 1 - 0.75 * ease(t, 13.5, 15)
    return (
        page_shape(247, 18, 360, 444)
        + f'<g opacity="{fade:.3f}">{fields}{base}{columns}</g>'
        + picture
        + text
        + caption
    )


def margins(t: float) -> str:
    w, h, cx, top = 306.0, 420.0, 427.0, 30.0

    def p(x: float, y: float) -> str:
        return f"{cx + x:.1f} {top + y:.1f}"

    lines = (
        drawn(f"M{p(-w, h)}L{p(w, 0)}", t, 0.8, 2.2, RED)
        + drawn(f"M{p(-w, 0)}L{p(w, h)}", t, 1.6, 3, RED)
        + drawn(f"M{p(0, 0)}L{p(w, h)}", t, 3.2, 4.4, BLUE)
        + drawn(f"M{p(0, 0)}L{p(-w, h)}", t, 3.6, 4.8, BLUE)
        + drawn(f"M{p(w / 3, h / 3)}V{top}", t, 5.4, 6.4, TEAL, 3)
        + drawn(f"M{p(w / 3, 0)}L{p(-w / 3, h / 3)}", t, 6.6, 8, TEAL, 3)
    )
    dots = "".join(
        f'<circle cx="{cx + x:.1f}" cy="{top + y:.1f}" r="{6 * ease(t, start, start + 0.4):.2f}" fill="{INK}"/>'
        for x, y, start in ((w / 3, h / 3, 5), (-w / 3, h / 3, 5), (w / 9, h / 9, 8.2))
    )
    path = f"M{p(w / 9, h / 9)}L{p(7 * w / 9, h / 9)}L{p(7 * w / 9, 7 * h / 9)}L{p(w / 9, 7 * h / 9)}z"
    mirror = f"M{p(-w / 9, h / 9)}L{p(-7 * w / 9, h / 9)}L{p(-7 * w / 9, 7 * h / 9)}L{p(-w / 9, 7 * h / 9)}z"
    block = drawn(path, t, 8.6, 10.4, INK, 3) + drawn(mirror, t, 9.2, 11, INK, 3)
    full = ease(t, 12, 13.5)
    text = "".join(
        f'<g opacity="{full}">{words(cx + x, top + h / 9 + 6, 6 * w / 9, 18, 6 * h / 9 / 18, 10, seed)}</g>'
        for x, seed in ((w / 9, 5), (-7 * w / 9, 8))
    )
    return (
        page_shape(cx - w, top, 2 * w, h)
        + f'<rect x="{cx - 10}" y="{top}" width="20" height="{h}" fill="#0d1226" opacity=".07"/>'
        + f'<g opacity="{1 - 0.85 * full:.3f}">{lines}{dots}{block}</g>{text}'
    )


# --- Two Inks -------------------------------------------------------------------------------------


def overprint(t: float) -> str:
    x = ease(t, 1, 5) - 0.5 * ease(t, 7, 9) + 0.5 * ease(t, 10.5, 13)
    away = mix(190, 62, x)
    return (
        f'<g style="isolation:isolate"><rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
        f'<circle cx="{427 - away:.1f}" cy="240" r="142" fill="{RED}" style="mix-blend-mode:multiply"/>'
        f'<circle cx="{427 + away:.1f}" cy="240" r="142" fill="{BLUE}" style="mix-blend-mode:multiply"/></g>'
    )


# The painters' wheel: red, orange, yellow, green, blue, violet at every 60 degrees, as hues of the screen.
WHEEL = (0, 30, 55, 120, 215, 280, 360)
FIRST_INK = 110


def choosing_inks(t: float) -> str:
    # Rest at the neighbour, a third of the way round, and opposite.
    second = FIRST_INK - 45 * ease(t, 1, 2.5) + 170 * ease(t, 5, 8) + 55 * ease(t, 11, 13.5)
    ring = "".join(
        f'<path d="M0 -150A150 150 0 0 1 {150 * math.sin(math.pi / 18):.2f} {-150 * math.cos(math.pi / 18):.2f}L{98 * math.sin(math.pi / 18):.2f} {-98 * math.cos(math.pi / 18):.2f}A98 98 0 0 0 0 -98z" transform="rotate({10 * k})" fill="{ink(10 * k)}"/>'
        for k in range(36)
    )
    marks = "".join(
        f'<g transform="rotate({angle})"><circle cy="-172" r="13" fill="{ink(angle)}" stroke="{INK}" stroke-width="3"/><path d="M0 -92V0" stroke="{INK}" stroke-width="2"/></g>'
        for angle in (FIRST_INK, second)
    )
    return (
        f'<g transform="translate(230 240)">{ring}{marks}<circle r="7" fill="{INK}"/></g>'
        f'<g style="isolation:isolate"><rect x="450" width="404" height="480" fill="{PAPER}"/><circle cx="570" cy="240" r="112" fill="{ink(FIRST_INK)}" style="mix-blend-mode:multiply"/>'
        f'<circle cx="690" cy="240" r="112" fill="{ink(second)}" style="mix-blend-mode:multiply"/></g>'
    )


def ink(angle: float) -> str:
    """The colour of the ink at one place of the wheel; yellows lighter than blues, as in life."""
    place, rest = divmod(angle % 360, 60)
    hue = mix(WHEEL[int(place)], WHEEL[int(place) + 1], rest / 60)
    light = 47 + 10 * math.cos(math.radians(hue - 55))
    return f"hsl({hue % 360:.1f} 68% {light:.1f}%)"


def halftone(t: float) -> str:
    # Every dot moves at once: ten steps a second look the same and make half the file.
    t = math.floor(t * 10) / 10
    share = 0.05 + 0.90 * ease(t, 1, 9) - 0.60 * ease(t, 11, 14)
    step = 34
    # A disc covers its square up to 78 %; beyond, discs overlap and leave ever smaller holes.
    radius = (
        step * math.sqrt(share / math.pi) if share < 0.785 else step * mix(0.5, 0.69, (share - 0.785) / 0.215)
    )
    dots = "".join(
        f'<circle cx="{x * step}" cy="{y * step}" r="{radius:.2f}"/>'
        for x in range(-11, 12)
        for y in range(-11, 12)
        if abs(x) + abs(y) < 15
    )
    return (
        f'<clipPath id="l"><rect x="70" y="50" width="400" height="330"/></clipPath><rect x="70" y="50" width="400" height="330" fill="#fffdf8"/>'
        f'<g clip-path="url(#l)"><g transform="translate(270 215) rotate(45)" fill="{BLUE}">{dots}</g></g>'
        f'<rect x="520" y="50" width="264" height="330" fill="#fffdf8"/><rect x="520" y="50" width="264" height="330" fill="{BLUE}" opacity="{share:.3f}"/>'
        f'<rect x="70" y="424" width="714" height="6" rx="3" fill="{INK}" opacity=".15"/><rect x="70" y="424" width="{714 * share:.1f}" height="6" rx="3" fill="{RED}"/>'
        f'<circle cx="{70 + 714 * share:.1f}" cy="427" r="10" fill="{RED}"/><text x="{70 + 714 * share:.1f}" y="464" font-family="{SERIF}" font-size="22" text-anchor="middle" fill="{INK}">{round(share * 100)} %</text>'
    )


PEAR = "M0 -92C-16 -92 -26 -70 -30 -44C-37 -6 -78 12 -78 62C-78 108 -44 132 0 132S78 108 78 62C78 12 37 -6 30 -44C26 -70 16 -92 0 -92z"


def registration(t: float) -> str:
    out = ""
    slip = 1 + 0.35 * math.sin(1.6 * t)
    for index, (off, trap) in enumerate(((0, 0), (1, 0), (1, 14))):
        start = 1 + 4 * index
        come = ease(t, start + 1.2, start + 2.6)
        shown = ease(t, start - 0.6, start)
        dx, dy = off * 8 * slip * come, off * 5 * slip * come
        ground = f'<path d="M-112 -150H112V170H-112z{PEAR}" fill="{BLUE}" fill-rule="evenodd"/>'
        light = f'<path d="{PEAR}" fill="{MUSTARD}" stroke="{MUSTARD}" stroke-width="{trap}" stroke-linejoin="round"/>'
        cross = f'<path d="M-98 -182v20M-108 -172h20" stroke="{INK}" stroke-width="1.6"/>'
        out += (
            f'<g transform="translate({157 + 270 * index} 240)" style="isolation:isolate"><rect x="-122" y="-196" width="244" height="392" fill="#fffdf8"/>'
            f'<g opacity="{shown:.3f}">{light}{cross}</g><g opacity="{come:.3f}" style="mix-blend-mode:multiply" transform="translate({mix(60, 0, come) + dx:.2f} {dy:.2f})">{ground}{cross}</g></g>'
        )
    return out


def separations(t: float) -> str:
    first, second, lift = ease(t, 2, 4.5), ease(t, 6, 8.5), ease(t, 10.5, 12.5) - ease(t, 13.5, 15.5)
    cross = "".join(
        f'<path d="M{x} {y - 8}v16M{x - 8} {y}h16" stroke="{INK}" stroke-width="1.4"/>'
        for x in (-136, 136)
        for y in (-186, 186)
    )

    def plate(which: str, x: float, opacity: float) -> str:
        picture = framed(
            520, 620, art.pears(which).replace(f'fill="{PAPER}"', 'fill="none"'), (-118, -141, 236, 282)
        )
        return f'<g transform="translate({x:.1f} 240)" opacity="{opacity:.3f}" style="mix-blend-mode:multiply">{picture}{cross}</g>'

    sheet = '<rect x="277" y="40" width="300" height="400" fill="#fffdf8"/>'
    return (
        page_shape(277, 40, 300, 400)
        + f'<g style="isolation:isolate">{sheet}'
        + plate("first", mix(mix(-140, 427, first), 205, lift), 1)
        + plate("second", mix(mix(1000, 427, second), 649, lift), 1)
        + "</g>"
    )


# name: (seconds, frame, colour of the table, seed of the notes)
FILMS: dict[str, tuple[float, Frame, str, int]] = {
    "calm-page": (15, calm_page, SAGE, 1),
    "letter-spacing": (17, letter_spacing, PAPER, 2),
    "leading": (15, leading, PINK, 3),
    "grid": (17, grid, SAGE, 4),
    "margins": (16, margins, PINK, 5),
    "overprint": (14, overprint, PAPER, 6),
    "choosing-inks": (16, choosing_inks, PAPER, 7),
    "halftone": (15, halftone, PAPER, 8),
    "registration": (16, registration, PAPER, 9),
    "separations": (17, separations, SAGE, 10),
}

# Two octaves of a pentatonic scale on D; any of its notes sounds well with any other.
SCALE = tuple(146.83 * 2 ** (n / 12) for n in (0, 2, 4, 7, 9, 12, 14, 16, 19, 21))


def notes(seconds: float, seed: int) -> array.array[int]:
    """Return quiet plucked notes as 16-bit samples, fading out at the end."""
    dice = random.Random(seed)
    samples = array.array("d", bytes(8 * int(seconds * SAMPLES)))
    at, place = 0.4, 4
    while at < seconds - 1.5:
        place = max(0, min(len(SCALE) - 1, place + dice.choice((-3, -2, -1, 1, 2, 3))))
        for pitch, loud in ((SCALE[place], 0.11), (SCALE[place] / 2, 0.05 if dice.random() < 0.4 else 0)):
            _pluck(samples, at, pitch, loud)
        at += dice.choice((0.75, 0.75, 1.5, 1.125))
    total = len(samples)
    return array.array(
        "h", (int(32000 * max(-1, min(1, s * min(1, (total - i) / SAMPLES)))) for i, s in enumerate(samples))
    )


def _pluck(samples: array.array[float], at: float, pitch: float, loud: float) -> None:
    if not loud:
        return
    start, length = int(at * SAMPLES), int(2.4 * SAMPLES)
    turn = 2 * math.pi * pitch / SAMPLES
    for i in range(min(length, len(samples) - start)):
        fade = math.exp(-2.1 * i / SAMPLES) * min(1, i / 260)
        samples[start + i] += (
            loud * fade * (math.sin(turn * i) + 0.28 * math.sin(2 * turn * i) * math.exp(-3 * i / SAMPLES))
        )


def encode(page: Page, name: str, folder: Path) -> None:
    """Draw and encode one film."""
    seconds, frame, ground, seed = FILMS[name]
    sound = folder / f"{name}.wav"
    with wave.open(str(sound), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLES)
        out.writeframes(notes(seconds, seed).tobytes())
    command = [
        "ffmpeg", "-y", "-loglevel", "error", "-f", "image2pipe", "-framerate", str(RATE), "-c:v", "png", "-i", "-", "-i", str(sound),
        "-c:v", "libx264", "-preset", "veryslow", "-crf", str(QUALITIES.get(name, QUALITY)), "-pix_fmt", "yuv420p", "-g", str(3 * RATE), "-threads", "1",
        "-c:a", "aac", "-b:a", "32k", "-ac", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
        "-movflags", "+faststart", str(MEDIA / f"{name}.mp4"),
    ]  # fmt: skip
    page.set_content(
        "<!doctype html><style>html,body{margin:0;overflow:hidden}svg{display:block}</style><div id=a></div>"
    )
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin is not None
    for index in range(int(seconds * RATE)):
        encoder.stdin.write(still(page, frame(index / RATE), ground))
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise RuntimeError(f"ffmpeg could not encode {name}")


def still(page: Page, drawing: str, ground: str) -> bytes:
    """Return one frame as PNG."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"><rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>{drawing}</svg>'
    page.evaluate("svg => { document.getElementById('a').innerHTML = svg }", svg)
    return page.screenshot()


def make(wanted: list[str] | None = None) -> None:
    """Make all films, or those named."""
    MEDIA.mkdir(exist_ok=True)
    with drawing_board(WIDTH, HEIGHT) as page, tempfile.TemporaryDirectory() as folder:
        for name in wanted or FILMS:
            encode(page, name, Path(folder))


if __name__ == "__main__":
    make(sys.argv[1:])
