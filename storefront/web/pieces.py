"""Pieces that many pages share, such as the footer: drawn once a second for what they show.

A piece is a template that knows its own arguments, the language and the globals, and nothing else of the request.
"""

import re
import time
from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request
from jinja2 import Environment, pass_environment
from markupsafe import Markup

from storefront.web.language import current_language

# Some 2 KB each.
_KEPT = 512


def init_pieces(app: Flask) -> None:
    """Let templates draw a piece by ``drawn("layouts/_footer.html", shop=shop)``."""
    app.jinja_env.globals["drawn"] = drawn


@pass_environment
def drawn(environment: Environment, template: str, **facts: Any) -> Markup:
    """Return the piece in the language of the page. ``facts`` must be hashable; all that the piece shows is in them."""
    root = request.root_path if has_request_context() else ""
    # The second: fingerprints of assets may change while the shop runs.
    return _drawn(
        environment, template, tuple(facts.items()), current_language(), root, int(time.monotonic())
    )


@lru_cache(maxsize=_KEPT)
def _drawn(
    environment: Environment,
    template: str,
    facts: tuple[tuple[str, Any], ...],
    _language: str,
    _root: str,
    _second: int,
) -> Markup:
    return Markup(unindented(environment.get_template(template).render(dict(facts))))  # noqa: S704 - our own template


def unindented(html: str) -> str:
    """Return the piece without what makes only its source readable: that is a third of the bytes.

    Not for text that is shown as it stands (``pre``, ``textarea``).
    """
    return _INDENTED.sub("\n", html)


_INDENTED = re.compile(r"\s*\n\s*")
