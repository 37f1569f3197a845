"""Whole pages kept in the process for visitors who are nobody in particular.

A view marked ``@cacheable`` makes a page that is the same for everyone. The layer below keeps it, compressed once for
each encoding, until the catalogue's stamp moves or the clock passes the page's own end (a publication by the clock).
Asking the database for the stamp at every request would cost half of the gain, so a process looks at most once a
second, and at once in the process that made the change (``forget``).
"""

import hashlib
import sys
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar
from urllib.parse import parse_qsl, urlencode

import brotli
from flask import Response, g, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from storefront.core.clock import datetime
from storefront.core.logging import get_logger
from storefront.web.language import is_by_prefix, language_of
from storefront.web.pages import asks_for_fragment

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

P = ParamSpec("P")
T = TypeVar("T")

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Only these may change what a cacheable page shows; all others (utm_..., fbclid ...) are one page.
QUERY_KEYS = frozenset(
    {"q", "exactly", "category", "tag", "sort", "after", "filters", "min", "max", "stock", "rating"}
    | {"variant", "variant_id", "option-1", "option-2", "option-3"}
)
# Keys that begin like this, of which the rest is the name of an option, may do so too.
OPTION_PREFIX = "option."
# Of these keys several values count, in one order.
_MULTIPLE = frozenset({"category", "tag"})
MOST_OF_A_KEY = 8
MOST_OPTIONS = 3
# Strangers make up as many different pages as they like with these; such pages never push out others.
_FREE = frozenset({"q", "min", "max", "after"})
# What a form sends for an empty field says nothing.
_SAY_SOMETHING = frozenset({"min", "max"})
_MOST_CHOSEN = 2
# Whoever has one of these is somebody in particular.
PERSONAL_COOKIES = ("account=", "__Host-account=")
_MARK = "X-Page-Cache"
_VERSION = "storefront.catalogue_version"
_MOST_REMEMBERED = 256
_LOOK_EVERY = 1.0
# The first visitor of a page waits for its making, so it is compressed lightly; well once it is asked for again.
_LIGHTLY: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("zstd", lambda body: zstd.compress(body, 1)),
    ("gzip", lambda body: zlib.compress(body, level=1, wbits=31)),
    ("br", lambda body: brotli.compress(body, quality=2)),
)
_WELL: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("br", lambda body: brotli.compress(body, quality=6)),
    ("gzip", lambda body: zlib.compress(body, level=6, wbits=31)),
)


class _Entry(NamedTuple):
    headers: list[tuple[str, str]]
    etag: str
    bodies: dict[str, bytes]
    stamp: int
    ends_at: float

    @property
    def size(self) -> int:
        """About how much memory it takes, once there are two encodings of it."""
        return 2 * len(self.bodies[""])


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
            elif g.get("varies_by_cookie", False):
                response.vary.add("Cookie")
        return response

    return marked


def page_ends_at(moment: datetime | None) -> None:
    """Say when the clock will change this page, at the latest."""
    if moment is not None:
        g.page_ends_at = min(moment.timestamp(), g.get("page_ends_at") or moment.timestamp())


def once_a_version(read: Callable[P, T]) -> Callable[P, T]:
    """Have what many pages show, such as the categories, read once for each version of the catalogue.

    For pages that may be kept only; whoever is somebody in particular reads the database. Arguments are positional.
    """
    known: dict[object, T] = {}

    @wraps(read)
    def reading(*arguments: P.args, **named: P.kwargs) -> T:
        version = request.environ.get(_VERSION) if has_request_context() else None
        if version is None:
            return read(*arguments, **named)
        key = (version, *arguments)
        with suppress(KeyError):
            return known[key]
        if len(known) >= _MOST_REMEMBERED:  # strangers choose the words in addresses
            known.clear()
        known[key] = found = read(*arguments, **named)
        return found

    return reading


@lru_cache(maxsize=1024)
def allowed_query(query: str) -> str:
    """Return the part of a query string that may matter, in a fixed order.

    Of most keys the first value counts; of those by which a list is narrowed some values do, sorted.
    """
    if not query:
        return ""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in QUERY_KEYS or name.startswith(OPTION_PREFIX):
            found.setdefault(name, []).append(value)
    options = sorted(name for name in found if name.startswith(OPTION_PREFIX))
    for name in options[MOST_OPTIONS:]:
        del found[name]
    return urlencode([(name, value) for name in sorted(found) for value in _counted(name, found[name])])


def _counted(name: str, values: list[str]) -> list[str]:
    if name in _MULTIPLE or name.startswith(OPTION_PREFIX):
        return sorted({value for value in values if value})[:MOST_OF_A_KEY]
    return [value for value in values[:1] if value or name not in _SAY_SOMETHING]


def _is_made_up(query: str) -> bool:
    """Whether it is one of the countless pages that strangers may ask for."""
    names = [name for name, _ in parse_qsl(query)]
    return len(names) > _MOST_CHOSEN or any(name in _FREE for name in names)


class PageCache:
    """The WSGI layer that keeps pages."""

    def __init__(
        self,
        app: "WSGIApplication",
        stamp: Callable[[], int],
        kept: Callable[[str], bool],
        choice: Callable[["WSGIEnvironment"], str] = lambda _environ: "",
        most_bytes: int = 24_000_000,
    ) -> None:
        """``stamp`` asks the database for the version of the catalogue; ``kept`` says which paths may be kept.

        ``choice`` is what many visitors have chosen alike, out of a few: each has pages of its own.
        """
        self.app = app
        self._is_kept = kept
        self._choice = choice
        self._read_stamp = stamp
        # Tells our versions from those of another shop in this process.
        self._mine = object()
        self._stamp = -1
        self._changes = 0
        # Which of our own changes the stamp includes, and when it was read.
        self._looked: tuple[int, float] = (-1, 0.0)
        self._looking = Lock()
        self._pages: OrderedDict[tuple[str, ...], _Entry] = OrderedDict()
        self._bytes_left = most_bytes
        self._lock = Lock()

    def forget(self) -> None:
        """Look at the stamp again at the next request, because this process has just changed the catalogue."""
        self._changes += 1

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from memory, or ask the shop and keep its answer if it may be kept."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not self._is_kept(environ["PATH_INFO"]):
            return self.app(environ, start_response)
        # The page sees no more of the query than the key does: nothing of one visitor's address gets to another.
        environ["QUERY_STRING"] = allowed_query(environ.get("QUERY_STRING", ""))
        cookies = environ.get("HTTP_COOKIE", "")
        if any(name in cookies for name in PERSONAL_COOKIES):
            return self._ask_without_keeping(environ, start_response)
        stamp = self._current_stamp()
        if stamp is None:
            return self._ask_without_keeping(environ, start_response)
        key = (*_key(environ), self._choice(environ))
        entry = self._pages.get(key)
        if entry is not None and entry.stamp == stamp and (not entry.ends_at or time.time() < entry.ends_at):
            return _send(entry, environ, start_response, is_new=False)
        return self._ask(environ, start_response, key, stamp)

    def _current_stamp(self) -> int | None:
        """Return the version of the catalogue, read within the last second; None when the database does not answer."""
        if self._is_fresh():
            return self._stamp
        with self._looking:
            if self._is_fresh():
                return self._stamp
            changes, clock = self._changes, time.monotonic()
            try:
                self._stamp = self._read_stamp()
            except SQLAlchemyError as error:
                get_logger().warning("page cache without stamp", reason=type(error).__name__)
                return None
            self._looked = (changes, clock)
            return self._stamp

    def _is_fresh(self) -> bool:
        changes, clock = self._looked
        return changes == self._changes and time.monotonic() - clock < _LOOK_EVERY

    def _ask_without_keeping(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
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

        environ[_VERSION] = (self._mine, stamp)
        wanted = {name: environ.pop(name, None) for name in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH")}
        answer = self.app(environ, start)
        environ.update({name: value for name, value in wanted.items() if value is not None})
        status, headers, exc_info = started
        mark = next((value for name, value in headers if name == _MARK), None)
        if (
            mark is None
            or environ["REQUEST_METHOD"] == "HEAD"
            or any(name == "Set-Cookie" for name, _ in headers)
        ):
            start_response(status, [pair for pair in headers if pair[0] != _MARK], exc_info)
            return answer
        entry = _entry(b"".join(answer), headers, stamp, float(mark))
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        self._keep(key, entry)
        return _send(entry, environ, start_response, is_new=True)

    def _keep(self, key: tuple[str, ...], entry: _Entry) -> None:
        """Keep the page, and drop the oldest ones when there are too many, of those that strangers make up first."""
        with self._lock:
            before = self._pages.pop(key, None)
            if before is not None:
                self._bytes_left += before.size
            self._pages[key] = entry
            if _is_made_up(key[2]):
                self._pages.move_to_end(key, last=False)
            self._bytes_left -= entry.size
            while self._bytes_left < 0:
                _, oldest = self._pages.popitem(last=False)
                self._bytes_left += oldest.size


def _key(environ: "WSGIEnvironment") -> tuple[str, ...]:
    return (
        environ.get("SCRIPT_NAME", ""),
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        language_of(environ),
        "fragment" if asks_for_fragment(environ) else "",
    )


def _entry(body: bytes, headers: list[tuple[str, str]], stamp: int, ends_at: float) -> _Entry:
    dropped = (_MARK, "Content-Length", "ETag", "X-Request-Id")
    kept = [(name, value) for name, value in headers if name not in dropped]
    vary = ", ".join([value for name, value in kept if name == "Vary"] + ["Accept-Encoding"])
    kept = [(name, value) for name, value in kept if name != "Vary"] + [("Vary", vary)]
    return _Entry(kept, f'W/"{hashlib.sha256(body).hexdigest()[:20]}"', {"": body}, stamp, ends_at)


def _send(
    entry: _Entry, environ: "WSGIEnvironment", start_response: "StartResponse", *, is_new: bool
) -> list[bytes]:
    if entry.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", [*entry.headers, ("ETag", entry.etag)])
        return []
    encoding, body = _encoded(entry, environ.get("HTTP_ACCEPT_ENCODING", ""), is_new=is_new)
    headers = [*entry.headers, ("ETag", entry.etag), ("Content-Length", str(len(body)))]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _encoded(entry: _Entry, accepted: str, *, is_new: bool) -> tuple[str, bytes]:
    for name, compress in _LIGHTLY if is_new else _WELL:
        if name in accepted and f"{name};q=0" not in accepted.replace(" ", ""):
            if is_new:
                return name, compress(entry.bodies[""])
            body = entry.bodies.get(name)
            if body is None:
                body = entry.bodies[name] = compress(entry.bodies[""])
            return name, body
    return "", entry.bodies[""]
