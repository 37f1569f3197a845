"""What a video or sound says of itself: how long it plays, how large it is. Nobody has to type it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_BOXES = 200
_LONGEST_SECONDS = 24 * 3600
_LARGEST_SIDE = 16_384


@dataclass(frozen=True, slots=True)
class Film:
    """What an MP4 says of itself; ``width`` and ``height`` in pixels, None where it does not say."""

    seconds: int | None = None
    width: int | None = None
    height: int | None = None


def film_of(stream: BinaryIO) -> Film:
    """Return what the file says of itself; the stream is left at its beginning."""
    width, height = frame_size(stream) or (None, None)
    return Film(playing_time(stream), width, height)


def frame_size(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height of an MP4 in pixels, or None where it does not say.

    The stream is left at its beginning. Source: ISO 14496-12, box ``tkhd``; a sound's track has the size 0.
    """
    try:
        moov = _find_box(stream, b"moov", 0, stream.seek(0, os.SEEK_END))
        sizes = (
            (_size_of_track(stream, *trak) for trak in _boxes(stream, b"trak", *moov)) if moov else iter(())
        )
        return next((size for size in sizes if size is not None), None)
    finally:
        stream.seek(0)


def begins_with_plan(stream: BinaryIO) -> bool:
    """Whether an MP4 says what is where (``moov``) before its pictures (``mdat``), so that it plays while it loads.

    The stream is left at its beginning.
    """
    try:
        end = stream.seek(0, os.SEEK_END)
        plan, pictures = _find_box(stream, b"moov", 0, end), _find_box(stream, b"mdat", 0, end)
        return plan is not None and (pictures is None or plan[0] < pictures[0])
    finally:
        stream.seek(0)


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
    """Return where the content of the first such box begins and ends."""
    return next(_boxes(stream, name, start, end), None)


def _boxes(stream: BinaryIO, name: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the content of each such box begins and ends. Hostile files end the search early."""
    for _ in range(_MOST_BOXES):
        stream.seek(start)
        head = stream.read(16)
        if len(head) < 8:
            return
        size, content = int.from_bytes(head[:4]), 8
        if size == 1:
            size, content = int.from_bytes(head[8:16]), 16
        if size < content or start + size > end:
            return
        if head[4:8] == name:
            yield start + content, start + size
        start += size


def _size_of_track(stream: BinaryIO, start: int, end: int) -> tuple[int, int] | None:
    """Width and height are the last two numbers of the track's header, each with 16 bits behind the point."""
    tkhd = _find_box(stream, b"tkhd", start, end)
    if tkhd is None or tkhd[1] - tkhd[0] < 84:
        return None
    stream.seek(tkhd[1] - 8)
    numbers = stream.read(8)
    width, height = int.from_bytes(numbers[:4]) >> 16, int.from_bytes(numbers[4:]) >> 16
    return (width, height) if 0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE else None


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
