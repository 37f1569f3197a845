"""A person with a browser, and the mails that reach them."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from storefront.core import db
from storefront.gateways import mail
from storefront.gateways.mail.outbox import OutboxMail
from storefront.jobs import worker
from storefront.journal.models import JournalEntry

EMAIL = "mei@example.org"
PASSWORD = "kites over the harbour"

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """A browser: it keeps cookies, and sends forms with the token of the page that it looked at last."""

    def __init__(
        self, shop: Flask, address: str = "203.0.113.7", base_url: str = "http://127.0.0.1:8000"
    ) -> None:
        self.client: FlaskClient = shop.test_client()
        self.address = address
        self.base_url = base_url
        self._token = ("", "")

    def get(self, path: str, **named: Any) -> TestResponse:
        """Look at a page."""
        return self._ask("GET", path, **named)

    def send(self, path: str, data: dict[str, str] | None = None, **named: Any) -> TestResponse:
        """Send a form as a browser would, with a token from a page with a form."""
        token = self._form_token()
        headers = {"Origin": self.base_url, "Sec-Fetch-Site": "same-origin", **named.pop("headers", {})}
        return self._ask("POST", path, data={"csrf_token": token, **(data or {})}, headers=headers, **named)

    def register(
        self, email: str = EMAIL, password: str = PASSWORD, path: str = "/account/register"
    ) -> TestResponse:
        """Fill in the form for a new account."""
        return self.send(path, {"email": email, "password": password})

    def log_in(self, email: str = EMAIL, password: str = PASSWORD, **more: str) -> TestResponse:
        """Fill in the form for logging in."""
        return self.send("/account/login", {"email": email, "password": password, **more})

    def log_out(self) -> TestResponse:
        """Press the button."""
        return self.send("/account/logout")

    def who(self) -> str:
        """As whom the shop sees this browser: an e-mail address or ``nobody``."""
        return self.get("/me").text

    def cookie(self, name: str) -> str:
        """Return a cookie's value, or nothing."""
        found = self.client.get_cookie(name, domain=urlsplit(self.base_url).hostname or "")
        return found.value if found else ""

    def set_cookie(self, name: str, value: str) -> None:
        """Put a cookie into the browser by hand."""
        self.client.set_cookie(name, value, domain=urlsplit(self.base_url).hostname or "")

    def _form_token(self) -> str:
        """The token of any page with a form is good until the visitor's session is renewed."""
        visit = self.cookie("visit")
        if not visit or self._token[0] != visit:
            page = self.get("/account/password/forgot").text
            self._token = self.cookie("visit"), next(_TOKEN.finditer(page)).group(1)
        return self._token[1]

    def _ask(self, method: str, path: str, **named: Any) -> TestResponse:
        return self.client.open(
            path,
            method=method,
            base_url=self.base_url,
            environ_overrides={"REMOTE_ADDR": self.address},
            **named,
        )


def mails() -> list[OutboxMail]:
    """Let the worker do what is due, and return all mails, oldest first."""
    worker.drain()
    db.close_reader()
    return [mail.read_outbox(found.name) for found in reversed(mail.list_outbox())]


def actions() -> list[str]:
    """Return what the journal says was done, oldest first."""
    with db.unit_of_work() as session:
        return list(session.scalars(select(JournalEntry.action).order_by(JournalEntry.id)))


def code_in(letter: OutboxMail) -> str:
    """Return the six digits of a mail."""
    [found] = re.finditer(r"^\d{3} \d{3}(?=\s)", letter.text, re.M)
    return found.group()


def link_in(letter: OutboxMail) -> str:
    """Return the address of the first link of a mail."""
    return next(re.finditer(r"https?://\S+", letter.text)).group()


def path_in(letter: OutboxMail) -> str:
    """Return the path of the first link of a mail."""
    return "/" + link_in(letter).split("/", 3)[3]
