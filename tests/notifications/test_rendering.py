"""Mails are written in the language of the customer, outside of any request."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import DictLoader, StrictUndefined

from storefront.core import db
from storefront.notifications.rendering import Mail, Variable, mail, render_mail
from storefront.notifications.writing import BrokenSource
from storefront.shop.models import ShopProfile
from storefront.shop.service import forget
from tests.gateways.posting import settings_for

pytestmark = pytest.mark.usefixtures("work_database", "work_kinds")

TEMPLATES = {
    "mails/paid.md": "Subject: Order {{ number }} at {{ shop_name }}\n\nThank you & goodbye, {{ name }}.\n",
    "mails/_written.html": (
        "<html><head><style>p { color: #111111 }"
        " @media (prefers-color-scheme: dark) { p { color: #eeeeee } }</style>"
        '<link rel="stylesheet" href="https://example.org/evil.css"></head>'
        '<body lang="{{ language }}">{{ body }}</body></html>'
    ),
    "mails/unnamed.md": "Hello\n",
}


def nothing(args: dict[str, object], language: str) -> Mail | None:
    """Write no mail: these tests call ``render_mail`` themselves."""
    return None


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = Flask("mails")
    app.config["SETTINGS"] = settings_for(tmp_path)
    app.jinja_loader = DictLoader(TEMPLATES)
    app.jinja_env.undefined = StrictUndefined
    Babel(app)
    with db.unit_of_work() as session:
        translations = {"zh": {"name": "静页"}}
        session.add(ShopProfile(id=1, name="Quiet Pages", translations=translations))
    forget()
    for kind in ("paid", "unnamed"):
        facts = {"number": Variable("The number", "1"), "name": Variable("The buyer", "Anna")}
        mail(kind, title=kind, variables=facts)(nothing)
    with app.app_context():
        yield app
    forget()


def test_the_first_line_is_the_subject_and_text_is_not_escaped(app: Flask) -> None:
    written = render_mail("paid", "en", number="K7QM-4XRP", name="Tom & Ann")
    assert written.subject == "Order K7QM-4XRP at Quiet Pages"
    assert written.text == "Thank you & goodbye, Tom & Ann.\n"


def test_styles_are_in_the_tags_and_dark_rules_stay(app: Flask) -> None:
    html = render_mail("paid", "en", number="1", name="<script>").html
    assert 'style="color: #111111;"' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "&lt;script&gt;" in html


def test_the_language_is_the_customers(app: Flask) -> None:
    written = render_mail("paid", "zh", number="1", name="玛丽")
    assert written.subject == "Order 1 at 静页"
    assert 'lang="zh"' in written.html


def test_a_word_that_is_not_given_is_a_mistake(app: Flask) -> None:
    with pytest.raises(BrokenSource):
        render_mail("paid", "en", number="1")


def test_a_mail_without_a_subject_is_a_mistake(app: Flask) -> None:
    with pytest.raises(ValueError, match="first line"):
        render_mail("unnamed", "en")


def test_threads_write_in_their_own_languages(app: Flask) -> None:
    found: dict[str, set[str]] = {"en": set(), "zh": set()}

    def write(language: str) -> None:
        with app.app_context():
            for _ in range(20):
                found[language].add(render_mail("paid", language, number="1", name="x").subject)
        db.close_reader()

    threads = [threading.Thread(target=write, args=(language,)) for language in ("en", "zh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"en": {"Order 1 at Quiet Pages"}, "zh": {"Order 1 at 静页"}}


def test_two_functions_can_not_write_the_same_mail() -> None:
    def first(args: dict[str, object], language: str) -> Mail | None:
        return None

    def second(args: dict[str, object], language: str) -> Mail | None:
        return None

    mail("hello")(first)
    mail("hello")(first)
    with pytest.raises(ValueError, match="two functions"):
        mail("hello")(second)
