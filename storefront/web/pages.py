"""Answering with a page or with a fragment of it. The only reader of ``HX-`` headers."""

from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def wants_fragment() -> bool:
    """Whether htmx asked for a piece of the page rather than the whole of it."""
    return asks_for_fragment(request.environ)


def asks_for_fragment(environ: "WSGIEnvironment") -> bool:
    """Answer the same for the page cache, which is asked before there is a request."""
    return environ.get("HTTP_HX_REQUEST") == "true" and environ.get("HTTP_HX_REQUEST_TYPE") != "full"


def render_page(
    page: str, *, fragment: str | None = None, also: tuple[str, ...] = (), status: int = 200, **context: Any
) -> Response:
    """Return the page, or only its fragment (with out-of-band pieces ``also``) when htmx asked for that.

    The fragment is a template with one root element and one id, which the page includes.
    """
    if fragment and wants_fragment():
        pieces = [render_template(fragment, oob=False, **context)]
        pieces += [render_template(piece, oob=True, **context) for piece in also]
        response = make_response("\n".join(pieces), status)
    else:
        response = make_response(render_template(page, oob=False, **context), status)
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response


def go(address: str) -> BaseResponse:
    """Answer a POST with the page to look at next (303), for browsers and for htmx alike."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, 303)


def announce(response: Response, sentence: str) -> Response:
    """Have the page's status region read the sentence, after a swap that the eye would notice."""
    from urllib.parse import quote

    response.headers["X-Announce"] = quote(sentence)
    return response


def own_path(address: str | None, default: str) -> str:
    """Return ``address`` when it is a path of this shop, else ``default``: nobody is sent elsewhere by a link."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return default
    return default if any(ord(letter) < 32 or letter in "\\\x7f" for letter in address) else address
