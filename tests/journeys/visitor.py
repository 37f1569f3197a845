"""A person with a browser of their own in front of a running shop, and the mailbox beside it.

Steps are named as the person would name them and find things as a person does: by what is written on them.
Pages that may be in Chinese are found by their addresses and structure.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, expect

from tests.servers.shop import LiveShop

PASSWORD = "violet harbour lantern"
WAIT_MS = 20_000
ADDRESS = {
    "name": "Anna Berg",
    "line1": "Kade 1",
    "postal_code": "7201 AB",
    "city": "Zutphen",
    "country": "NL",
}

_numbers = count(1)


def new_email(name: str = "anna") -> str:
    """Return an address that no other test uses."""
    return f"{name}-{uuid4().hex[:6]}-{next(_numbers)}@example.org"


@dataclass
class Visitor:
    """One browser without a past. `troubles` is what the browser complained of; a test that expects it clears it."""

    shop: LiveShop
    context: BrowserContext
    page: Page
    prefix: str = ""
    troubles: list[str] = field(default_factory=list)

    # ---- Going about

    def open(self, path: str) -> Response:
        """Go to a path of the shop, in the visitor's language."""
        answer = self.page.goto(f"{self.shop.url}{self.prefix}{path}")
        assert answer is not None
        return answer

    @property
    def path(self) -> str:
        """Path and query of the page that is open."""
        return self.page.url.removeprefix(self.shop.url)

    @property
    def heading(self) -> Locator:
        """The one h1."""
        return self.page.locator("main h1")

    @property
    def status(self) -> Locator:
        """The region that reads out what happened."""
        return self.page.locator("#status")

    @property
    def cart_count(self) -> Locator:
        """The number beside the cart."""
        return self.page.locator("#cart-count > [aria-hidden]")

    def focused(self) -> str:
        """Return what has the focus, as `tag#id`."""
        found: str = self.page.evaluate(
            "() => document.activeElement.localName + (document.activeElement.id && '#' + document.activeElement.id)"
        )
        return found

    # ---- Buying

    def add(self, slug: str, option: str | None = None) -> None:
        """Put a product into the cart from its page, and see it counted."""
        self.open(f"/products/{slug}")
        if option:
            self.page.locator(".option", has_text=option).locator("input").check(force=True)
        with self.page.expect_response(lambda answer: answer.url.endswith("/cart/lines")):
            self.page.locator("#buy .btn--primary").click()
        expect(self.status).not_to_be_empty()

    def check_out(self, email: str | None = None) -> None:
        """From the cart to the payment page."""
        self.open("/cart")
        if self.page.locator("#destination-form").count():
            self.open("/checkout")
            self.fill_address()
        if email:
            self.page.locator("#email").fill(email)
        self.page.locator("#checkout-form .btn--primary").click()
        self.page.wait_for_url("**/practice-stripe/**")

    def fill_address(self) -> None:
        """Say where a parcel goes; the country is the one that the shop sends most to, so that it stands there."""
        for name, value in ADDRESS.items():
            if name != "country":
                self.page.locator(f"#checkout-form [name={name}]").fill(value)

    def pay(self, action: str = "pay", email: str | None = None) -> None:
        """Press a button on the payment page, with the fields filled that a person would fill."""
        if email:
            self.page.locator("#email").fill(email)
        self.page.locator(f"button[name=action][value={action}]").click()

    def buy(self, slug: str, email: str | None = None, option: str | None = None) -> str:
        """Buy one product by card and return the path of its order page, on which the goods are."""
        self.add(slug, option)
        self.check_out(email)
        self.pay(email=email)
        self.page.wait_for_url("**/orders/**")
        expect(self.page.locator(".goods, [id^=goods-]").first).to_be_visible()
        return self.path

    def download(self, link: Locator) -> tuple[str, bytes]:
        """Click a download link; return the name that the browser gives the file, and its bytes."""
        with self.page.expect_download() as waiting:
            link.click()
        saved = waiting.value
        return saved.suggested_filename, Path(saved.path()).read_bytes()

    # ---- Accounts

    def register(self, email: str, password: str = PASSWORD) -> None:
        """Make an account; one is logged in afterwards."""
        self.open("/account/register")
        self.page.locator("#email").fill(email)
        self.page.locator("#password").fill(password)
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_url(lambda url: "/account/register" not in url)

    def log_in(self, email: str, password: str = PASSWORD) -> None:
        """Log in by the form."""
        if "/account/login" not in self.page.url:
            self.open("/account/login")
        self.page.locator("#email").fill(email)
        self.page.locator("#password").fill(password)
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_url(lambda url: "/account/login" not in url)

    def log_out(self) -> None:
        """Log out on the account page."""
        self.open("/account")
        self.page.locator("form[action$='/account/logout'] button").click()
        self.page.wait_for_url(lambda url: not url.endswith("/account"))

    def prove_mailbox(self, email: str) -> None:
        """Type in the code that was mailed."""
        code = re.search(
            r"\b(\d{3}) (\d{3})\b", text_of(wait_for_mail(self.shop, email, "/account/verification"))
        )
        assert code
        self.open("/account/verification")
        self.page.locator("#code").fill(code[1] + code[2])
        self.page.locator("form[action$='/account/verification'] button").click()
        self.page.wait_for_url(lambda url: not url.endswith("/account/verification"))


@contextmanager
def visitor(
    browser: Browser,
    shop: LiveShop,
    *,
    prefix: str = "",
    language: str = "en-GB",
    width: int = 1280,
    **options: Any,
) -> Iterator[Visitor]:
    """Open a browser without a past. Whatever it complained of on the way fails the test at the end."""
    context = browser.new_context(locale=language, viewport={"width": width, "height": 900}, **options)
    context.set_default_timeout(WAIT_MS)
    context.set_default_navigation_timeout(WAIT_MS)
    page = context.new_page()
    made = Visitor(shop, context, page, prefix)
    context.on("weberror", lambda problem: made.troubles.append(str(problem.error)))
    context.on("console", lambda said: made.troubles.append(said.text) if _is_complaint(said) else None)
    context.on(
        "response", lambda got: made.troubles.append(f"{got.status} {got.url}") if got.status >= 500 else None
    )
    try:
        yield made
        assert made.troubles == []
    finally:
        context.close()


def _is_complaint(said: ConsoleMessage) -> bool:
    """A refusal of ours (4xx) is noted by the browser, too, but is no fault."""
    return said.type in ("error", "warning") and "responded with a status of 4" not in said.text


# ---- The mailbox


def wait_for_mail(shop: LiveShop, to: str, words: str, seconds: float = 20.0) -> EmailMessage:
    """Return the newest mail to an address that has these words in its subject or text."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for mail in mails(shop, to):
            if words in str(mail["Subject"]) or words in text_of(mail):
                return mail
        time.sleep(0.1)
    raise AssertionError(
        f"no mail with {words!r} to {to}; there are {[str(one['Subject']) for one in mails(shop, to)]}"
    )


def mails(shop: LiveShop, to: str) -> list[EmailMessage]:
    """Return the mails that an address got, the newest first."""
    found = []
    for path in sorted((shop.var_dir / "outbox").glob("**/*.eml"), reverse=True):
        mail = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
        if to in str(mail["To"]):
            found.append(mail)
    return found


def text_of(mail: EmailMessage) -> str:
    """Return the words of a mail as a plain reader shows them."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def links_of(mail: EmailMessage) -> list[str]:
    """Return the addresses in a mail."""
    return re.findall(r"https?://[^\s<>\")]+", text_of(mail))
