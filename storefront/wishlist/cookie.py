"""The signed cookie that carries the random id of a visitor's wishlist."""

from flask import Response

from storefront.web.signed_ids import SignedId
from storefront.wishlist.service import KEPT_FOR

_cookie = SignedId("wishlist", KEPT_FOR)


def wishlist_id_of_visitor() -> str | None:
    """Return the id in the cookie, or None when there is none or it is not ours."""
    return _cookie.read()


def remember_wishlist(response: Response, public_id: str) -> Response:
    """Have the browser keep the id as long as the list is kept."""
    return _cookie.remember(response, public_id)
