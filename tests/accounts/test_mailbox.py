"""The proof of a mailbox: a code that is typed."""

import re

import time_machine
from flask import Flask
from sqlalchemy import select

from storefront.accounts import proofs, service
from storefront.accounts.models import Account
from storefront.accounts.proofs import CodeCheck
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.gateways.mail.outbox import OutboxMail
from storefront.notifications.models import Message
from storefront.notifications.rendering import find_renderer
from tests.accounts.visiting import EMAIL, Visitor, actions, code_in, mails

Hooks = list[tuple[str, str]]


def test_the_typed_code_proves_the_mailbox_once(visitor: Visitor, hooks: Hooks) -> None:
    visitor.register()
    assert "Please confirm your e-mail address" in visitor.get("/account").text
    assert hooks == [("login", EMAIL)]
    [letter] = mails()

    answer = visitor.send("/account/verification", {"code": code_in(letter)})

    assert answer.location == "/account"
    assert hooks == [("login", EMAIL), ("proven", EMAIL)]
    page = visitor.get("/account").text
    assert "Thank you, your e-mail address is confirmed." in page
    assert "Please confirm your e-mail address" not in page
    assert actions()[-1] == "mailbox_proven"
    assert visitor.get("/account/verification").location == "/account"
    assert _check(visitor, code_in(letter)) is CodeCheck.SPENT


def test_the_code_may_be_typed_as_people_type(visitor: Visitor, hooks: Hooks) -> None:
    visitor.register()
    digits = code_in(mails()[0]).replace(" ", "")
    full_width = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in digits)

    typed = f" {full_width[:3]}-{full_width[3:]} "
    assert visitor.send("/account/verification", {"code": typed}).status_code == 303
    assert hooks[-1] == ("proven", EMAIL)


def test_five_wrong_codes_end_it(visitor: Visitor, hooks: Hooks) -> None:
    visitor.register()
    right = code_in(mails()[0])
    wrong = "000000" if right != "000 000" else "000001"

    answers = [visitor.send("/account/verification", {"code": wrong}) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert "This is not the code." in answers[3].text
    assert "This code no longer works." in answers[4].text
    answer = visitor.send("/account/verification", {"code": right})
    assert answer.status_code == 422
    assert "This code no longer works." in answer.text
    assert ("proven", EMAIL) not in hooks


def test_a_code_is_good_for_half_an_hour(visitor: Visitor) -> None:
    visitor.register()
    right = code_in(mails()[0])

    with time_machine.travel(now() + timedelta(minutes=31), tick=False):
        answer = visitor.send("/account/verification", {"code": right})
    assert "This code no longer works." in answer.text


def test_what_is_no_code_costs_no_try(visitor: Visitor) -> None:
    visitor.register()
    for typed in ("", "12345", "1234567", "abc", "12345６7", "1" * 5000, "½½½½½½", "²²²²²²"):
        answer = visitor.send("/account/verification", {"code": typed})
        assert answer.status_code == 422
    assert _failures() == 0


def test_a_new_code_takes_the_place_of_the_one_before(visitor: Visitor) -> None:
    visitor.register()
    [first] = mails()

    assert visitor.send("/account/verification/code").location == "/account/verification"

    second = mails()[1]
    if code_in(first) != code_in(second):
        assert visitor.send("/account/verification", {"code": code_in(first)}).status_code == 422
    assert visitor.send("/account/verification", {"code": code_in(second)}).status_code == 303


def test_no_mailbox_is_flooded_with_codes(visitor: Visitor) -> None:
    visitor.register()
    with time_machine.travel((now() + timedelta(hours=1)).replace(minute=1), tick=False):
        answers = [visitor.send("/account/verification/code") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert "We have mailed you several codes." in answers[5].text
    assert int(answers[5].headers["Retry-After"]) > 0


def test_a_stranger_gets_no_page_for_a_code(visitor: Visitor) -> None:
    assert visitor.get("/account/verification").location == "/account/login?next=/account/verification"
    assert visitor.send("/account/verification", {"code": "123456"}).status_code == 303


def test_a_code_is_good_for_its_own_account_only(visitor: Visitor, shop: Flask, hooks: Hooks) -> None:
    visitor.register()
    thief = Visitor(shop)
    thief.register(email="thief@example.org")
    code = code_in(next(letter for letter in mails() if letter.recipient == EMAIL))

    thief.send("/account/verification", {"code": code})

    assert not [told for told in hooks if told[0] == "proven"]


def test_neither_code_nor_link_lies_in_the_database(visitor: Visitor) -> None:
    visitor.register()
    visitor.send("/account/password/forgot", {"email": EMAIL})
    letters = mails()
    secrets = [code_in(letters[0]).replace(" ", ""), *_links(letters[1])]
    assert len(secrets) == 2

    with db.engine().connect() as connection:
        for table in ("account", "account_token", "message", "job", "journal_entry"):
            kept = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608 - names from above
            for secret in secrets:
                assert not re.search(rf"(?<!\d){secret}(?!\d)", kept)


def test_a_mail_that_is_late_says_nothing_any_more(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    with db.unit_of_work() as session:
        message = session.scalars(select(Message)).one()
    render = find_renderer(message.kind)
    assert render

    with shop.app_context():
        assert render(message.args, "en") == render(message.args, "en") is not None
    with shop.app_context(), time_machine.travel(now() + timedelta(minutes=31), tick=False):
        assert render(message.args, "en") is None


def test_a_mail_is_in_the_language_of_the_customer(visitor: Visitor) -> None:
    visitor.register(path="/zh/account/register")
    assert "http://127.0.0.1:8000/zh/account/verification" in mails()[0].text
    assert visitor.send("/account/details", {"name": "Mei", "language": "en"}).status_code == 303

    visitor.send("/account/verification/code")

    assert "http://127.0.0.1:8000/en/account/verification" in mails()[1].text


def _links(letter: OutboxMail) -> list[str]:
    return re.findall(r"/account/password/reset/(\S+)", letter.text)


def _check(visitor: Visitor, typed: str) -> CodeCheck:
    account = _account()
    with visitor.client.application.app_context(), db.unit_of_work():
        return proofs.use_code(account.id, typed)


def _failures() -> int:
    with db.engine().connect() as connection:
        return int(connection.exec_driver_sql("SELECT sum(failures) FROM account_token").scalar_one())


def _account() -> Account:
    with db.unit_of_work():
        account = service.find_account_by_email(EMAIL)
    assert account
    return account
