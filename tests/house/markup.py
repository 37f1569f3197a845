"""What is wrong with a page as a strict reader of HTML sees it."""

import json
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

_VERBS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-boost", "hx-boost:inherited")
_BY_ITSELF = ("load", "every ", "revealed", "intersect")
_UNSEEN = {"hidden", "submit", "button", "image", "reset"}


def problems_of(page: str, *, is_fragment: bool = False) -> list[str]:
    """Return what is wrong with a page or a fragment: markup, doubled ids, controls without a name, dead ends."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parseFragment(page) if is_fragment else parser.parse(page)
    # A doctype is a comment to the tree; only real elements are looked at.
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    parents = {child: parent for parent in elements for child in parent}
    return [
        *(
            f"line {place[0]}: {code} {data}"
            for place, code, data in parser.errors
            if not _is_nothing(code, is_fragment)
        ),
        *_doubled_ids(elements),
        *_names(elements, parents),
        *([] if is_fragment else _dead_references(elements)),
        *_enhancements(elements, parents),
        *_pictures(elements),
        *_inline(elements),
    ]


def _is_nothing(code: str, is_fragment: bool) -> bool:
    return is_fragment and str(code).startswith("expected-doctype")


def _doubled_ids(elements: list[Element]) -> Iterator[str]:
    counted = Counter(one.get("id") for one in elements if one.get("id") is not None)
    yield from (f"id {name!r} {times} times" for name, times in counted.items() if times > 1)


def _names(elements: list[Element], parents: dict[Element, Element]) -> Iterator[str]:
    """Every control says what it is, and every label belongs to one."""
    labelled = {one.get("for") for one in elements if one.tag == "label"}
    ids = {one.get("id") for one in elements}
    yield from (f"label for {name!r}, which is not there" for name in labelled - ids - {None})
    for one in elements:
        if (
            one.tag not in ("input", "select", "textarea")
            or one.get("type") in _UNSEEN
            or "hidden" in one.attrib
        ):
            continue
        is_named = one.get("id") in labelled or one.get("aria-label") or one.get("aria-labelledby")
        if not is_named and not any(above.tag == "label" for above in _above(one, parents)):
            yield f"{one.tag} {one.get('name')!r} without a label"


def _dead_references(elements: list[Element]) -> Iterator[str]:
    ids = {one.get("id") for one in elements}
    for one in elements:
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "form"):
            for name in (one.get(attribute) or "").split():
                if name not in ids:
                    yield f"{one.tag} {attribute}={name!r}, which is not there"
        href = one.get("href") or ""
        if one.tag == "a" and href.startswith("#") and len(href) > 1 and href[1:] not in ids:
            yield f"link to {href!r}, which is not there"


def _enhancements(elements: list[Element], parents: dict[Element, Element]) -> Iterator[str]:
    """What htmx takes over does the same without it."""
    for one in elements:
        if not any(verb in one.attrib for verb in _VERBS) or "hx-boost:inherited" in one.attrib:
            continue
        if one.get("hx-trigger", "").startswith(_BY_ITSELF):
            continue
        is_real = (
            (one.tag == "a" and one.get("href"))
            or (one.tag == "form" and one.get("action"))
            or (one.tag == "button" and one.get("type") == "submit")
            or (one.tag in ("input", "select") and any(above.get("action") for above in _above(one, parents)))
        )
        if not is_real:
            yield f"{one.tag}#{one.get('id')} does nothing without scripts"


def _pictures(elements: list[Element]) -> Iterator[str]:
    for one in elements:
        if one.tag == "img" and not all(name in one.attrib for name in ("alt", "width", "height")):
            yield f"picture {one.get('src')} without alt, width or height"


def _inline(elements: list[Element]) -> Iterator[str]:
    """The content security policy forbids these, so they would silently do nothing. Data is none of them."""
    for one in elements:
        if one.tag == "style" or (one.tag == "script" and "src" not in one.attrib and not _is_data(one)):
            yield f"inline {one.tag}"
        yield from (
            f"inline {name} on {one.tag}" for name in one.attrib if name == "style" or name.startswith("on")
        )


def _is_data(one: Element) -> bool:
    """Data that can be read, and in which nothing can end the element before its end."""
    if one.get("type") != "application/ld+json" or set(one.text or "") & set("<>"):
        return False
    return bool(json.loads(one.text or "")["@context"] == "https://schema.org")


def _above(one: Element, parents: dict[Element, Element]) -> Iterator[Element]:
    while one in parents:
        one = parents[one]
        yield one
