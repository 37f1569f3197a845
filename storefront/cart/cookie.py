"""The signed cookie that carries the random id of a visitor's cart."""

from flask import Response

from storefront.cart.service import KEPT_FOR
from storefront.web.signed_ids import SignedId

_cookie = SignedId("cart", KEPT_FOR)


def cart_id_of_visitor() -> str | None:
    """Return the id in the cookie, or None when there is none or it is not ours."""
    return _cookie.read()


def remember_cart(response: Response, public_id: str) -> Response:
    """Have the browser keep the id for 30 days from now."""
    return _cookie.remember(response, public_id)
