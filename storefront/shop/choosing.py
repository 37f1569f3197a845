"""The currency in which a visitor wants to see prices: a cookie with one of those that the shop takes."""

from typing import TYPE_CHECKING

from flask import g, has_request_context, request
from werkzeug.http import parse_cookie

from storefront.core import db
from storefront.shop.service import currencies, currency

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

COOKIE = "currency"
_KEY = "storefront.currency"


def chosen_currency() -> str:
    """Return the currency of this page, or the shop's where nobody has chosen or outside of a request."""
    if not has_request_context():
        return currency()
    if len(currencies()) > 1:
        # A page that anyone in between may keep is another one for another cookie (web.page_cache).
        g.varies_by_cookie = True
    return currency_of(request.environ)


def currency_of(environ: "WSGIEnvironment") -> str:
    """Return the same before there is a request; looked up once, so that page and cache agree."""
    found = environ.get(_KEY)
    if found is None:
        found = environ[_KEY] = _currency_in(environ.get("HTTP_COOKIE", ""))
    return str(found)


def currency_key(environ: "WSGIEnvironment") -> str:
    """Return what the page cache adds to the key of a page: nothing for who has not chosen."""
    if f"{COOKIE}=" not in environ.get("HTTP_COOKIE", ""):
        return ""
    try:
        return currency_of(environ)
    finally:
        db.close_reader()


def _currency_in(cookies: str) -> str:
    wanted = parse_cookie(cookies).get(COOKIE, "") if f"{COOKIE}=" in cookies else ""
    return wanted if wanted in currencies() else currency()
