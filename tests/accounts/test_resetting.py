"""A new password for those who forgot theirs."""

from collections.abc import Callable

import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from storefront.accounts import service
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.logging import mask
from storefront.jobs import worker
from storefront.jobs.models import Job
from tests.accounts.visiting import EMAIL, Visitor, actions, link_in, mails, path_in

NEW_PASSWORD = "lanterns under the bridge"
LATER = (now() + timedelta(hours=1)).replace(minute=1)


def test_the_mailed_link_sets_a_new_password_once(
    visitor: Visitor, shop: Flask, hooks: list[tuple[str, str]]
) -> None:
    visitor.register()
    phone = Visitor(shop)
    path = _link(phone)

    for _ in range(3):  # mail scanners look, too
        assert EMAIL in phone.get(path).text
    answer = phone.send(path, {"password": NEW_PASSWORD})

    assert (answer.status_code, answer.location) == (303, "/en/account")
    assert phone.who() == EMAIL
    assert visitor.who() == "nobody"
    assert hooks == [("login", EMAIL), ("proven", EMAIL), ("login", EMAIL)]
    assert "Please confirm your e-mail address" not in phone.get("/account").text
    assert actions()[-4:] == ["password_reset_asked", "password_reset", "mailbox_proven", "logged_in"]
    assert mails()[-1].subject == "Your password was changed"

    again = Visitor(shop)
    assert again.send(path, {"password": "yet another password"}).status_code == 410
    assert again.get(path).status_code == 410
    assert again.log_in(password=NEW_PASSWORD).status_code == 303


def test_a_link_is_good_for_one_hour(visitor: Visitor) -> None:
    visitor.register()
    path = _link(visitor)

    with time_machine.travel(now() + timedelta(minutes=61), tick=False):
        assert visitor.get(path).status_code == 410
        assert visitor.send(path, {"password": NEW_PASSWORD}).status_code == 410


def test_a_weak_password_uses_nothing_up(visitor: Visitor) -> None:
    visitor.register()
    path = _link(visitor)

    answer = visitor.send(path, {"password": "password"})
    assert answer.status_code == 422
    assert "one of the first that are guessed" in answer.text
    assert visitor.send(path, {"password": EMAIL}).status_code == 422
    assert visitor.send(path, {"password": NEW_PASSWORD}).status_code == 303


def test_a_new_password_makes_every_other_link_worthless(visitor: Visitor) -> None:
    visitor.register()
    first, second = _link(visitor), _link(visitor)
    assert first != second

    visitor.send(second, {"password": NEW_PASSWORD})
    assert visitor.get(first).status_code == 410


def test_whoever_registered_with_anothers_address_is_out_when_the_other_comes(
    visitor: Visitor, shop: Flask
) -> None:
    thief = visitor
    thief.register()
    owner_of_the_mailbox = Visitor(shop)

    owner_of_the_mailbox.send(_link(owner_of_the_mailbox), {"password": NEW_PASSWORD})

    assert thief.who() == "nobody"
    assert thief.log_in().status_code == 422
    assert owner_of_the_mailbox.who() == EMAIL


def test_the_answer_is_the_same_for_known_and_unknown_addresses(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    mails()
    answers = {}
    for email in (EMAIL, "nobody@example.org"):
        asking = Visitor(shop)
        answer = asking.send("/account/password/forgot", {"email": email})
        answers[email] = (
            answer.status_code,
            answer.location,
            _stable_headers(answer),
            asking.get(answer.location).text,
            _jobs_waiting(),
        )
        worker.drain()

    assert answers[EMAIL] == answers["nobody@example.org"]
    assert answers[EMAIL][0] == 303
    assert answers[EMAIL][4] == ["accounts.mail_reset"]
    assert [letter.recipient for letter in mails()] == [EMAIL, EMAIL]


def test_a_mailbox_gets_three_links_an_hour_and_nobody_is_told(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    with time_machine.travel(LATER, tick=False):
        asking = [Visitor(shop, address=f"198.51.100.{n}") for n in range(5)]
        answers = [each.send("/account/password/forgot", {"email": EMAIL}) for each in asking]
        letters = [letter for letter in mails() if letter.subject == "A new password for Storefront"]

    assert [answer.status_code for answer in answers] == [303] * 5
    assert len(letters) == 3


def test_one_visitor_can_not_ask_for_ever(visitor: Visitor) -> None:
    with time_machine.travel(LATER, tick=False):
        for n in range(20):
            assert visitor.send("/account/password/forgot", {"email": f"a{n}@example.org"}).status_code == 303
        answer = visitor.send("/account/password/forgot", {"email": EMAIL})

    assert answer.status_code == 429
    assert 'value="mei@example.org"' in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_links_come_from_the_settings_and_never_from_the_request(make_shop: Callable[..., Flask]) -> None:
    shop = make_shop(public_url="https://shop.example.org")
    worker.configure(around_job=shop.app_context)
    visitor = Visitor(shop, base_url="https://shop.example.org")
    visitor.register()
    visitor.base_url = "https://evil.example"
    visitor.send("/account/password/forgot", {"email": EMAIL})

    assert [link_in(letter).split("/account")[0] for letter in mails()] == ["https://shop.example.org/en"] * 2
    worker.configure()


def test_a_mail_can_not_be_sent_to_more_than_one(visitor: Visitor) -> None:
    for email in ("mei@example.org\nBcc: a@b.org", "mei@example.org, a@b.org", "mei@example.org%0ACc: x"):
        assert visitor.send("/account/password/forgot", {"email": email}).status_code == 422
        assert visitor.register(email=email).status_code == 422
    assert mails() == []


def test_the_address_of_the_page_is_told_to_no_other_site(visitor: Visitor) -> None:
    visitor.register()
    path = _link(visitor)

    for answer in (visitor.get(path), visitor.get(f"{path}x"), visitor.send(path, {"password": "short"})):
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_is_not_in_the_log(visitor: Visitor) -> None:
    visitor.register()
    path = _link(visitor)
    token = path.rsplit("/", 1)[1]

    assert len(token) == 43
    assert token not in mask(f"refused path={path} status=400")


def test_odd_tokens_are_only_not_good(visitor: Visitor) -> None:
    for token in ("x", "%00", "%ED%A0%80", "'--", "é", "a" * 5000):
        assert visitor.get(f"/account/password/reset/{token}").status_code == 410


def test_a_disabled_account_gets_no_link(visitor: Visitor) -> None:
    visitor.register()
    path = _link(visitor)
    with db.unit_of_work():
        account = service.find_account_by_email(EMAIL)
        assert account
        service.disable(account.id)
    count = len(mails())

    assert visitor.get(path).status_code == 410
    visitor.send("/account/password/forgot", {"email": EMAIL})
    assert len(mails()) == count


def _link(visitor: Visitor) -> str:
    visitor.send("/account/password/forgot", {"email": EMAIL})
    return path_in(mails()[-1])


def _stable_headers(answer: TestResponse) -> list[tuple[str, str]]:
    changing = ("X-Request-Id", "Set-Cookie", "Date", "Content-Length")
    return sorted((name, value) for name, value in answer.headers if name not in changing)


def _jobs_waiting() -> list[str]:
    with db.unit_of_work() as session:
        return list(session.scalars(select(Job.kind).where(Job.done_at.is_(None))))
