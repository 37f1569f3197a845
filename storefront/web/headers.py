"""Headers of every answer, the id of every request, and one log line for each."""

import time
from collections.abc import Iterable
from random import getrandbits

import structlog
from flask import Flask, Response, g, request

from storefront.core import db
from storefront.core.logging import get_logger

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def init_headers(
    app: Flask, *, media_origins: Iterable[str], payment_origins: Iterable[str], https: bool
) -> None:
    """Set the headers. A form may lead to the payment page, media may come from the storage, nothing else.

    Parts of uploads go to the storage and pieces of films come from it (connect); a player puts those together (blob).
    """
    media = " ".join(["'self'", *media_origins])
    pay = " ".join(["'self'", *payment_origins])
    policy = (
        f"default-src 'self'; img-src {media}; media-src {media} blob:; "
        f"connect-src {media}; form-action {pay}; "
        "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )

    fixed = [*_FIXED.items(), ("Content-Security-Policy", policy)]
    if https:
        fixed.append(("Strict-Transport-Security", "max-age=31536000"))
    fixed.append(("Cache-Control", "no-store"))

    @app.before_request
    def _begin() -> None:
        g.began_at = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=f"{getrandbits(64):016x}")

    @app.after_request
    def _finish(response: Response) -> Response:
        headers = response.headers
        known = {name.lower() for name, _ in headers}  # asking Headers for each walks through all
        for name, value in fixed:
            if name.lower() not in known:
                headers.add(name, value)
        headers["X-Request-Id"] = structlog.contextvars.get_contextvars().get("request_id", "")
        _log(response)
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        db.close_reader()
        structlog.contextvars.clear_contextvars()


def _log(response: Response) -> None:
    if request.endpoint in ("static", "web.alive", "web.ready"):
        return
    milliseconds = round((time.perf_counter() - g.get("began_at", time.perf_counter())) * 1000, 1)
    get_logger().info(
        "request",
        method=request.method,
        endpoint=request.endpoint,
        status=response.status_code,
        ms=milliseconds,
    )
