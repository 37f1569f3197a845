"""Flask and the environment of our templates, without work that no page of ours needs."""

from collections.abc import Callable, MutableMapping
from typing import Any

from flask import Flask, Request
from flask.templating import Environment
from werkzeug.datastructures import ImmutableMultiDict


class PageEnvironment(Environment):
    """Jinja as Flask sets it up, with one dictionary of globals for all templates.

    Jinja stacks a dictionary of each template's own upon it, which we never fill, and walks through the whole stack at
    every ``{% import %}`` and ``{% include %}``.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template."""
        return super().make_globals(d) if d else self.globals


class Values(ImmutableMultiDict[str, str]):
    """What came with a request. Werkzeug makes and catches an exception for each name that did not come."""

    def get(self, key: Any, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]  # one for its overloads
        """Return the first value of that name, or the default."""
        return super().get(key, default, type) if key in self else default


class ShopRequest(Request):
    """A request with our way of looking at values."""

    parameter_storage_class = Values


class ShopFlask(Flask):
    """Flask with our environment and requests; none of our functions is a coroutine."""

    jinja_environment = PageEnvironment
    request_class = ShopRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself; Flask would look into each at each request."""
        return func
