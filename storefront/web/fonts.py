"""Fonts for documents that the shop makes itself (PDF), found by the letters that they are needed for.

Inter, which the pages use, has the letters of western Europe. For all others a font of the machine is taken, if there
is one: fonts with Chinese letters are some ten megabytes, too much to bring along. See docs/decisions/certificates.md.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError

from storefront.web.assets import FOLDER

_OWN = FOLDER / "vendor" / "inter-5.3.0" / "inter-latin-wght-normal.woff2"
_PLACES = (
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
# Calm fonts without serifs, the best first. Others of the machine may be for headlines or pictures.
_GOOD = (
    "NotoSans-Regular", "DejaVuSans", "LiberationSans-Regular", "Arial", "NotoSansSC-Regular",
    "SourceHanSansSC-Regular", "NotoSansCJKsc-Regular", "NotoSansCJK-Regular", "PingFang", "Hiragino Sans GB",
    "STHeiti Light", "msyh", "wqy-microhei", "wqy-zenhei", "DroidSansFallbackFull", "DroidSansFallback", "simhei",
    "Arial Unicode",
)  # fmt: skip
_ENDINGS = (".ttf", ".otf", ".ttc")


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, and which font of a collection."""

    path: Path
    number: int = 0


def find_font(text: str, own_folder: Path) -> Font | None:
    """Return a font that has all letters of the text, or None when this machine has none.

    ``own_folder`` is where the operator may put one, which then comes first.
    """
    wanted = {ord(letter) for letter in text if not letter.isspace()}
    return next((font for font in _candidates(own_folder) if wanted <= _letters_of(font)), None)


def _candidates(own_folder: Path) -> Iterator[Font]:
    for path in sorted(own_folder.glob("*")):
        if path.suffix.lower() in _ENDINGS:
            yield Font(path, _number(path))
    yield Font(_OWN)
    for path in _of_the_machine():
        yield Font(path, _number(path))


@lru_cache(maxsize=1)
def _of_the_machine() -> tuple[Path, ...]:
    """Look once a process: a font that is installed later is found after a restart."""
    found: dict[str, Path] = {}
    for place in _PLACES:
        for folder, _, names in os.walk(Path(place).expanduser()):
            for name in names:
                stem, ending = os.path.splitext(name)
                if stem in _GOOD and ending.lower() in _ENDINGS:
                    found.setdefault(stem, Path(folder, name))
    return tuple(found[stem] for stem in _GOOD if stem in found)


@lru_cache(maxsize=32)
def _number(path: Path) -> int:
    """A collection holds a font for each country; the one for simplified Chinese is ours."""
    if path.suffix.lower() != ".ttc":
        return 0
    try:
        with path.open("rb") as file:
            names = [str(font["name"].getDebugName(1)) for font in TTCollection(file, lazy=True).fonts]
    except (OSError, TTLibError):
        return 0
    return next((number for number, name in enumerate(names) if name.endswith((" SC", " GB"))), 0)


@lru_cache(maxsize=8)
def _letters_of(font: Font) -> frozenset[int]:
    try:
        with font.path.open("rb") as file, TTFont(file, fontNumber=font.number, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()
