"""The signed cookie that carries the random id of a visitor's wishlist."""

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from storefront.web.setup import settings
from storefront.wishlist.service import KEPT_FOR


def wishlist_id_of_visitor() -> str | None:
    """Return the id in the cookie, or None when there is none or it is not ours."""
    value = request.cookies.get(_name())
    if not value:
        return None
    try:
        return str(_signer().loads(value))
    except BadSignature:
        return None


def remember_wishlist(response: Response, public_id: str) -> Response:
    """Have the browser keep the id as long as the list is kept."""
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
    return "__Host-wishlist" if current_app.config["SECURE_COOKIES"] else "wishlist"


def _signer() -> URLSafeSerializer:
    # The last key of the list signs in itsdangerous; ours is the first.
    return URLSafeSerializer(list(reversed(settings().signing_keys)), salt="wishlist")
