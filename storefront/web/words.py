"""Words and addresses for templates, which ask for some hundred of them a page.

Flask-Babel's ``gettext`` takes 10 µs a call and Flask's ``url_for`` 4 µs (docs/decisions/speed.md). Both always give
the same answer to the same question, so they are asked once.
"""

from functools import lru_cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request
from flask import url_for as flask_url_for
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from storefront.web.language import babel_locale, current_language

_PATHS, _MOST_PATHS = "storefront.paths", 2048
_folder = ""


def init_words(app: Flask) -> None:
    """Give the templates their words; after Flask-Babel, whose slower ones they replace."""
    global _folder  # the same for every app of this process
    _folder = app.config["BABEL_TRANSLATION_DIRECTORIES"]
    app.extensions[_PATHS] = {}
    app.jinja_env.globals.update(
        {"_": translate, "gettext": translate, "ngettext": translate_number, "url_for": path_to}
    )


@pass_eval_context
def translate(context: EvalContext, message: str, **values: Any) -> str:
    """Return the message in the language of the page; ``values`` are escaped where the template escapes."""
    text = _safe if context.autoescape else _plain
    found = text(message, current_language())
    return found % values if values else found


@pass_eval_context
def translate_number(context: EvalContext, one: str, many: str, num: int, **values: Any) -> str:
    """Return the form of the message that fits the number."""
    found = _translations(current_language()).ungettext(one, many, num)
    values.setdefault("num", num)
    return Markup(found) % values if context.autoescape else str(found % values)  # noqa: S704 - our own words


def path_to(endpoint: str, **values: Any) -> str:
    """Return the path of a page, in the language of this one."""
    if "_external" in values or not has_request_context():
        return flask_url_for(endpoint, **values)
    paths: dict[object, str] = current_app.extensions[_PATHS]
    # The root belongs to the question: it is the prefix of the language, which Flask takes from the request.
    question = (request.root_path, endpoint, *values.items())
    path = paths.get(question)
    if path is None:
        if len(paths) >= _MOST_PATHS:
            paths.clear()
        path = paths[question] = flask_url_for(endpoint, **values)
    return path


@lru_cache(maxsize=4096)
def _safe(message: str, language: str) -> Markup:
    return Markup(_plain(message, language))  # noqa: S704 - our own words


@lru_cache(maxsize=4096)
def _plain(message: str, language: str) -> str:
    return str(_translations(language).ugettext(message))


@lru_cache(maxsize=8)
def _translations(language: str) -> NullTranslations:
    return Translations.load(_folder, [babel_locale(language)])
