"""Serving files from our own addresses: private ones by signed links, public ones for everybody."""

import re
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.http import is_resource_modified, parse_range_header
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import FileWrapper

from storefront.core.clock import datetime
from storefront.core.errors import NotFound, Unavailable
from storefront.core.logging import get_logger
from storefront.gateways.files import BLOCK, NoSuchObject, content_disposition, is_key
from storefront.storage import service
from storefront.storage.kinds import may_be_shown
from storefront.storage.models import StoredFile
from storefront.web.access import public

blueprint = Blueprint("storage", __name__)

_PRIVATE = "private, no-store"
_FOR_EVER = "public, max-age=31536000, immutable"
# Written by catalogue and reviews under unguessable keys, all of them for everybody: no question to the database.
_PICTURE = re.compile(r"(?:pictures|reviews|shelves)/[A-Za-z0-9_-]{22}-[0-9]{1,5}\.(?:webp|avif)")
_PIECE = re.compile(r"hls/[A-Za-z0-9_-]{22}/[0-9]{2,5}/[0-9]{5}\.ts")


@dataclass(frozen=True, slots=True)
class _Served:
    """An object and the headers that it goes out with."""

    key: str
    size: int
    content_type: str
    etag: str
    modified_at: datetime
    cache_control: str
    disposition: str | None = None


@blueprint.get("/downloads/files/<token>/<path:filename>")
@public
def download(token: str, filename: str) -> Response:
    """Send the file that a signed link stands for. The name in the address is decoration: the row has it."""
    link = service.read_link(token, goes_on=_goes_on())
    stored = service.find_stored(link.key)
    if stored is None:
        raise NotFound
    shown = link.inline and may_be_shown(stored.content_type)
    return _send(
        _Served(
            key=stored.key,
            size=stored.size,
            content_type=stored.content_type,
            etag=stored.etag,
            modified_at=stored.created_at,
            cache_control=_PRIVATE,
            disposition=content_disposition(stored.filename, shown),
        )
    )


@blueprint.get("/downloads/pieces/<path:key>")
@public
def piece(key: str) -> Response:
    """Send an encrypted piece of a film: whoever has no key has nothing, so that anybody may keep it."""
    found = service.store().stat(key) if _PIECE.fullmatch(key) else None
    if found is None:
        raise NotFound
    return _send(_Served(key, found.size, "video/mp2t", found.etag, found.modified_at, _FOR_EVER))


@blueprint.get("/media/<path:key>")
@public
def media(key: str) -> Response:
    """Send a public object, which never changes."""
    return _send(_picture(key) if _PICTURE.fullmatch(key) else _public_file(key))


def send_stored(stored: StoredFile) -> BaseResponse:
    """Send a private file whose page has just said that everybody may have it; asked anew each time.

    A storage that browsers can reach sends it itself, by an address that dies in minutes.
    """
    if service.store().origin is not None:
        return redirect(service.signed_url(stored, inline=True), 302)
    return _send(_of_row(stored, "no-cache"))


def _picture(key: str) -> _Served:
    found = service.store().stat(key)
    if found is None:
        raise NotFound
    kind = "image/" + key.rpartition(".")[2]
    return _Served(key, found.size, kind, found.etag, found.modified_at, _FOR_EVER)


def _public_file(key: str) -> _Served:
    stored = service.find_stored(key) if is_key(key) else None
    if stored is None or not stored.is_public:
        raise NotFound
    return _of_row(stored, _FOR_EVER)


def _of_row(stored: StoredFile, cache_control: str) -> _Served:
    """Return a file that the browser may show in place where its type is harmless."""
    return _Served(
        key=stored.key,
        size=stored.size,
        content_type=stored.content_type,
        etag=stored.etag,
        modified_at=stored.created_at,
        cache_control=cache_control,
        disposition=content_disposition(stored.filename, may_be_shown(stored.content_type)),
    )


def _send(served: _Served) -> Response:
    """Answer with the object, the part of it that was asked for, or that nothing has changed."""
    response = Response(content_type=served.content_type)
    response.headers["Cache-Control"] = served.cache_control
    response.headers["X-Content-Type-Options"] = "nosniff"
    if served.disposition:
        response.headers["Content-Disposition"] = served.disposition
    response.accept_ranges = "bytes"
    response.last_modified = served.modified_at
    response.set_etag(served.etag)
    response.make_conditional(request)
    if response.status_code != 200:
        return response
    elsewhere = service.accel_path(served.key)
    if elsewhere is not None:
        # The web server in front sends the bytes and the parts of them; these headers go out with them.
        response.headers["X-Accel-Redirect"] = elsewhere
        return response
    part = _asked_part(response, served.size)
    if part is None:
        return _body(response, served, 0, served.size)
    start, stop = part
    if start >= stop:
        return Response(
            status=416, headers={"Content-Range": f"bytes */{served.size}", "Cache-Control": "no-store"}
        )
    response.status_code = 206
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{served.size}"
    return _body(response, served, start, stop)


def _goes_on() -> bool:
    """Whether a download that was cut asks for its rest."""
    asked = parse_range_header(request.headers.get("Range"))
    return asked is not None and asked.units == "bytes" and len(asked.ranges) == 1 and asked.ranges[0][0] > 0


def _asked_part(response: Response, size: int) -> tuple[int, int] | None:
    """Return the one part that was asked for, empty when it lies beyond the end; None for the whole.

    What we do not understand, several parts at once, and parts of a file that is another one by now
    (If-Range) are all answered with the whole (RFC 9110, section 14.2).
    """
    asked = parse_range_header(request.headers.get("Range")) if request.method == "GET" else None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _is_still_the_same(response):
        return None
    first, stop = asked.ranges[0]
    start = max(0, size + first) if first < 0 else min(first, size)
    return start, size if stop is None else min(stop, size)


def _is_still_the_same(response: Response) -> bool:
    if "If-Range" not in request.headers:
        return True
    return not is_resource_modified(
        request.environ,
        response.headers["ETag"],
        last_modified=response.headers["Last-Modified"],
        ignore_if_range=False,
    )


def _body(response: Response, served: _Served, start: int, stop: int) -> Response:
    response.content_length = stop - start
    if request.method == "HEAD":
        return response
    try:
        stream = service.store().open_range(served.key, start, stop)
    except NoSuchObject as error:
        get_logger().error("object missing", key=served.key)
        raise Unavailable from error
    response.response = FileWrapper(stream, BLOCK)
    response.direct_passthrough = True
    return response
