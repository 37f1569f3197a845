"""Twelve seamless two-colour patterns: each is one small SVG tile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Drawing = Callable[[str, str, str], str]


@dataclass(frozen=True)
class Pattern:
    """A tile of ``width`` by ``height`` units, drawn in two inks on a ground."""

    slug: str
    title: str
    title_zh: str
    width: int
    height: int
    draw: Drawing

    def tile(self, first: str, second: str, ground: str) -> str:
        """Return the tile as a complete SVG file in the given colours."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}">\n'
            f'<rect width="{self.width}" height="{self.height}" fill="{ground}"/>\n'
            f"{self.draw(first, second, ground)}\n</svg>\n"
        )

    def fill(self, id_: str, first: str, second: str, ground: str, scale: float = 1) -> str:
        """Return an SVG ``<pattern>`` definition named ``id_``."""
        return (
            f'<pattern id="{id_}" width="{self.width}" height="{self.height}" '
            f'patternUnits="userSpaceOnUse" patternTransform="scale({scale})">'
            f'<rect width="{self.width}" height="{self.height}" fill="{ground}"/>'
            f"{self.draw(first, second, ground)}</pattern>"
        )


def _tide(first: str, second: str, ground: str) -> str:
    scales = []
    # Later scales cover earlier ones, as roof tiles do: painted from the back.
    for cx, cy in ((0, 0), (120, 0), (60, 30), (0, 60), (120, 60), (60, 90)):
        for radius, colour in ((60, first), (48, ground), (38, second), (26, ground), (16, first)):
            scales.append(f'<circle cx="{cx}" cy="{cy}" r="{radius}" fill="{colour}"/>')
    return "".join(scales)


def _quoins(first: str, second: str, ground: str) -> str:
    return (
        f'<path d="M0 0h40L20 40H0z" fill="{first}"/><path d="M40 0h40v40H60z" fill="{second}"/>'
        f'<path d="M0 40h20l20 40H0z" fill="{second}"/><path d="M60 40h20v40H40z" fill="{first}"/>'
    )


def _commas(first: str, second: str, ground: str) -> str:
    comma = "M9 0A9 9 0 1 0 1 9C1 13-2 17-6 20C4 18 9 10 9 0z"
    return (
        f'<path d="{comma}" transform="translate(25 22)" fill="{first}"/>'
        f'<path d="{comma}" transform="translate(65 62)" fill="{first}"/>'
        f'<path d="{comma}" transform="translate(65 20) rotate(180)" fill="{second}"/>'
        f'<path d="{comma}" transform="translate(25 64) rotate(180)" fill="{second}"/>'
    )


def _rain(first: str, second: str, ground: str) -> str:
    lines = []
    for index, (x, y) in enumerate(((10, 5), (30, 35), (50, 15), (70, 45), (90, 25))):
        colour = first if index % 2 else second
        for top in (y, y - 60):
            lines.append(
                f'<path d="M{x} {top}v34" stroke="{colour}" stroke-width="7" stroke-linecap="round"/>'
            )
    return "".join(lines)


def _arches(first: str, second: str, ground: str) -> str:
    return "".join(
        f'<path d="M{40 - r} 80V40a{r} {r} 0 0 1 {2 * r} 0v40z" fill="{colour}"/>'
        for r, colour in ((36, first), (26, ground), (17, second))
    )


def _dots(first: str, second: str, ground: str) -> str:
    return (
        f'<circle cx="20" cy="20" r="12" fill="{first}"/><circle cx="60" cy="60" r="12" fill="{first}"/>'
        f'<circle cx="60" cy="20" r="5" fill="{second}"/><circle cx="20" cy="60" r="5" fill="{second}"/>'
    )


def _lattice(first: str, second: str, ground: str) -> str:
    # A window lattice of the kind one sees in Shaoxing: squares joined by short bars.
    return (
        f'<g fill="none" stroke="{first}" stroke-width="6"><path d="M22 22h56v56H22z"/>'
        f'<path d="M0 50h22M78 50h22M50 0v22M50 78v22"/></g>'
        f'<g fill="none" stroke="{second}" stroke-width="6"><path d="M38 38h24v24H38z"/></g>'
        f'<g fill="{second}"><path d="M0 0h9v9H0zM91 0h9v9h-9zM0 91h9v9H0zM91 91h9v9h-9z"/></g>'
    )


def _leaves(first: str, second: str, ground: str) -> str:
    leaf = "M0 -26c16 10 16 42 0 52c-16-10-16-42 0-52z"
    return "".join(
        f'<path d="{leaf}" transform="translate({x} {y}) rotate({turn})" fill="{colour}"/>'
        for x, y, turn, colour in (
            (30, 30, 45, first),
            (90, 30, -45, second),
            (30, 90, -45, second),
            (90, 90, 45, first),
        )
    )


def _halftone(first: str, second: str, ground: str) -> str:
    return "".join(
        f'<circle cx="{x * 12 + 6}" cy="{y * 12 + 6}" '
        f'r="{1.2 + 4.4 * (0.5 + 0.5 * math.sin(2 * math.pi * (x + y) / 10)):.2f}" '
        f'fill="{first if (x + y) % 10 < 5 else second}"/>'
        for x in range(10)
        for y in range(10)
    )


def _waves(first: str, second: str, ground: str) -> str:
    wave = "c13 0 27 14 40 14s27-14 40-14"
    return "".join(
        f'<path d="M-40 {y}{wave}{wave}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for y, colour, width in (
            (6, first, 7),
            (22, second, 3),
            (38, first, 7),
            (54, second, 3),
            (-10, second, 3),
        )
    )


def _crosses(first: str, second: str, ground: str) -> str:
    plus = "M-4 -13h8v9h9v8h-9v9h-8v-9h-9v-8h9z"
    return (
        f'<path d="{plus}" transform="translate(22 22)" fill="{first}"/>'
        f'<path d="{plus}" transform="translate(66 66)" fill="{first}"/>'
        f'<path d="{plus}" transform="translate(66 22) rotate(45)" fill="{second}"/>'
        f'<path d="{plus}" transform="translate(22 66) rotate(45)" fill="{second}"/>'
    )


def _petals(first: str, second: str, ground: str) -> str:
    petal = "M0 0C16 -10 16 -30 0 -40C-16 -30 -16 -10 0 0z"
    flower = "".join(
        f'<path d="{petal}" transform="translate(50 50) rotate({turn})" fill="{first}"/>'
        for turn in range(45, 360, 90)
    )
    corners = "".join(
        f'<circle cx="{x}" cy="{y}" r="11" fill="{second}"/>'
        for x, y in ((0, 0), (100, 0), (0, 100), (100, 100))
    )
    return flower + corners + f'<circle cx="50" cy="50" r="7" fill="{second}"/>'


PATTERNS = (
    Pattern("tide", "Tide", "潮", 120, 60, _tide),
    Pattern("quoins", "Quoins", "版楔", 80, 80, _quoins),
    Pattern("commas", "Commas", "逗号", 80, 80, _commas),
    Pattern("rain", "Rain", "雨", 100, 60, _rain),
    Pattern("arches", "Arches", "拱", 80, 80, _arches),
    Pattern("dots", "Dots", "圆点", 80, 80, _dots),
    Pattern("lattice", "Lattice", "窗格", 100, 100, _lattice),
    Pattern("leaves", "Leaves", "叶", 120, 120, _leaves),
    Pattern("halftone", "Halftone", "网点", 120, 120, _halftone),
    Pattern("waves", "Waves", "波", 80, 64, _waves),
    Pattern("crosses", "Crosses", "十字", 88, 88, _crosses),
    Pattern("petals", "Petals", "花瓣", 100, 100, _petals),
)

BY_SLUG = {pattern.slug: pattern for pattern in PATTERNS}
