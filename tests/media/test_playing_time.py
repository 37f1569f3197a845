"""How long a video plays, from honest and from hostile files."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.media.playing_time import playing_time


def box(name: bytes, content: bytes) -> bytes:
    """Return a box of an MP4 file."""
    return (8 + len(content)).to_bytes(4) + name + content


def film(seconds: int, scale: int = 1000) -> bytes:
    """Return the beginning of an MP4 file that plays so long."""
    times = bytes(4) + bytes(8) + scale.to_bytes(4) + (seconds * scale).to_bytes(4) + bytes(80)
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(100)) + box(b"moov", box(b"mvhd", times))


def test_a_film_says_how_long_it_plays() -> None:
    stream = io.BytesIO(film(200))

    assert playing_time(stream) == 200
    assert stream.tell() == 0


def test_a_long_form_of_the_times_is_read_too() -> None:
    times = b"\x01" + bytes(3) + bytes(16) + (90_000).to_bytes(4) + (61 * 90_000).to_bytes(8) + bytes(80)

    assert playing_time(io.BytesIO(box(b"moov", box(b"mvhd", times)))) == 61


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.4",
        film(0),
        film(5, scale=0),
        film(100_000, scale=1),
        box(b"moov", b""),
        box(b"moov", box(b"mvhd", b"short")),
        (0).to_bytes(4) + b"moov",
        (1).to_bytes(4) + b"moov" + (2**63).to_bytes(8),
        (2**31).to_bytes(4) + b"free",
        box(b"free", b"") * 5000,
    ],
)
def test_a_file_that_does_not_say_is_not_guessed(content: bytes) -> None:
    assert playing_time(io.BytesIO(content)) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_it(content: bytes) -> None:
    assert playing_time(io.BytesIO(content)) in (None, *range(1, 86_401))
