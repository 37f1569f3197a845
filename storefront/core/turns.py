"""Requests of one process run in turn, except while they wait for somebody else.

Python runs one thread at a time. Eight that all want to run hand the interpreter to each other at every query, from
core to core, which takes half as much again as the work itself (``docs/decisions/speed.md``). So a request waits for
the one before it; but never long, since that one may be a slow one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Seconds after which a request no longer waits for its turn: some thirty ordinary pages.
PATIENCE = 0.05


class _Mine(local):
    """Whether it is this thread's turn."""

    has_turn = False


_turn = Lock()
_mine = _Mine()


def in_turn(app: "WSGIApplication") -> "WSGIApplication":
    """Return the app with its requests in turn; what is streamed after the answer has begun is not waited for."""

    def layer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        _mine.has_turn = _turn.acquire(timeout=PATIENCE)
        try:
            return app(environ, start_response)
        finally:
            _leave()

    return layer


@contextmanager
def aside() -> Iterator[None]:
    """Let others go on during the block, which waits for somebody else: Stripe, a storage, a disk, a slow hash.

    No transaction may be open but the one that is being committed.
    """
    had_turn = _leave()
    try:
        yield
    finally:
        if had_turn:
            _mine.has_turn = _turn.acquire(timeout=PATIENCE)


def _leave() -> bool:
    had_turn = _mine.has_turn
    if had_turn:
        _mine.has_turn = False
        _turn.release()
    return had_turn
