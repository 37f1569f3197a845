"""Addresses for mails and for Stripe: from the settings alone, never from a request's Host header."""

from typing import Any

from flask import current_app

from storefront.web.setup import settings


def absolute_url(path: str, language: str) -> str:
    """Return the address of a page of the shop in that language: ``https://shop.example.org/zh/library``."""
    return f"{settings().base_url}/{language}{path}"


def path_for(endpoint: str, **values: Any) -> str:
    """Return the path of a view without any prefix. Needs an app, but no request."""
    return current_app.url_map.bind("").build(endpoint, values)
