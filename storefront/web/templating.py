"""The environment of our templates."""

from collections.abc import MutableMapping
from typing import Any

from flask import Flask
from flask.templating import Environment


class PageEnvironment(Environment):
    """Jinja as Flask sets it up, with one dictionary of globals for all templates.

    Jinja stacks a dictionary of each template's own upon it, which we never fill, and walks through the whole stack at
    every ``{% import %}`` and ``{% include %}``.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template."""
        return super().make_globals(d) if d else self.globals


class ShopFlask(Flask):
    """Flask with our environment."""

    jinja_environment = PageEnvironment
