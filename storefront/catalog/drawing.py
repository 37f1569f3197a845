"""Cards of products as HTML, each drawn once: a list has two dozen of them, and most are on many pages."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from flask import Flask
from jinja2 import Environment, pass_environment
from markupsafe import Markup

from storefront.catalog.cards import Card
from storefront.web.language import current_language
from storefront.web.pieces import unindented

# Some 1 KB each.
_KEPT = 4096


def init_drawing(app: Flask) -> None:
    """Let templates draw the items of a grid by ``drawn_cards(items, eager, heading)``."""
    app.jinja_env.globals["drawn_cards"] = drawn_cards


@pass_environment
def drawn_cards(environment: Environment, cards: Sequence[Card], eager: int, heading: str) -> Markup:
    """Return an ``<li>`` for each card, the first ``eager`` of them to be loaded at once, in the language of the page.

    What a card shows is all in it, so that it can't be stale.
    """
    language = current_language()
    drawn = [_drawn(environment, card, heading, language) for card in cards]
    # One drawing serves both: cards know nothing of their place.
    drawn[:eager] = [card.replace('loading="lazy"', 'fetchpriority="high"', 1) for card in drawn[:eager]]
    return Markup("".join(drawn))  # noqa: S704 - drawn by our own template


@lru_cache(maxsize=_KEPT)
def _drawn(environment: Environment, card: Card, heading: str, _language: str) -> str:
    draw: Callable[..., str] = environment.get_template("_macros/catalog.html").module.product_card  # type: ignore[attr-defined]  # a macro
    return unindented(f"<li>{draw(card, heading=heading)}</li>")
