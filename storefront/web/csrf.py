"""Forged requests: a token in each form (Flask-WTF) and, before it, a look at where the request comes from."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import UnsupportedMediaType

from storefront.core.errors import N_, ShopError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Flask-WTF would read JSON into forms, too, with numbers and lists where every field expects text.
_FORMS = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data"})
_protect = CSRFProtect()


class ForeignRequest(ShopError):
    """A form was sent from another site, or its token is not ours."""

    status = 400
    sentence = N_(
        "This form has expired or was sent from elsewhere. Please go back, reload the page and try again."
    )


def init_csrf(app: Flask, own_origins: frozenset[str]) -> None:
    """Guard every POST of the app."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the check of Origin below does this better
    _protect.init_app(app)
    app.extensions["own_origins"] = own_origins
    app.before_request(_check)


def exempt(view: object) -> None:
    """Except a view that proves its sender in another way (Stripe's signature)."""
    view.csrf_exempt = True  # type: ignore[attr-defined]  # a mark on the function


def _check() -> None:
    if request.method in _SAFE:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "csrf_exempt", False):
        return
    if _is_from_elsewhere():
        raise ForeignRequest
    if not getattr(view, "cross_site_safe", False):
        _check_token()
    if request.mimetype not in _FORMS:
        raise UnsupportedMediaType


def _is_from_elsewhere() -> bool:
    """Every current browser sends at least one of these two headers with a POST; without them it is no browser.

    Source: the algorithm of Go's net/http.CrossOriginProtection and OWASP's cheat sheet on CSRF.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return site is not None
    own = current_app.extensions["own_origins"]
    return origin not in own and urlsplit(origin).netloc != request.host


def _check_token() -> None:
    try:
        _protect.protect()
    except CSRFError as error:
        raise ForeignRequest from error
