"""The account's own page."""

from html import unescape

import time_machine
from sqlalchemy import select

from storefront.accounts.models import Account
from storefront.core import db
from storefront.core.clock import now, timedelta
from tests.accounts.visiting import EMAIL, PASSWORD, Visitor, actions, mails

NEW_PASSWORD = "lanterns under the bridge"


def test_the_page_is_for_those_who_are_logged_in_and_is_kept_nowhere(visitor: Visitor) -> None:
    assert visitor.get("/account").location == "/account/login?next=/account"
    visitor.register()

    page = visitor.get("/account")

    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert EMAIL in page.text


def test_name_and_language_can_be_changed(visitor: Visitor) -> None:
    visitor.register()

    answer = visitor.send("/account/details", {"name": "  梅\u200b  Chen\x00 ", "language": "zh"})

    assert answer.location == "/account"
    account = _account()
    assert (account.name, account.language, account.display_name) == ("梅 Chen", "zh", "梅 Chen")
    assert actions()[-1] == "details_changed"
    visitor.send("/account/details", {"name": "梅 Chen", "language": "zh"})
    assert actions().count("details_changed") == 1


def test_what_is_wrong_with_the_details_is_said_at_the_field(visitor: Visitor) -> None:
    visitor.register()

    for details in ({"name": "x" * 121, "language": "en"}, {"name": "", "language": "tlh"}, {}):
        answer = visitor.send("/account/details", details)
        assert answer.status_code == 422
        assert answer.text.count('aria-invalid="true"') == 1
    assert _account().name == ""


def test_markup_in_a_name_stays_text(visitor: Visitor) -> None:
    visitor.register()
    visitor.send("/account/details", {"name": "<img src=x onerror=alert(1)>", "language": "en"})

    page = visitor.get("/account").text
    assert "<img src=x" not in page
    assert "<img src=x onerror=alert(1)>" in unescape(page)


def test_a_changed_password_is_told_by_mail(visitor: Visitor) -> None:
    visitor.register()
    visitor.send("/account/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    letter = mails()[-1]
    assert letter.subject == "Your password was changed"
    assert "http://127.0.0.1:8000/en/account/password/forgot" in letter.text
    assert "Your password was changed" in letter.html
    assert actions()[-1] == "password_changed"


def test_the_password_can_be_changed_only_by_who_knows_it(visitor: Visitor) -> None:
    visitor.register()

    answer = visitor.send("/account/password", {"current_password": "guess", "new_password": NEW_PASSWORD})

    assert answer.status_code == 422
    assert "This is not your current password." in answer.text
    assert NEW_PASSWORD not in answer.text
    assert "password_changed" not in actions()


def test_a_weak_new_password_is_refused(visitor: Visitor) -> None:
    visitor.register()

    answer = visitor.send("/account/password", {"current_password": PASSWORD, "new_password": "password"})

    assert answer.status_code == 422
    assert "one of the first that are guessed" in answer.text


def test_the_current_password_can_not_be_guessed_in_a_stolen_session(visitor: Visitor) -> None:
    visitor.register()
    with time_machine.travel((now() + timedelta(hours=1)).replace(minute=1), tick=False):
        form = {"current_password": "guess", "new_password": NEW_PASSWORD}
        answers = [visitor.send("/account/password", form) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[10].headers["Retry-After"]) > 0


def _account() -> Account:
    with db.unit_of_work() as session:
        return session.scalars(select(Account)).one()
