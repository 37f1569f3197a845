"""From a source (a subject and a text in markdown, with ``{{ names }}`` in them) and facts to the mail itself.

The source may be the owner's, so it can do nothing but name facts: ``{{ name }}`` and ``{% if name %} … {% endif %}``,
read by Jinja and refused when anything else stands in it. Facts are put in after the markdown was read, so that no
title of a product and no name of a buyer is ever taken for markdown or HTML.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

import css_inline
import nh3
from flask import current_app
from flask_babel import gettext
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from storefront.core.errors import N_, ShopError
from storefront.shop.service import shop_view
from storefront.web.language import current_language

LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000

_POSSIBLE = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SMALL_PRINT = re.compile(r"(?:\A|\n[ \t]*\n)-{3,}[ \t]*(?:\n|\Z)")
_ATTRIBUTE = re.compile(r'="[^"]*"')
_LONE_LINK = re.compile(r"<p>(<a )(href=\"[^\"]*\"[^>]*>(?:(?!</?a\b|<br).)*</a>)</p>", re.DOTALL)

_names = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
# The rules for dark screens can't be inlined and stay in the head; nothing is ever fetched.
_inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


class BrokenSource(ShopError):
    """A source of a mail can't be used; the sentence says why."""

    status = 422
    sentence = N_("This can't be read: some brackets are not closed, or in a wrong place.")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. ``unsubscribe_url`` ends mails of its kind when it is posted to (RFC 8058)."""

    subject: str
    text: str
    html: str
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What a mail is written from: one line, and a text in markdown. What follows a line of ``---`` is small print."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fact that is more than a few words, such as the lines of an order, in both forms of a mail."""

    html: Markup
    text: str

    def __str__(self) -> str:
        """Return it as text, where it stands among other words."""
        return self.text


Fact = str | int | Block
Facts = Mapping[str, Fact]


def check(text: str, names: Iterable[str]) -> set[str]:
    """Return which names stand in a text of a source.

    Raises:
        BrokenSource: it names what there is not, or does more than naming.
    """
    try:
        tree = _names.parse(text)
        _names.from_string(text)
    except (TemplateError, SyntaxError, RecursionError, MemoryError) as error:
        raise BrokenSource from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _POSSIBLE):
            raise BrokenSource(
                N_("Line %(line)s: only {{ name }} and {%% if name %%} … {%% endif %%} are possible here."),
                line=node.lineno,
            )
    used, known = {node.name for node in tree.find_all(nodes.Name)}, set(names)
    if used - known:
        raise BrokenSource(
            N_("There is no {{ %(name)s }} in this mail. It knows: %(known)s."),
            name=min(used - known),
            known=", ".join(sorted(known)),
        )
    return used


def write(source: Source, facts: Facts) -> Mail:
    """Return the mail of a source and its facts, in the language that is spoken. Needs an app, but no request.

    A fact whose name ends in ``_url`` is an address. A link that is alone in its paragraph becomes a button.

    Raises:
        BrokenSource: the source names a fact that is not there, or can't be read.
    """
    nonce = secrets.token_hex(4)
    tokens = {name: f"v{nonce}n{number}v" for number, name in enumerate(facts)}
    marked = {name: tokens[name] if str(fact) else "" for name, fact in facts.items()}
    by_token = {tokens[name]: (name, fact) for name, fact in facts.items()}
    body = _filled(source.body, marked).replace("\r\n", "\n")
    said = {token: str(fact) for token, (_, fact) in by_token.items()}
    subject = " ".join(_put(_filled(source.subject, marked), said).split())[:LONGEST_SUBJECT]
    main, small = _apart(body)
    language = current_language()
    page = current_app.jinja_env.get_template("mails/_written.html").render(
        title=subject,
        body=_html(main, by_token),
        small_print=_html(small, by_token),
        shop=shop_view(language),
        language=language,
    )
    text = "\n\n".join(part for part in (_put(_text(main), said), _put(_text(small), said)) if part)
    return Mail(subject, f"{text}\n", _inliner.inline(page))


def _filled(text: str, values: Mapping[str, str]) -> str:
    try:
        return _names.from_string(text).render(values)
    except (TemplateError, SyntaxError, RecursionError, MemoryError) as error:
        raise BrokenSource(N_("It could not be filled in") + f": {error}") from error


def _apart(body: str) -> tuple[str, str]:
    """Return the text and its small print."""
    found = _SMALL_PRINT.search(body)
    return (body[: found.start()], body[found.end() :]) if found else (body, "")


def _put(text: str, said: Mapping[str, str]) -> str:
    for token, words in said.items():
        text = text.replace(token, words)
    return text


def _html(markdown: str, facts: Mapping[str, tuple[str, Fact]]) -> Markup:
    """Blocks come last: they are ours, with classes that nobody else may use."""
    plain = {token: escape(str(fact)) for token, (_, fact) in facts.items() if not isinstance(fact, Block)}
    html = _ATTRIBUTE.sub(lambda found: _put(found[0], plain), _parser.render(markdown))
    for token, (name, fact) in facts.items():
        if not isinstance(fact, Block):
            words = plain[token].replace("\n", "<br>")
            html = html.replace(token, f'<a href="{words}">{words}</a>' if name.endswith("_url") else words)
    html = nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel=None
    )
    html = _LONE_LINK.sub(r'<p>\1class="button" \2</p>', html)
    for token, (_, fact) in facts.items():
        if isinstance(fact, Block):
            html = html.replace(f"<p>{token}</p>", str(fact.html))
            html = html.replace(token, escape(fact.text).replace("\n", "<br>"))
    return Markup(html)  # noqa: S704 - cleaned by nh3 just above; blocks are made by our templates


def _text(markdown: str) -> str:
    """Return markdown as one reads it without any signs: links with their addresses, lists with their marks."""
    lines: list[str] = []
    marks: list[int | None] = []  # for each open list its next number, or None for bullets
    prefix = ""
    for token in _parser.parse(markdown):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            marks.append(None if token.type == "bullet_list_open" else int(token.attrGet("start") or 1))
        elif token.type == "list_item_open":
            number = marks[-1]
            prefix = "- " if number is None else f"{number}. "
            marks[-1] = None if number is None else number + 1
        elif token.type == "inline":
            lines.append("  " * max(0, len(marks) - 1) + prefix + _inline(token.children or []))
            prefix = ""
        elif token.type in ("fence", "code_block"):
            lines += [token.content.rstrip(), ""]
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            marks.pop()
            lines.append("")
        elif token.type in ("heading_close", "tr_close") or (
            token.type == "paragraph_close" and not token.hidden
        ):
            lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _inline(tokens: list[Token]) -> str:
    written: list[str] = []
    begun: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "link_open":
            begun.append((str(token.attrGet("href") or ""), len(written)))
        elif token.type == "link_close":
            address, start = begun.pop()
            what = "".join(written[start:])
            if address != what:
                written[start:] = [str(gettext("%(what)s: %(said)s", what=what, said=address))]
        elif token.type in ("softbreak", "hardbreak"):
            written.append("\n")
        else:
            written.append(token.content)
    return "".join(written)
