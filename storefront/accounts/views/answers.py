"""Answers that several pages of accounts give."""

from flask import Response

from storefront.core.clock import timedelta
from storefront.web import throttle


def too_often(response: Response, per: timedelta) -> Response:
    """Tell programs, too, when they may try again."""
    response.headers["Retry-After"] = str(throttle.seconds_left(per))
    return response
