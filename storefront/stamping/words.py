"""What a copy says about its buyer, and the letters that it can be said in."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont
from slugify import slugify

from storefront.core.clock import datetime

# Where systems keep a face with Chinese letters; the first that is there is used.
_FACES = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)


class NotStampable(Exception):
    """The file can't be marked; ``str()`` says why, for the owner."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Who bought it: mailbox, number of the order, day. ``language`` is the order's."""

    email: str
    order_number: str
    on: datetime
    language: str

    def line(self, *, is_chinese_possible: bool) -> str:
        """Return the words of the stamp in one line; without a face for them in Latin letters only."""
        facts = f"{self.email} · {self.order_number} · {self.on.date().isoformat()}"
        if is_chinese_possible:
            label = "授权给" if self.language == "zh" else "Licensed to"
            return f"{label} {facts}"
        return in_latin(f"Licensed to {facts}")

    @property
    def plain(self) -> str:
        """The words in ASCII, for places that know nothing else."""
        return (
            in_latin(self.line(is_chinese_possible=False))
            .replace("·", "|")
            .encode("ascii", "replace")
            .decode()
        )


def in_latin(text: str) -> str:
    """Return the text with what Latin-1 lacks written in Latin letters; what has none is left out."""
    return "".join(_latin_letter(letter) for letter in unicodedata.normalize("NFKC", text))


def is_latin(text: str) -> bool:
    """Whether the letters that every PDF reader has are enough."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def chinese_face() -> Path | None:
    """Return a font file of this system with Chinese letters, if there is one."""
    return next((Path(face) for face in _FACES if Path(face).exists()), None)


def picture_face(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Return the face in which pictures are marked, that many pixels high."""
    face = chinese_face()
    return ImageFont.truetype(str(face), size) if face else ImageFont.load_default(size)


def _latin_letter(letter: str) -> str:
    if is_latin(letter):
        return letter
    return slugify(letter, lowercase=False)
