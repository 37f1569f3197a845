"""Browsers that have logged in before, known by a signed cookie: a stranger's guesses do not lock them out.

Source of the idea: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hashlib
import secrets

from flask import Response, after_this_request, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from storefront.core.clock import timedelta
from storefront.web.setup import settings

_LIFE = timedelta(days=365)


def known_device(email: str) -> str | None:
    """Return the random name of this browser when this very account has logged in with it before."""
    cookie = request.cookies.get(_cookie_name(), "")
    try:
        device, owner = _signer().loads(cookie, max_age=int(_LIFE.total_seconds()))
    except (BadSignature, ValueError, TypeError):
        return None
    return str(device) if owner == _hashed(email) else None


def remember_device(email: str) -> None:
    """Have this browser keep the proof that the account has logged in with it."""
    device = known_device(email) or secrets.token_urlsafe(12)

    @after_this_request
    def _keep(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            _signer().dumps([device, _hashed(email)]),
            max_age=_LIFE,
            secure=settings().is_https,
            httponly=True,
            samesite="Lax",
        )
        return response


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(settings().signing_keys)), salt="known device")


def _cookie_name() -> str:
    return "__Host-device" if settings().is_https else "device"


def _hashed(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]
