"""HTML of other shops as Markdown: simple texts keep their form, all else keeps its words.

nh3 first throws out what is not a plain text element (scripts and styles with what is in them); what is left is well
formed, so that a small converter of our own is enough. Pictures are left out: they would be somebody else's.
"""

import re
from html.parser import HTMLParser

import nh3

_HEADINGS = {f"h{level}": "#" * min(max(level, 2), 4) for level in range(1, 7)}
_SIGNS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "code": "`"}
_TAGS = {
    *_HEADINGS, *_SIGNS,
    "a", "blockquote", "br", "dd", "div", "dl", "dt", "hr", "li", "ol", "p", "pre", "section", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_BLOCKS = {"p", "div", "section", "dl", "dt", "dd", "pre", "table", "thead", "tbody", *_HEADINGS}
_SPECIAL = re.compile(r"([\\`*\[\]<])|(?<![^\W_])(_)|(_)(?![^\W_])|(&)(?=#?\w{1,30};)|(~)(?=~)")
_AT_LINE_START = re.compile(r"^(\s*)([#>+-]|\d{1,9}(?=[.)]\s))", re.MULTILINE)
_MANY_NEWLINES = re.compile(r"\n{3,}")


def markdown_of(html: str, *, is_broken_by_lines: bool = False) -> str:
    """Return the text in Markdown. With ``is_broken_by_lines`` empty lines part paragraphs, as WordPress has it."""
    if is_broken_by_lines and not re.search(r"<(p|div|ul|ol|h\d|table)\b", html, re.IGNORECASE):
        html = re.sub(r"\r?\n\s*\r?\n", "<p>", html)
        html = re.sub(r"\r?\n", "<br>", html)
    writer = _Writer()
    schemes = {"http", "https", "mailto"}
    writer.feed(nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=schemes, link_rel=None))
    writer.close()
    return writer.markdown()


def plain_text_of(html: str) -> str:
    """Return the words alone, on one line."""
    text = _Words()
    text.feed(nh3.clean(html, tags=set()))
    text.close()
    return " ".join("".join(text.words).split())


class _Words(HTMLParser):
    """Collects what people read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Take the words."""
        self.words.append(data)


class _Writer(HTMLParser):
    """Writes Markdown while it reads clean HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[str] = []
        self._lists: list[int] = []
        self._links: list[str] = []
        self._quotes = 0
        self._is_verbatim = False

    def markdown(self) -> str:
        """Return what was written."""
        lines = [line.rstrip() for line in "".join(self._done).split("\n")]
        return _MANY_NEWLINES.sub("\n\n", "\n".join(lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open what the tag means."""
        if tag in _SIGNS:
            self._done.append("" if self._is_verbatim else _SIGNS[tag])
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self._done.append("[" if self._links[-1] else "")
        elif tag == "br":
            self._done.append("  \n" if not self._lists else " ")
        elif tag in ("ul", "ol"):
            self._break(1 if self._lists else 2)
            self._lists.append(0 if tag == "ol" else -1)
        elif tag in ("li", "tr"):
            self._begin_item(tag)
        elif tag == "hr":
            self._break(2)
            self._done.append("---\n\n")
        elif tag == "blockquote":
            self._break(2)
            self._quotes += 1
            self._done.append("> ")
        elif tag in _BLOCKS:
            self._begin_block(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        if tag in _SIGNS:
            self._done.append("" if self._is_verbatim else _SIGNS[tag])
            self._join_sign(tag)
        elif tag == "a" and self._links:
            address = self._links.pop()
            self._done.append(f"]({address.replace(' ', '%20').replace(')', '%29')})" if address else "")
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self._break(1 if self._lists else 2)
        elif tag in ("td", "th"):
            self._done.append(" · ")
        elif tag == "blockquote":
            self._quotes -= 1
            self._break(2)
        elif tag in _BLOCKS:
            self._is_verbatim = False if tag == "pre" else self._is_verbatim
            self._break(1 if self._lists else 2)

    def handle_data(self, data: str) -> None:
        """Write words; spaces and line ends are one space, as in a browser."""
        if self._is_verbatim:
            self._done.append(data.replace("\n", "\n    "))
            return
        text = re.sub(r"\s+", " ", data)
        if self._is_at_line_start():
            text = text.lstrip()
        text = _SPECIAL.sub(lambda found: f"\\{found.group()}", text)
        if self._is_at_line_start():
            text = _AT_LINE_START.sub(_escaped_start, text)
        self._done.append(text)

    def _begin_item(self, tag: str) -> None:
        self._break(1)
        if tag == "tr" or not self._lists:
            self._done.append("- ")
            return
        if self._lists[-1] >= 0:
            self._lists[-1] += 1
        sign = "-" if self._lists[-1] < 0 else f"{self._lists[-1]}."
        self._done.append("    " * (len(self._lists) - 1) + sign + " ")

    def _begin_block(self, tag: str) -> None:
        if self._lists or self._quotes:
            # A paragraph that begins a list item or a quotation stays on its line.
            return
        self._break(2)
        if tag in _HEADINGS:
            self._done.append(f"{_HEADINGS[tag]} ")
        if tag == "pre":
            self._is_verbatim = True
            self._done.append("    ")

    def _join_sign(self, tag: str) -> None:
        """Emphasis around nothing is no emphasis."""
        sign = _SIGNS[tag]
        if self._done[-2:] == [sign, sign]:
            del self._done[-2:]

    def _break(self, lines: int) -> None:
        written = "".join(self._done[-3:])
        if any(self._done) and written:
            missing = lines - (len(written) - len(written.rstrip("\n")))
            self._done.append("\n" * max(missing, 0))

    def _is_at_line_start(self) -> bool:
        written = next((piece for piece in reversed(self._done) if piece), "\n")
        return written.endswith(("\n", "- ", "> ", "# ", ". "))


def _escaped_start(found: re.Match[str]) -> str:
    sign = found[2]
    return f"{found[1]}\\{sign}" if not sign.isdigit() else f"{found[1]}{sign}\\"
