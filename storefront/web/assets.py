"""Our own files: addresses with a fingerprint, so that browsers may keep them for ever, and bytes compressed once."""

import gzip
import hashlib
import mimetypes
import time
from functools import lru_cache
from pathlib import Path

import brotli
from flask import Response, request

from storefront.core.errors import NotFound
from storefront.web.access import public

FOLDER = Path(__file__).parents[2] / "static"
_COMPRESSIBLE = (".css", ".js", ".svg", ".json", ".txt", ".webmanifest")
_FOR_EVER = "public, max-age=31536000, immutable"


def asset(name: str) -> str:
    """Return the address of a file below ``static/``, changed whenever its content changes."""
    return _address_in_this_second(name, int(time.monotonic()))


@public
def serve_asset(filename: str) -> Response:
    """Send a file below ``static/``, in the best encoding that the browser takes."""
    path = (FOLDER / filename).resolve()
    if not path.is_relative_to(FOLDER.resolve()) or not path.is_file():
        raise NotFound
    encoding = _encoding(path)
    body, etag = _read(path, path.stat().st_mtime_ns, encoding)
    response = Response(body, content_type=_content_type(path))
    response.set_etag(etag)
    response.headers["Cache-Control"] = _FOR_EVER if "v" in request.args else "no-cache"
    response.vary.add("Accept-Encoding")
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.make_conditional(request)
    return response


def _encoding(path: Path) -> str:
    if path.suffix not in _COMPRESSIBLE:
        return ""
    return next((name for name in ("br", "gzip") if request.accept_encodings.quality(name) > 0), "")


def _content_type(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


@lru_cache(maxsize=256)
def _address_in_this_second(name: str, _second: int) -> str:
    """A page has some twenty of them: the file is looked at once a second, for who edits it while the shop runs."""
    return _address(name, (FOLDER / name).stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _address(name: str, _modified: int) -> str:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@lru_cache(maxsize=256)
def _read(path: Path, _modified: int, encoding: str) -> tuple[bytes, str]:
    """Return the bytes in that encoding and their ETag; done once, so the slow levels are affordable."""
    plain = path.read_bytes()
    body = plain
    if encoding == "br":
        body = brotli.compress(plain, quality=11)
    elif encoding == "gzip":
        body = gzip.compress(plain, 9, mtime=0)
    return body, hashlib.sha256(body).hexdigest()[:20]
