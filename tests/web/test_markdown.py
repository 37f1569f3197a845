"""What an owner pastes can't run in a customer's browser."""

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.web.markdown import render_markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](java\tscript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:x)",
    "![x](javascript:alert(1))",
    "![x](x\" onerror=\"alert(1))",
    "[a](https://e.example \"x\" onclick=\"alert(1)\")",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<style>@import 'https://e.example'</style>",
    "<iframe src=https://e.example></iframe>",
    "<form action=https://e.example><input name=password></form>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
    "<!--><script>alert(1)</script>-->",
    "```\"><script>alert(1)</script>\ncode\n```",
    "~~~<img onerror=x>\n~~~",
    "<div style=\"position:fixed\">x</div>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x00<script>\x00alert(1)</script>",
    "|a|\n|-|\n|<img src=x onerror=alert(1)>|",
    "# <b onclick=x>title</b>",
]  # fmt: skip
ALLOWED = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h2",
        "h3",
        "h4",
        "hr",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
    ),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}


def assert_harmless(html: str) -> None:
    """The browser's own reading of it holds no element, attribute or address that could run or load."""
    tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
    for element in tree.iter():
        if element.tag in ("DOCUMENT_FRAGMENT", "html", "head", "body"):
            continue
        assert element.tag in ALLOWED, element.tag
        for name, value in element.attrib.items():
            assert name in ("href", "src", "alt", "title", "start", "class", "rel"), name
            if name in ("href", "src"):
                scheme = re.match(
                    r"\s*([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", value), re.IGNORECASE
                )
                assert scheme is None or scheme[1].lower() in ("http", "https", "mailto"), value


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_becomes_harmless(text: str) -> None:
    assert_harmless(render_markdown(text))


@given(st.text(alphabet=st.sampled_from("<>\"'()[]!#*_`~|&;:/\\= \n\tabjsconerdfimg-123\x00"), max_size=120))
def test_no_text_becomes_harmful(text: str) -> None:
    assert_harmless(render_markdown(text))


@given(st.lists(st.sampled_from(HOSTILE), max_size=4))
def test_no_mixture_becomes_harmful(texts: list[str]) -> None:
    assert_harmless(render_markdown("\n".join(texts)))


@pytest.mark.parametrize(
    "text", ["[" * 5000, "*" * 5000, ">" * 2000, "`" * 5000, "- " * 2000, "|" * 5000, "![" * 2000]
)
def test_deep_text_is_no_burden(text: str) -> None:
    assert_harmless(render_markdown(text))


def test_markdown_says_what_it_should() -> None:
    html = render_markdown(
        "# One\n\nA **bold** word, a [link](https://e.example), ~~no~~.\n\n- a\n- b\n\n|x|\n|-|\n|1|"
    )
    assert "<h2>One</h2>" in html
    assert "<strong>bold</strong>" in html
    assert '<a href="https://e.example" rel="noopener nofollow">link</a>' in html
    assert "<li>a</li>" in html
    assert "<td>1</td>" in html


def test_page_keeps_its_only_h1() -> None:
    assert "<h1" not in render_markdown("# a\n## b\n### c\n#### d\n##### e")
