"""Who may use a route. Each view says it; a view that says nothing is refused (deny, then allow)."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from flask import current_app, request

View = TypeVar("View", bound=Callable[..., object])


class Access(StrEnum):
    """Who a view is for."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    OWNER = "owner"


def public(view: View) -> View:
    """Let everybody use this view; what it shows is still chosen by what the visitor may see."""
    return _mark(view, Access.PUBLIC)


def customer_only(view: View) -> View:
    """Let only people who are logged in use this view."""
    return _mark(view, Access.CUSTOMER)


def owner_only(view: View) -> View:
    """Let only the owner use this view."""
    return _mark(view, Access.OWNER)


def cross_site_safe(view: View) -> View:
    """Guard this POST by its Origin alone, without a token: its form stands on pages that are cached for everybody."""
    view.cross_site_safe = True  # type: ignore[attr-defined]  # a mark on the function, read by web.csrf
    return view


def access_of(endpoint: str | None) -> Access | None:
    """Return who the route is for, or None when it does not say."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "access", None)


def access_now() -> Access | None:
    """Return who the route of this request is for."""
    return access_of(request.endpoint)


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]  # a mark on the function, read by access_of
    return view
