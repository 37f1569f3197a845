"""A source and its facts become a mail; nobody's title becomes markdown, and no source a program."""

import re

import html5lib
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from storefront.notifications.writing import Block, BrokenSource, Fact, Mail, Source, check, write

FACTS: dict[str, Fact] = {
    "name": "Tom & [x](javascript:1) <b>",
    "none": "",
    "page_url": "https://shop.example.org/?a=1&b=2",
    "lines": Block(Markup('<table class="lines"><tr><td>1</td></tr></table>'), "1 × A book"),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app with our templates and no database."""
    from storefront.core.settings import load_settings
    from storefront.web.setup import make_app

    settings = load_settings(_env_file=None, var_dir=tmp_path_factory.mktemp("var"))
    return make_app(settings, media_origins=(), payment_origins=())


@pytest.fixture(autouse=True)
def _shop(pages: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shop:
        name = "Quiet Pages"

    monkeypatch.setattr("storefront.notifications.writing.shop_view", lambda language: Shop)


def written(app: Flask, body: str, subject: str = "Hello {{ name }}") -> Mail:
    """Return the mail of a text."""
    with app.test_request_context():
        return write(Source(subject, body), FACTS)


def test_facts_are_text_whatever_they_look_like(pages: Flask) -> None:
    mail = written(pages, "# *{{ name }}*\n\n[go]({{ name }})")
    assert mail.subject == "Hello Tom & [x](javascript:1) <b>"
    assert "<em>Tom &amp; [x](javascript:1) &lt;b&gt;</em>" in mail.html
    assert mail.text.startswith("Tom & [x](javascript:1) <b>\n\ngo: ")


def test_address_is_a_link_and_alone_a_button(pages: Flask) -> None:
    mail = written(pages, "See {{ page_url }}.\n\n[Open]({{ page_url }})\n\nOr [here]({{ page_url }}).")
    address = "https://shop.example.org/?a=1&amp;b=2"
    assert mail.html.count(f'href="{address}"') == 3
    assert mail.html.count('class="button"') == 1
    assert mail.text.startswith(
        "See https://shop.example.org/?a=1&b=2.\n\nOpen: https://shop.example.org/?a=1&b=2\n\nOr here: "
    )


def test_block_has_a_form_for_each_and_small_print_comes_last(pages: Flask) -> None:
    mail = written(pages, "{{ lines }}\n\nIn words: {{ lines }}\n\n- a\n- b\n\n---\nBye")
    assert re.search(r'<table class="lines".*?</table>\s*<p[^>]*>In words: 1 × A book</p>', mail.html)
    assert mail.html.index("mail-foot") < mail.html.index("Bye")
    assert mail.text == "1 × A book\n\nIn words: 1 × A book\n\n- a\n- b\n\nBye\n"


def test_what_there_is_none_of_can_be_left_out(pages: Flask) -> None:
    assert written(pages, "{% if none %}a{% else %}b{% endif %}{% if name %}c{% endif %}").text == "bc\n"


@pytest.mark.parametrize(
    "text",
    [
        "{{ other }}",
        "{{ name.x }}",
        "{{ name['x'] }}",
        "{{ name|upper }}",
        "{{ name() }}",
        "{{ 1 + 1 }}",
        "{{ name",
        "{% if name %}",
        "{% for x in name %}{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'layouts/mail.html' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{{ self }}",
        "{{ name if none else 1 }}",
        "{% if name == 1 %}{% endif %}",
        "{% if name %}" * 200 + "{% endif %}" * 200,
    ],
)
def test_source_can_do_nothing_but_name(text: str) -> None:
    with pytest.raises(BrokenSource):
        check(text, FACTS)


def test_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(BrokenSource, match=r"no {{ nam }} .* It knows: lines, name, none, page_url"):
        check("{{ nam }}", FACTS)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("{}%[]()<>!#*_`-|\n :/jsavcript\"'=&abcname"), max_size=80))
def test_no_text_breaks_the_mail_or_runs_in_it(pages: Flask, text: str) -> None:
    try:
        check(text, FACTS)
    except BrokenSource:
        return
    tree = html5lib.parse(written(pages, text).html, namespaceHTMLElements=False)
    for element in tree.iter():
        assert element.tag not in ("script", "iframe", "img", "form", "object"), element.tag
        assert not str(element.attrib.get("href", "")).lower().startswith("javascript:")
        assert not any(name.startswith("on") for name in element.attrib)
