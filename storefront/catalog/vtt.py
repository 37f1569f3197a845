"""Captions in WebVTT: read, checked, and told as a transcript. Source: W3C, WebVTT (the "File structure")."""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from storefront.core.errors import N_, ShopError

LONGEST = 1_000_000
MOST_CUES = 20_000
_MARK = "WEBVTT"
_TIME = r"(?:([0-9]{2,4}):)?([0-5][0-9]):([0-5][0-9])\.([0-9]{3})"
_TIMING = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t]+.*)?")
_TAG = re.compile(r"<[^>]*>")
_NO_CUES = ("NOTE", "STYLE", "REGION")
# A pause of so many seconds begins a new paragraph of the transcript.
_PAUSE = 2.5
_LONGEST_PARAGRAPH = 600


class BadCaptions(ShopError):
    """The file is no WebVTT that a browser would show."""

    status = 422
    sentence = N_("These are no WebVTT captions. A file begins with the line WEBVTT.")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from a second to a second."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of a transcript and the second in which it begins."""

    start: float
    text: str


def checked(text: str) -> str:
    """Return captions as they are kept: with plain line ends and without a byte order mark.

    Raises:
        BadCaptions: they are no WebVTT, hold nothing, or a line of them can't be read; it says which.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if not cues_of(plain):
        raise BadCaptions(N_("These captions say nothing."))
    return plain.rstrip() + "\n"


def cues_of(text: str) -> list[Cue]:
    """Return what the captions show, in order.

    Raises:
        BadCaptions: they are no WebVTT, or a line can't be read.
    """
    lines = text.split("\n")
    head = lines[0]
    if not head.startswith(_MARK) or head[len(_MARK) :][:1] not in ("", " ", "\t"):
        raise BadCaptions
    cues: list[Cue] = []
    number = 1
    while number < len(lines):
        block = _block(lines, number)
        if any("-->" in line for line in block):
            cues.append(_cue(block, number + 1))
        elif block and not block[0].startswith(_NO_CUES) and number > 1:
            raise _unreadable(number + 1)
        number += len(block) + 1
        if len(cues) > MOST_CUES:
            raise BadCaptions(N_("That is more than captions hold."))
    return cues


@lru_cache(maxsize=64)
def transcript_of(text: str) -> tuple[Paragraph, ...]:
    """Return what is said in captions that were checked, in paragraphs: a pause begins a new one."""
    found: list[Paragraph] = []
    last_end = -_PAUSE
    for cue in cues_of(text):
        if not cue.text:
            continue
        before = found[-1] if found else None
        if before is None or cue.start - last_end >= _PAUSE or len(before.text) > _LONGEST_PARAGRAPH:
            found.append(Paragraph(cue.start, cue.text))
        else:
            found[-1] = Paragraph(before.start, f"{before.text} {cue.text}")
        last_end = cue.end
    return tuple(found)


def _block(lines: list[str], number: int) -> list[str]:
    end = number
    while end < len(lines) and lines[end].strip():
        end += 1
    return lines[number:end]


def _cue(block: list[str], number: int) -> Cue:
    """A cue may have a name above its times; ``number`` is the line in the file of the first of the block."""
    place = 0 if "-->" in block[0] else 1
    times = _TIMING.fullmatch(block[place].strip())
    if times is None:
        raise _unreadable(number + place)
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    if end <= start:
        raise _unreadable(number + place)
    return Cue(start, end, _plain(block[place + 1 :]))


def _plain(lines: list[str]) -> str:
    return " ".join(html.unescape(_TAG.sub("", " ".join(lines))).split())


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _unreadable(line: int) -> BadCaptions:
    return BadCaptions(
        N_("Line %(line)s of the captions can't be read. Times look like 00:01:02.500 --> 00:01:04.000."),
        line=line,
    )
