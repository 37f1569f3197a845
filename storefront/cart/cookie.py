"""The signed cookie that carries the random id of a visitor's cart."""

from functools import lru_cache

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from storefront.cart.service import KEPT_FOR
from storefront.web.setup import settings


def cart_id_of_visitor() -> str | None:
    """Return the id in the cookie, or None when there is none or it is not ours."""
    value = request.cookies.get(_name())
    if not value:
        return None
    try:
        return str(_signer().loads(value))
    except BadSignature:
        return None


def remember_cart(response: Response, public_id: str) -> Response:
    """Have the browser keep the id for 30 days from now."""
    response.set_cookie(
        _name(),
        str(_signer().dumps(public_id)),
        max_age=KEPT_FOR,
        secure=bool(current_app.config["SECURE_COOKIES"]),
        httponly=True,
        samesite="Lax",
    )
    return response


def _name() -> str:
    return "__Host-cart" if current_app.config["SECURE_COOKIES"] else "cart"


def _signer() -> URLSafeSerializer:
    # The last key of the list signs in itsdangerous; ours is the first.
    return _signer_with(tuple(reversed(settings().signing_keys)))


@lru_cache(maxsize=4)
def _signer_with(keys: tuple[str, ...]) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt="cart")
