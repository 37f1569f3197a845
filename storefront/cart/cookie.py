"""Cookies of the cart: the signed one with its random id, and one with the code of a link that was followed."""

from urllib.parse import quote, unquote

from flask import Response, request

from storefront.cart.service import KEPT_FOR
from storefront.promotions.spelling import key_of
from storefront.web.signed_ids import SignedId

CODE_COOKIE = "code"
# Who follows a link with a code may take a while to choose.
_CODE_KEPT_FOR = 7 * 24 * 3600

_cookie = SignedId("cart", KEPT_FOR)


def cart_id_of_visitor() -> str | None:
    """Return the id in the cookie, or None when there is none or it is not ours."""
    return _cookie.read()


def remember_cart(response: Response, public_id: str) -> Response:
    """Have the browser keep the id for 30 days from now."""
    return _cookie.remember(response, public_id)


def code_of_visitor() -> str:
    """Return the spelling of the code that a link has brought; like one that is typed, it is worth what it is worth."""
    return key_of(unquote(request.cookies.get(CODE_COOKIE, "")))


def remember_code(response: Response, key: str, *, is_https: bool) -> Response:
    """Have the browser keep a code until the cart does; an empty one is forgotten."""
    if key:
        response.set_cookie(
            CODE_COOKIE, quote(key), max_age=_CODE_KEPT_FOR, secure=is_https, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(CODE_COOKIE)
    return response
