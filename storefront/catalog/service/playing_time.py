"""How long a video or sound plays, read from the file, so that nobody has to type it."""

import os
from typing import BinaryIO

_MOST_BOXES = 200
_LONGEST_SECONDS = 24 * 3600


def playing_time(stream: BinaryIO) -> int | None:
    """Return the seconds that an MP4 or M4A file says it plays, or None where it does not say.

    The stream is left at its beginning. Source: ISO 14496-12, boxes ``moov`` and ``mvhd``.
    """
    try:
        end = stream.seek(0, os.SEEK_END)
        moov = _find_box(stream, b"moov", 0, end)
        mvhd = _find_box(stream, b"mvhd", *moov) if moov else None
        return _seconds(stream, mvhd[0]) if mvhd else None
    finally:
        stream.seek(0)


def _find_box(stream: BinaryIO, name: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where the content of the box begins and ends. Hostile files end the search early."""
    for _ in range(_MOST_BOXES):
        stream.seek(start)
        head = stream.read(16)
        if len(head) < 8:
            return None
        size, content = int.from_bytes(head[:4]), 8
        if size == 1:
            size, content = int.from_bytes(head[8:16]), 16
        if size < content or start + size > end:
            return None
        if head[4:8] == name:
            return start + content, start + size
        start += size
    return None


def _seconds(stream: BinaryIO, start: int) -> int | None:
    stream.seek(start)
    head = stream.read(32)
    if len(head) < 32:
        return None
    if head[0] == 1:
        scale, units = int.from_bytes(head[20:24]), int.from_bytes(head[24:32])
    else:
        scale, units = int.from_bytes(head[12:16]), int.from_bytes(head[16:20])
    seconds = round(units / scale) if scale else 0
    return seconds if 0 < seconds <= _LONGEST_SECONDS else None
