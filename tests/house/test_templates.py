"""Templates: they compile, they stand on templates that exist, and what htmx uses works without it."""

import re
from functools import cache
from pathlib import Path

import html5lib
import pytest
from flask import Flask
from jinja2 import Environment, FileSystemLoader, nodes

from storefront.notifications import rendering
from storefront.notifications.emails import TRIAL
from storefront.notifications.writing import check
from tests.house.test_routes import WITHOUT_TOKEN

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
PRACTICE = ROOT / "practice_stripe" / "templates"

ASKING = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-boost")
# Elements that do something in a browser without scripts.
WORKING = {"a", "form", "button", "input", "select", "textarea"}
# Answers of which only the out-of-band pieces are used.
ONLY_OUT_OF_BAND = {"cart/_added.html"}

# Pieces that ask by themselves, when the page is there or now and then; the page is whole without them.
LOADING = re.compile(r'hx-trigger="(load|every)\b')


def names(folder: Path = FOLDER) -> list[str]:
    """Return all templates by name."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def pages(folder: Path = FOLDER) -> list[str]:
    """Return the templates that become pages and pieces, without mails, whose styles are written in them."""
    return [
        name
        for name in names(folder)
        if name.endswith(".html") and not name.startswith("mails/") and "mail.html" not in name
    ]


def test_every_template_compiles_and_stands_on_templates_that_exist(app: Flask) -> None:
    kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
    for name in names():
        app.jinja_env.get_template(name)
        tree = app.jinja_env.parse((FOLDER / name).read_text("utf-8"))
        named = [getattr(node, "template", None) for node in tree.find_all(kinds)]
        wanted = {node.value for node in named if isinstance(node, nodes.Const)}
        assert wanted - set(names()) == set(), f"{name} extends, includes or imports what is not there"


def test_every_template_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "storefront").rglob("*.py"))
    code += "".join((FOLDER / name).read_text("utf-8") for name in names())
    stems = {name: name.rsplit(".", 1)[0].removeprefix("mails/") for name in names()}
    unused = [name for name, stem in stems.items() if f"{stem}." not in code and f'"{stem}"' not in code]
    assert unused == [], "delete it"


def test_practice_templates_compile() -> None:
    environment = Environment(loader=FileSystemLoader(PRACTICE), autoescape=True)
    for name in names(PRACTICE):
        environment.parse((PRACTICE / name).read_text("utf-8"))


def fragments() -> list[str]:
    """Return the templates that views name as fragments."""
    code = "".join(path.read_text("utf-8") for path in sorted((ROOT / "storefront").rglob("*.py")))
    return sorted(set(re.findall(r'fragment="([^"]+\.html)"', code)))


@pytest.mark.parametrize(
    ("folder", "name"), [(FOLDER, one) for one in pages()] + [(PRACTICE, one) for one in pages(PRACTICE)]
)
def test_template_holds_no_script_and_no_style(folder: Path, name: str) -> None:
    forbidden = re.compile(
        # Data of schema.org is never run (HTML, 4.12.1); only json_ld writes it, so that no text can end it.
        r"""<script(?![^>]*\bsrc=)(?! type="application/ld\+json">{{ \w+\([\w., ]*\) \| json_ld }}</script>)"""
        r"""|<style\b|\sstyle\s*=|\son[a-z]+\s*=|\bhx-on\b|hx-vals=["']js:|javascript:|\|\s*safe\b"""
    )
    text = re.sub(r"{#.*?#}", "", (folder / name).read_text("utf-8"), flags=re.DOTALL)
    assert forbidden.findall(text) == [], (
        "the policy of the page forbids it: use a class, a file under static/js, markdown()"
    )


@pytest.mark.parametrize("name", pages())
def test_what_htmx_uses_works_without_it(name: str) -> None:
    """A link has an address, a form an action, a button stands in a form that is sent by POST."""
    for tag, attributes in _elements(name):
        if not any(f" {one}=" in f" {attributes}" or f" {one}:" in f" {attributes}" for one in ASKING):
            continue
        if LOADING.search(attributes):
            continue
        assert tag in WORKING or "hx-boost:inherited" in attributes, (
            f"<{tag}> does nothing without scripts: {attributes[:100]}"
        )
        if tag == "a":
            assert "href=" in attributes, attributes
        if tag == "form":
            assert "action=" in attributes or "hx-post" not in attributes, (
                f"where does it go without scripts? {attributes[:100]}"
            )


@pytest.mark.parametrize("name", pages())
def test_form_that_changes_something_holds_a_token(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
        if re.search(r'method="post"', form) and not any(name in form for name in WITHOUT_TOKEN):
            assert re.search(r"csrf\(\)|csrf_token|hidden_tag|caller\(\)", form), (
                f"write {{{{ csrf() }}}} into it: {form[:120]}"
            )


@pytest.mark.parametrize("name", sorted(set(fragments()) - ONLY_OUT_OF_BAND))
def test_fragment_has_one_root_element_with_an_id(name: str) -> None:
    """htmx swaps it as one thing, by its id; out-of-band pieces may follow."""
    text = re.sub(r"{#.*?#}|{%.*?%}", "", (FOLDER / name).read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"{{.*?}}", "x", text, flags=re.DOTALL)
    tree = html5lib.parseFragment(text, namespaceHTMLElements=False)
    roots = [child for child in tree if "hx-swap-oob" not in child.attrib]
    shown = [(child.tag, child.attrib.get("id")) for child in roots]
    assert len(shown) == 1, f"let one element with an id hold all of it: {shown}"
    assert shown[0][1], f"give its root an id: {shown}"


@cache
def _elements(name: str) -> list[tuple[str, str]]:
    """Return tag and attributes of every element as it is written."""
    text = re.sub(r"{#.*?#}", "", (FOLDER / name).read_text("utf-8"), flags=re.DOTALL)
    return re.findall(
        r"<([a-z][a-z0-9]*)\s((?:[^<>\"]|\"(?:[^\"{]|{{.*?}}|{%.*?%}|{)*\")*)>", text, re.DOTALL
    )


def test_owner_may_change_the_words_of_every_mail_that_has_some(app: Flask) -> None:
    """Register it with ``title`` and ``variables``: docs/mails.md says how."""
    fixed = {kind.name for kind in rendering._renderers.values() if not kind.is_editable}
    assert fixed <= {TRIAL}
    written = {path.stem for path in (FOLDER / "mails").glob("*.md")}
    assert written == {kind.name for kind in rendering.kinds()}


def test_words_of_every_mail_name_facts_that_there_are(app: Flask) -> None:
    with app.test_request_context():
        for kind in rendering.kinds():
            assert kind.title, kind.name
            for language in ("en", "zh"):
                source = rendering.shops_source(kind, language)
                used = check(source.subject, kind.known) | check(source.body, kind.known)
                assert {name for name, one in kind.variables.items() if one.needed} <= used, kind.name
                shown = rendering.render_mail(kind.name, language, **rendering._samples(kind, language))
                assert "{{" not in shown.subject + shown.text + shown.html, kind.name
                assert 'name="color-scheme" content="light dark"' in shown.html
                assert "prefers-color-scheme: dark" in shown.html
