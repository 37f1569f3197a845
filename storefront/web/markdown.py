"""Markdown for people, sanitised: what an owner pastes can't run in a customer's browser."""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "img", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}, "code": {"class"}}
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>(?:\s*<th></th>)+\s*</tr>\s*</thead>\s*")
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


# What strangers write to each other: no pictures from elsewhere, no headings among the page's own.
_TAGS_OF_REMARKS = _TAGS - {"img", "h2", "h3", "h4", "hr", "table", "tbody", "td", "th", "thead", "tr"}


@lru_cache(maxsize=512)
def render_remark(text: str) -> Markup:
    """Return safe HTML of what a stranger wrote: emphasis, lists, quotations, code and links."""
    html = nh3.clean(
        _parser.render(text),
        tags=_TAGS_OF_REMARKS,
        attributes={"a": {"href"}, "ol": {"start"}, "code": {"class"}},
        url_schemes={"http", "https"},
        link_rel="noopener nofollow ugc",
    )
    return Markup(html)  # noqa: S704 - cleaned by nh3 just above


@lru_cache(maxsize=512)
def render_markdown(text: str) -> Markup:
    """Return safe HTML. Headings begin at h2, since the page's title is its only h1."""
    html = nh3.clean(
        _parser.render(text),
        tags=_TAGS | {"h1"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow",
    )
    # A table that needs no heading can't be written without one in Markdown; an empty one says nothing to a reader.
    html = _EMPTY_HEAD.sub("", html)
    for level in (3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 1}>").replace(f"</h{level}>", f"</h{level + 1}>")
    return Markup(html)  # noqa: S704 - cleaned by nh3 just above
