"""Random ids that a browser keeps for a visitor in signed cookies: the cart's, the wishlist's."""

from datetime import timedelta
from functools import lru_cache

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from storefront.web.setup import settings


class SignedId:
    """One such cookie, by its name."""

    def __init__(self, name: str, kept_for: timedelta) -> None:
        self._name = name
        self._kept_for = kept_for

    def read(self) -> str | None:
        """Return the id of this visitor, or None when there is none or it is not ours."""
        value = request.cookies.get(self._cookie())
        if not value:
            return None
        try:
            return str(self._signer().loads(value))
        except BadSignature:
            return None

    def remember(self, response: Response, public_id: str) -> Response:
        """Have the browser keep the id, from now on for as long as what it leads to is kept."""
        response.set_cookie(
            self._cookie(),
            str(self._signer().dumps(public_id)),
            max_age=self._kept_for,
            secure=bool(current_app.config["SECURE_COOKIES"]),
            httponly=True,
            samesite="Lax",
        )
        return response

    def _cookie(self) -> str:
        return f"__Host-{self._name}" if current_app.config["SECURE_COOKIES"] else self._name

    def _signer(self) -> URLSafeSerializer:
        # The last key of the list signs in itsdangerous; ours is the first.
        return _signer(tuple(reversed(settings().signing_keys)), self._name)


@lru_cache(maxsize=8)
def _signer(keys: tuple[str, ...], salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=salt)
