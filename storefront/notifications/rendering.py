"""From a kind and its arguments to the words of a mail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import css_inline
from flask import current_app

from storefront.shop.service import shop_view
from storefront.web.language import speaking

_SUBJECT = "Subject:"

# The rules for dark screens can't be inlined and stay in the head; nothing is ever fetched.
_inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says."""

    subject: str
    text: str
    html: str


Renderer = Callable[[dict[str, Any], str], Mail | None]

_renderers: dict[str, Renderer] = {}


def mail(kind: str) -> Callable[[Renderer], Renderer]:
    """Make the function write all mails of this kind: ``render(args, language)``.

    It is called at each try, with no transaction open, and may open a unit of its own when it must write.
    It returns None when there is no longer anything to say.
    """

    def register(renderer: Renderer) -> Renderer:
        known = _renderers.get(kind)
        if known is not None and (known.__module__, known.__qualname__) != (
            renderer.__module__,
            renderer.__qualname__,
        ):
            raise ValueError(f"two functions write the mail {kind!r}")
        _renderers[kind] = renderer
        return renderer

    return register


def find_renderer(kind: str) -> Renderer | None:
    """Return the function that writes mails of this kind, if this code knows it."""
    return _renderers.get(kind)


def render_mail(template: str, language: str, **context: Any) -> Mail:
    """Return the mail of ``templates/mails/<template>.txt`` and ``.html`` in that language.

    The first line of the text form is ``Subject: ...``. Both know ``shop`` and ``language`` besides the
    context. An app context must be pushed; a request is not needed.
    """
    with speaking(language):
        known = {"shop": shop_view(language), "language": language, **context}
        # Not by Flask's render_template, which would add what belongs to a page and its request.
        templates = current_app.jinja_env
        written = templates.get_template(f"mails/{template}.txt").render(known)
        html = templates.get_template(f"mails/{template}.html").render(known)
    subject, _, text = written.lstrip().partition("\n")
    if not subject.startswith(_SUBJECT):
        raise ValueError(f"the first line of mails/{template}.txt must be '{_SUBJECT} ...'")
    return Mail(subject.removeprefix(_SUBJECT).strip(), text.strip() + "\n", _inliner.inline(html))
