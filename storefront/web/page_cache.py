"""Whole pages kept in the process for visitors who are nobody in particular.

A view marked ``@cacheable`` makes a page that is the same for everyone. The layer below keeps it, compressed once for
each encoding, until the catalogue's stamp moves or the clock passes the page's own end (a publication by the clock).
Asking the database for the stamp at every request would cost half of the gain, so a process looks at most once a
second, and at once in the process that made the change (``forget``).
"""

import hashlib
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import brotli
from flask import Response, g, request

from storefront.core.clock import datetime
from storefront.web.language import is_by_prefix, language_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Only these may change what a cacheable page shows; all others (utm_..., fbclid ...) are one page.
QUERY_KEYS = frozenset({"q", "category", "sort", "after", "variant"})
# Whoever has one of these is somebody in particular.
PERSONAL_COOKIES = ("account=", "__Host-account=")
_MARK = "X-Page-Cache"
_LOOK_EVERY = 1.0
_ENCODINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("br", lambda body: brotli.compress(body, quality=5)),
    ("gzip", lambda body: zlib.compress(body, level=6, wbits=31)),
)


class _Entry(NamedTuple):
    headers: list[tuple[str, str]]
    etag: str
    bodies: dict[str, bytes]
    stamp: int
    ends_at: float


def cacheable(view: Callable[..., Response]) -> Callable[..., Response]:
    """Mark a view whose page is the same for everyone; it must touch neither session nor cookies."""

    @wraps(view)
    def marked(**arguments: Any) -> Response:
        g.is_cacheable = True
        response = view(**arguments)
        if response.status_code == 200:
            response.headers[_MARK] = str(g.get("page_ends_at", 0))
            response.headers["Cache-Control"] = "public, no-cache"
            if not is_by_prefix(request.environ):
                response.vary.update(("Accept-Language", "Cookie"))
        return response

    return marked


def page_ends_at(moment: datetime | None) -> None:
    """Say when the clock will change this page, at the latest."""
    if moment is not None:
        g.page_ends_at = min(moment.timestamp(), g.get("page_ends_at") or moment.timestamp())


def allowed_query(query: str) -> str:
    """Return the part of a query string that may matter, in a fixed order."""
    if not query:
        return ""
    return urlencode(sorted(pair for pair in parse_qsl(query) if pair[0] in QUERY_KEYS))


class PageCache:
    """The WSGI layer that keeps pages."""

    def __init__(
        self, app: "WSGIApplication", stamp: Callable[[], int], kept: Callable[[str], bool], size: int = 2000
    ) -> None:
        """``stamp`` asks the database for the version of the catalogue; ``kept`` says which paths may be kept."""
        self.app = app
        self._is_kept = kept
        self._read_stamp = stamp
        self._stamp = -1
        self._looked_at = float("-inf")
        self._pages: OrderedDict[tuple[str, ...], _Entry] = OrderedDict()
        self._size = size
        self._lock = Lock()

    def forget(self) -> None:
        """Look at the stamp again at the next request, because this process has just changed the catalogue."""
        self._looked_at = float("-inf")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from memory, or ask the shop and keep its answer if it may be kept."""
        cookies = environ.get("HTTP_COOKIE", "")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not self._is_kept(environ["PATH_INFO"]):
            return self.app(environ, start_response)
        if any(name in cookies for name in PERSONAL_COOKIES):
            return self._ask_without_keeping(environ, start_response)
        key = _key(environ)
        stamp = self._current_stamp()
        entry = self._pages.get(key)
        if entry is not None and entry.stamp == stamp and (not entry.ends_at or time.time() < entry.ends_at):
            return _send(entry, environ, start_response)
        return self._ask(environ, start_response, key, stamp)

    def _current_stamp(self) -> int:
        clock = time.monotonic()
        if clock - self._looked_at >= _LOOK_EVERY:
            self._looked_at = clock
            self._stamp = self._read_stamp()
        return self._stamp

    def _ask_without_keeping(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if any(name == _MARK for name, _ in headers):
                headers = [pair for pair in headers if pair[0] not in (_MARK, "Cache-Control")]
                headers.append(("Cache-Control", "private, no-cache"))
            return start_response(status, headers, exc_info)

        return self.app(environ, start)

    def _ask(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", key: tuple[str, ...], stamp: int
    ) -> Iterable[bytes]:
        """Have the page made without compression and conditions, so that what is kept serves every browser."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers, exc_info]
            return lambda _data: None

        wanted = {name: environ.pop(name, None) for name in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH")}
        answer = self.app(environ, start)
        environ.update({name: value for name, value in wanted.items() if value is not None})
        status, headers, exc_info = started
        mark = next((value for name, value in headers if name == _MARK), None)
        if mark is None or environ["REQUEST_METHOD"] == "HEAD" or any(name == "Set-Cookie" for name, _ in headers):
            start_response(status, [pair for pair in headers if pair[0] != _MARK], exc_info)
            return answer
        entry = _entry(b"".join(answer), headers, stamp, float(mark))
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        with self._lock:
            self._pages[key] = entry
            while len(self._pages) > self._size:
                self._pages.popitem(last=False)
        return _send(entry, environ, start_response)


def _key(environ: "WSGIEnvironment") -> tuple[str, ...]:
    return (
        environ.get("SCRIPT_NAME", ""),
        environ["PATH_INFO"],
        allowed_query(environ.get("QUERY_STRING", "")),
        language_of(environ),
        environ.get("HTTP_HX_REQUEST_TYPE", "") if environ.get("HTTP_HX_REQUEST") else "",
    )


def _entry(body: bytes, headers: list[tuple[str, str]], stamp: int, ends_at: float) -> _Entry:
    dropped = (_MARK, "Content-Length", "ETag", "X-Request-Id")
    kept = [(name, value) for name, value in headers if name not in dropped]
    vary = ", ".join([value for name, value in kept if name == "Vary"] + ["Accept-Encoding"])
    kept = [(name, value) for name, value in kept if name != "Vary"] + [("Vary", vary)]
    return _Entry(kept, f'W/"{hashlib.sha256(body).hexdigest()[:20]}"', {"": body}, stamp, ends_at)


def _send(entry: _Entry, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    if entry.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", [*entry.headers, ("ETag", entry.etag)])
        return []
    encoding, body = _encoded(entry, environ.get("HTTP_ACCEPT_ENCODING", ""))
    headers = [*entry.headers, ("ETag", entry.etag), ("Content-Length", str(len(body)))]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _encoded(entry: _Entry, accepted: str) -> tuple[str, bytes]:
    for name, compress in _ENCODINGS:
        if name in accepted:
            body = entry.bodies.get(name)
            if body is None:
                body = entry.bodies[name] = compress(entry.bodies[""])
            return name, body
    return "", entry.bodies[""]
