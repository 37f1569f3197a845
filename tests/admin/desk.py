"""The owner at the desk: opens pages, fills in the forms that stand there, and sends them."""

import io
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

Fields = MultiDict[str, str]


@dataclass
class Desk:
    """A browser without scripts."""

    client: FlaskClient

    def open(self, path: str, status: int = 200) -> TestResponse:
        """Open a page that is there."""
        page = self.client.get(path)
        assert page.status_code == status, page.text[:3000]
        return page

    def form(self, path: str, action: str | None = None) -> Fields:
        """Return what the form that goes to ``action`` would send as it stands on the page."""
        return fields_of(self.open(path), action or path)

    def send(self, path: str, page: str | None = None, **changes: str) -> TestResponse:
        """Fill in the form for ``path`` on a page and send it."""
        fields = self.form(page or path, path)
        fill(fields, changes)
        return self.client.post(path, data=fields)

    def upload(self, path: str, page: str, *files: tuple[bytes, str], **headers: str) -> TestResponse:
        """Send files by the form for ``path`` on a page."""
        fields = self.form(page, path)
        sent = [(io.BytesIO(content), name) for content, name in files]
        return self.client.post(path, data={**fields.to_dict(), "file": sent}, headers=headers)

    def press(self, path: str, page: str, **button: str) -> TestResponse:
        """Press a button of the form for ``path`` on a page and follow where it leads."""
        answer = self.send(path, page, **button)
        assert answer.status_code == 303, answer.text[:3000]
        return self.open(answer.headers["Location"].split("#")[0])


def fields_of(page: TestResponse, action: str) -> Fields:
    """Return names and values of the form with that action."""
    for form in tree_of(page).iter("form"):
        if form.get("action") == action:
            return _fields(form)
    raise AssertionError(f"no form for {action}")


def fill(fields: Fields, changes: dict[str, str]) -> None:
    """Write other values into the fields."""
    for name, value in changes.items():
        fields[name] = value


def tree_of(page: TestResponse) -> Element:
    """Return the parsed page."""
    tree: Element = html5lib.parse(page.text, namespaceHTMLElements=False)
    return tree


def errors_of(page: TestResponse) -> dict[str, str]:
    """Return the error of each field that has one, by the id of the field."""
    return {
        (element.get("id") or "").removesuffix("-error"): " ".join("".join(element.itertext()).split())
        for element in tree_of(page).iter("p")
        if element.get("class") == "field__error"
    }


def words_of(page: TestResponse) -> str:
    """Return the text of the main part of a page."""
    main = next(tree_of(page).iter("main"))
    return " ".join("".join(main.itertext()).split())


def _fields(form: Element) -> Fields:
    fields: Fields = MultiDict()
    for element in form.iter():
        name = element.get("name")
        if not name or element.tag == "button" or element.get("type") in ("file", "submit"):
            continue
        if element.tag == "textarea":
            fields.add(name, (element.text or "").removeprefix("\n"))
        elif element.tag == "select":
            options = list(element.iter("option"))
            chosen = next((each for each in options if each.get("selected") is not None), options[0])
            fields.add(name, chosen.get("value", ""))
        elif element.get("type") not in ("checkbox", "radio") or element.get("checked") is not None:
            fields.add(name, element.get("value", "on" if element.get("type") == "checkbox" else ""))
    return fields
