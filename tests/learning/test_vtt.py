"""Captions: what a browser would show is taken, what it would not is refused with the line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefront.catalog.vtt import BadCaptions, Cue, checked, cues_of, transcript_of

GOOD = """\ufeffWEBVTT - made by hand\r
Kind: captions\r
\r
NOTE nobody reads this\r
and this\r
\r
1\r
00:01.000 --> 00:02.500 align:start\r
<v Anna>Hello &amp; <i>welcome</i>\r
to the course\r
\r
00:00:03.000 --> 01:00:04.000\r
Bye\r
"""


def test_captions_are_read_as_browsers_read_them() -> None:
    assert cues_of(checked(GOOD)) == [
        Cue(1.0, 2.5, "Hello & welcome to the course"),
        Cue(3.0, 3604.0, "Bye"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("WEBVTTX\n\n00:01.000 --> 00:02.000\nHi", None),
        ("WEBVTT\n\nNOTE only this", None),
        ("1\n00:00:01,000 --> 00:00:02,000\nSubRip", None),
        ("WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nHi", 3),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nBackwards", 3),
        ("WEBVTT\n\nname\n00:61.000 --> 00:62.000\nHi", 4),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n\nstray words", 6),
    ],
)
def test_odd_captions_are_refused_with_the_line(text: str, line: int | None) -> None:
    with pytest.raises(BadCaptions) as refused:
        checked(text)
    assert refused.value.values.get("line") == line


def test_a_pause_begins_a_new_paragraph_of_the_transcript() -> None:
    cues = (
        "00:01.000 --> 00:02.000\nOne",
        "00:02.500 --> 00:03.000\ntwo.",
        "00:09.000 --> 00:10.000\nThree.",
    )
    text = "WEBVTT\n\n" + "\n\n".join(cues)
    assert [(one.start, one.text) for one in transcript_of(text)] == [(1.0, "One two."), (9.0, "Three.")]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, f"WEBVTT\n\n{text}", f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}"):
        try:
            cues_of(checked(candidate))
        except BadCaptions:
            continue
