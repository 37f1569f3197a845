"""Which language a page is in.

``/zh/...`` and ``/en/...`` choose it for good: a small WSGI layer moves the prefix to SCRIPT_NAME, so every link on the
page keeps it. An address without prefix takes the language of the cookie, then of the browser, then English.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from babel import negotiate_locale
from flask import request
from flask_babel import force_locale
from werkzeug.http import parse_accept_header

from storefront.core.settings import LANGUAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

COOKIE = "lang"
NAMES = {"en": "English", "zh": "中文"}
_KEY = "storefront.language"
# Asked some hundred times a page, so neither the request nor Babel is asked for it.
_spoken: ContextVar[str] = ContextVar("language", default="en")
_BY_PREFIX = "storefront.language_by_prefix"
# Addresses for machines, which never carry a language.
_BARE = (
    "/static/",
    "/media/",
    "/webhooks/",
    "/practice-stripe",
    "/healthz",
    "/readyz",
    "/metrics",
    "/downloads/files/",
    "/downloads/pieces/",
)


class LanguageMiddleware:
    """Finds the language of each request before anything else looks at it."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Move a language prefix out of the path and note the language."""
        path = environ.get("PATH_INFO", "")
        prefix = path[1:3]
        if prefix in LANGUAGES and path[3:4] in ("", "/"):
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{prefix}"
            environ["PATH_INFO"] = path[3:] or "/"
            environ[_KEY] = prefix
            environ[_BY_PREFIX] = True
        else:
            environ[_KEY] = _negotiated(
                environ.get("HTTP_COOKIE", ""), environ.get("HTTP_ACCEPT_LANGUAGE", "")
            )
        mark = _spoken.set(environ[_KEY])
        try:
            return self.app(environ, start_response)
        finally:
            _spoken.reset(mark)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have everything within the block be in that language, such as a mail."""
    mark = _spoken.set(language)
    try:
        with force_locale(babel_locale(language)):
            yield
    finally:
        _spoken.reset(mark)


def language_of(environ: "WSGIEnvironment") -> str:
    """Return the language that the middleware found."""
    return str(environ.get(_KEY, "en"))


def is_by_prefix(environ: "WSGIEnvironment") -> bool:
    """Whether the address itself names the language, so that the page depends on nothing else."""
    return bool(environ.get(_BY_PREFIX))


def current_language() -> str:
    """Return the language of this page or, in a worker, of this mail: ``en`` or ``zh``."""
    return _spoken.get()


def locale_of_request() -> str:
    """Choose the locale for Flask-Babel."""
    return babel_locale(current_language())


def babel_locale(language: str) -> str:
    """Return the locale that Flask-Babel knows for one of our languages."""
    return "zh_Hans_CN" if language == "zh" else "en"


def language_links() -> list[tuple[str, str, str]]:
    """Return (code, own name, address) of this very page in each language."""
    tail = request.full_path if request.query_string else request.path
    return [(code, NAMES[code], f"/{code}{tail}") for code in LANGUAGES]


def in_language(row: Any, field: str, language: str | None = None) -> str:
    """Return a text of a row in the language of the page, or in the row's own when it is not translated."""
    chosen = language or current_language()
    translated = (row.translations or {}).get(chosen, {}).get(field)
    return str(translated or getattr(row, field))


@lru_cache(maxsize=2048)
def _negotiated(cookies: str, accepted: str) -> str:
    chosen = _cookie(cookies)
    if chosen in LANGUAGES:
        return chosen
    wanted = [value.replace("-", "_") for value, quality in parse_accept_header(accepted) if quality > 0]
    return (
        negotiate_locale(wanted, ["en", "zh", "zh_CN", "zh_Hans", "zh_Hans_CN", "zh_SG", "zh_TW", "zh_HK"])
        or "en"
    )[:2]


def _cookie(cookies: str) -> str:
    if COOKIE not in cookies:
        return ""
    jar: SimpleCookie = SimpleCookie()
    jar.load(cookies)
    return jar[COOKIE].value if COOKIE in jar else ""
