"""Cutting a connection without an answer, which WSGI has no words for."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from flask import Response

_PROMISED = 4096


def hang_up_on(environ: dict[str, Any]) -> Response:
    """Cut the connection of a request and return a response that nobody will see whole.

    A server that does not lend its socket (granian) sends a head that promises a body and then closes. That
    too is a connection error for the SDK, but one that it does not try again by itself.
    """
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    response = Response(b"", 502)
    response.automatically_set_content_length = False
    response.headers["Content-Length"] = str(_PROMISED)
    response.headers["Connection"] = "close"
    return response
