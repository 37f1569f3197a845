"""A code in an address: ``/?code=SPRING`` works on every page of the catalogue, which stays the same for everybody.

The layer stands before the page cache. It moves the code from the address into a cookie and sends the visitor on to the
page itself, which may be a kept one.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from flask import Response

from storefront.cart.cookie import remember_code
from storefront.core.settings import LANGUAGES
from storefront.promotions.spelling import key_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class CodeInAddress:
    """The WSGI layer that remembers codes of links."""

    def __init__(self, app: "WSGIApplication", is_page: Callable[[str], bool], *, is_https: bool) -> None:
        """``is_page`` says at which paths (without language) a code is looked for."""
        self.app = app
        self._is_page = is_page
        self._is_https = is_https

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Take the code out of the address, or let the request pass."""
        query = environ.get("QUERY_STRING", "")
        if "code=" not in query or environ["REQUEST_METHOD"] != "GET":
            return self.app(environ, start_response)
        path = environ.get("PATH_INFO", "")
        pairs = parse_qsl(query, keep_blank_values=True)
        key = key_of(next((value for name, value in pairs if name == "code"), ""))
        if not key or not self._is_page(_without_language(path)):
            return self.app(environ, start_response)
        rest = urlencode([(name, value) for name, value in pairs if name != "code"])
        address = quote(path.encode("latin-1")) + (f"?{rest}" if rest else "")
        answer = Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
        remember_code(answer, key, is_https=self._is_https)
        return answer(environ, start_response)


def _without_language(path: str) -> str:
    return path[3:] or "/" if path[1:3] in LANGUAGES and path[3:4] in ("", "/") else path
