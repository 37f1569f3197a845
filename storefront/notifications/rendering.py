"""From a kind and its arguments to the words of a mail: the registry of kinds, and whose words are used.

A kind that says which facts it knows (``variables``) has one source, ``templates/mails/<kind>.md``, which the owner may
replace by her own in each language. See docs/mails.md.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import gettext
from markupsafe import Markup, escape

from storefront.core.errors import N_, NotFound
from storefront.core.logging import get_logger
from storefront.notifications import own_words
from storefront.notifications.writing import Block, BrokenSource, Fact, Mail, Source, write
from storefront.shop.service import shop_view
from storefront.web.language import speaking
from storefront.web.links import absolute_url

__all__ = ["Mail", "Variable", "block", "mail", "render_mail"]

_SUBJECT = "Subject:"

Renderer = Callable[[dict[str, Any], str], Mail | None]
Example = Callable[[], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact that a mail may name: what it is, and one for a preview where the shop has none yet.

    Both are sentences for gettext; a sample that begins with ``/`` is the path of a page, and one of several lines
    stands for a block. A mail without a ``needed`` fact would be of no use.
    """

    meaning: str
    sample: str
    needed: bool = False


# What every mail knows besides its own facts.
COMMON = {
    "shop_name": Variable(N_("The name of the shop"), ""),
    "shop_url": Variable(N_("The home page of the shop"), "/"),
}


@dataclass(frozen=True)
class MailKind:
    """A kind of mail: who writes it, what it is called, what it knows, and a real thing to show it on.

    ``example`` returns arguments of the newest real mail of this kind, or None; writing it must change nothing.
    """

    name: str
    write: Renderer
    title: str = ""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    example: Example | None = None

    @cached_property
    def known(self) -> dict[str, Variable]:
        """All facts that it knows."""
        return {**self.variables, **COMMON}

    @property
    def is_editable(self) -> bool:
        """Whether the owner may put own words in place of the shop's."""
        return bool(self.variables)


_renderers: dict[str, MailKind] = {}
# The words that are being tried, in place of those that are saved.
_draft: ContextVar[tuple[str, Source] | None] = ContextVar("draft", default=None)


def mail(
    kind: str,
    *,
    title: str = "",
    variables: Mapping[str, Variable] | None = None,
    example: Example | None = None,
) -> Callable[[Renderer], Renderer]:
    """Make the function write all mails of this kind: ``render(args, language)``.

    It is called at each try, with no transaction open, and may open a unit of its own when it must write.
    It returns None when there is no longer anything to say. With ``title`` and ``variables`` the owner can change
    its words; ``render_mail`` must then be given a fact for each variable.
    """

    def register(renderer: Renderer) -> Renderer:
        known = _renderers.get(kind)
        if known is not None and (known.write.__module__, known.write.__qualname__) != (
            renderer.__module__,
            renderer.__qualname__,
        ):
            raise ValueError(f"two functions write the mail {kind!r}")
        _renderers[kind] = MailKind(kind, renderer, title, variables or {}, example)
        return renderer

    return register


def find_renderer(kind: str) -> Renderer | None:
    """Return the function that writes mails of this kind, if this code knows it."""
    known = _renderers.get(kind)
    return known.write if known else None


def get_kind(kind: str) -> MailKind:
    """Return a kind of mail whose words the owner may change.

    Raises:
        NotFound: there is none of that name.
    """
    known = _renderers.get(kind)
    if known is None or not known.is_editable:
        raise NotFound
    return known


def kinds() -> list[MailKind]:
    """Return all kinds whose words the owner may change, by name."""
    return sorted((kind for kind in _renderers.values() if kind.is_editable), key=lambda kind: kind.name)


def title_of(kind: str) -> str:
    """Return what the owner calls mails of this kind, in the page's language; empty when nobody said."""
    known = _renderers.get(kind)
    return str(gettext(known.title)) if known and known.title else ""


def render_mail(kind: str, language: str, **facts: Fact) -> Mail:
    """Return the mail of that kind in that language, from the owner's own words where there are any.

    There must be a fact for each variable of the kind. Own words that can't be used (a later version of the shop
    may no longer know a name) never keep a mail back: it goes with the shop's words, and the owner is told.

    An app context must be pushed; a request is not needed.
    """
    known = get_kind(kind)
    with speaking(language):
        facts = {**_common_facts(language), **facts}
        draft = _draft.get()
        if draft is not None and draft[0] == kind:
            return write(draft[1], facts)
        own = own_words.find(kind, language)
        if own is not None:
            try:
                return write(own, facts)
            except BrokenSource as broken:
                get_logger().error("own words of a mail are broken", kind=kind, language=language)
                own_words.note_broken(kind, language, broken)
        return write(_shops_source(known), facts)


def block(name: str, language: str, **context: Any) -> Block:
    """Return a fact of several lines, written by ``templates/mails/<name>.html`` and ``.txt``."""
    with speaking(language):
        templates = current_app.jinja_env
        html = templates.get_template(f"mails/{name}.html").render(context)
        text = templates.get_template(f"mails/{name}.txt").render(context)
    return Block(Markup(html), text.strip())  # noqa: S704 - one of our templates, which escape


def shops_source(kind: MailKind, language: str) -> Source:
    """Return the shop's own words for a kind of mail, with names where its facts will stand."""
    with speaking(language):
        return _shops_source(kind)


def preview(kind: MailKind, language: str, source: Source | None = None) -> Mail:
    """Return how a mail would look with these words or with those in use: on a real thing, or else on samples.

    Raises:
        BrokenSource: the words can't be used.
    """
    tried = source or own_words.find(kind.name, language) or shops_source(kind, language)
    mark = _draft.set((kind.name, tried))
    try:
        args = kind.example() if kind.example else None
        written = kind.write(args, language) if args is not None else None
        return written or render_mail(kind.name, language, **_samples(kind, language))
    finally:
        _draft.reset(mark)


def _common_facts(language: str) -> dict[str, Fact]:
    return {"shop_name": shop_view(language).name, "shop_url": absolute_url("/", language)}


def _samples(kind: MailKind, language: str) -> dict[str, Fact]:
    with speaking(language):
        return {name: _sample(variable, language) for name, variable in kind.variables.items()}


def _sample(variable: Variable, language: str) -> Fact:
    if variable.sample.startswith("/"):
        return absolute_url(variable.sample, language)
    words = str(gettext(variable.sample)) if variable.sample else ""
    if "\n" not in words:
        return words
    return Block(Markup("<p>%s</p>") % Markup("<br>").join(escape(line) for line in words.split("\n")), words)


def _shops_source(kind: MailKind) -> Source:
    """Our template writes its sentences around the names, so that gettext knows no other sentences than before."""
    template = current_app.jinja_env.get_template(f"mails/{kind.name}.md")
    subject, body = _parted(template.render({name: f"{{{{ {name} }}}}" for name in kind.known}), kind.name)
    return Source(subject, body)


def _parted(written: str, template: str) -> tuple[str, str]:
    subject, _, text = written.lstrip().partition("\n")
    if not subject.startswith(_SUBJECT):
        raise ValueError(f"the first line of the mail {template} must be '{_SUBJECT} ...'")
    return subject.removeprefix(_SUBJECT).strip(), text.strip()
