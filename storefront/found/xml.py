"""Writing XML piece by piece, and sending it so that neither memory nor a connection is held for long."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from xml.sax.saxutils import escape

from flask import Response, request

# What XML 1.0 has no letters for; other texts may hold it, a document may not.
_NO_LETTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PIECE = 64_000


def text(value: object) -> str:
    """Return a text as it may stand between tags and in attributes."""
    return escape(_NO_LETTER.sub("", str(value)), {'"': "&quot;"})


def element(name: str, value: object, **attributes: object) -> str:
    """Return an element with a text; nothing when the text is empty."""
    words = "".join(f' {key}="{text(one)}"' for key, one in attributes.items())
    return f"<{name}{words}>{text(value)}</{name}>\n" if str(value) else ""


def streamed(pieces: Callable[[], Iterator[str]], content_type: str, mark: str) -> Response:
    """Answer with a long document as it is written, compressed for who takes it, or that nothing has changed.

    ``mark`` must differ whenever the document does. The pieces are made after the request has ended, so they must
    not ask for it.
    """
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    if request.if_none_match.contains_weak(mark):
        response = Response(status=304)
    elif is_packed:
        response = Response(_gzipped(_in_pieces(pieces())), content_type=content_type)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(_in_pieces(pieces()), content_type=content_type)
    # Not make_conditional(), which would write the whole document into memory to know how long it is.
    response.set_etag(mark, weak=True)
    response.headers["Cache-Control"] = "public, no-cache"
    response.vary.add("Accept-Encoding")
    return response


def _in_pieces(texts: Iterable[str]) -> Iterator[bytes]:
    """Many small texts become few large pieces."""
    waiting, size = [], 0
    for one in texts:
        waiting.append(one)
        size += len(one)
        if size >= _PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=4, wbits=31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
