"""A font for a PDF that has all signs of a text: one of the system's, or else what every reader of PDF has.

Chinese needs a font of the machine, such as Debian's ``fonts-noto-cjk`` (docs/decisions/invoices.md). Where none has
all signs, the words are written in Latin letters, and the page says so.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fontTools.ttLib import TTFont

_PLACES = "/usr/share/fonts /usr/local/share/fonts /Library/Fonts /System/Library/Fonts"
_FOLDERS = tuple(Path(place) for place in _PLACES.split())
# Small ones with Latin, Greek and Cyrillic letters come before the large ones with Han; with the face within the file.
_WANTED = (
    ("DejaVuSans.ttf", 0),
    ("NotoSans-Regular.ttf", 0),
    ("LiberationSans-Regular.ttf", 0),
    ("NotoSansSC-Regular.otf", 0),
    ("NotoSansSC-Regular.ttf", 0),
    ("NotoSansCJKsc-Regular.otf", 0),
    ("NotoSansCJK-Regular.ttc", 2),
    ("SourceHanSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("wqy-zenhei.ttc", 0),
    ("DroidSansFallbackFull.ttf", 0),
    ("PingFang.ttc", 0),
    ("STHeiti Light.ttc", 0),
    ("Arial Unicode.ttf", 0),
)


class Font(NamedTuple):
    """A file, the face within it, and the signs that it has."""

    path: Path
    face: int
    signs: frozenset[int]


def font_for(texts: list[str]) -> Font | None:
    """Return the first font that has all signs of the texts, or None."""
    needed = {ord(sign) for text in texts for sign in text if not sign.isspace()}
    return next((font for font in known_fonts() if needed <= font.signs), None)


@lru_cache(maxsize=1)
def known_fonts() -> tuple[Font, ...]:
    """Return the fonts of this machine that we know how to use, in order of preference; looked for once a process."""
    files: dict[str, Path] = {}
    for folder in _FOLDERS:
        if folder.is_dir():
            for path in folder.rglob("*.[to]t[fc]"):
                files.setdefault(path.name, path)
    return tuple(
        Font(files[name], face, _signs(files[name], face)) for name, face in _WANTED if name in files
    )


def _signs(path: Path, face: int) -> frozenset[int]:
    number = face if path.suffix == ".ttc" else -1
    with TTFont(path, fontNumber=number, lazy=True) as font:
        return frozenset(font.getBestCmap())
