"""Cards of products as HTML, each drawn once: a list has two dozen of them, and most are on many pages."""

from collections.abc import Callable
from functools import lru_cache

from flask import Flask
from jinja2 import Environment, pass_environment

from storefront.catalog.cards import Card
from storefront.web.language import current_language

# Some 1 KB each.
_KEPT = 4096


def init_drawing(app: Flask) -> None:
    """Let templates draw cards by ``drawn_card(item, eager, heading)``."""
    app.jinja_env.globals["drawn_card"] = drawn_card


@pass_environment
def drawn_card(environment: Environment, card: Card, eager: bool, heading: str) -> str:
    """Return the card in the language of the page. What it shows is all in ``card``, so it can't be stale."""
    return _drawn(environment, card, eager, heading, current_language())


@lru_cache(maxsize=_KEPT)
def _drawn(environment: Environment, card: Card, eager: bool, heading: str, _language: str) -> str:
    draw: Callable[..., str] = environment.get_template("_macros/catalog.html").module.product_card  # type: ignore[attr-defined]  # a macro
    return draw(card, eager=eager, heading=heading)
