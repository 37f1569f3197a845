"""Registering, logging in and out, as a browser meets it."""

from collections.abc import Callable
from html import unescape
from typing import TypeVar

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from storefront.accounts import attempts, passwords, service
from storefront.accounts.models import Account, LoginSession
from storefront.core import db
from storefront.core.clock import now, timedelta
from tests.accounts.visiting import EMAIL, PASSWORD, Visitor, actions, mails

T = TypeVar("T")
TAKEN = "This address can't be registered. If it is yours, log in, or reset the password."
# Within one window of every throttle, and after whatever was signed before.
LATER = (now() + timedelta(hours=1)).replace(minute=1)
WRONG = "E-mail and password do not fit together. Please check both."


def test_a_new_customer_is_logged_in_at_once(visitor: Visitor, hooks: list[tuple[str, str]]) -> None:
    answer = visitor.register()

    assert (answer.status_code, answer.location) == (303, "/account")
    assert visitor.who() == EMAIL
    assert hooks == [("login", EMAIL)]
    assert actions() == ["registered", "logged_in"]
    assert [letter.subject for letter in mails()] == ["Your code for Storefront"]


def test_an_address_is_kept_in_one_spelling(visitor: Visitor) -> None:
    visitor.register(email="  Mei@EXAMPLE.org ")

    assert visitor.who() == EMAIL
    visitor.log_out()
    assert visitor.log_in(email="MEI@example.ORG").status_code == 303


def test_a_taken_address_is_refused_at_the_field(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    other = Visitor(shop)

    answer = other.register(email="MEI@example.org", password="another password")

    assert answer.status_code == 422
    page = unescape(answer.text)
    assert page.count(TAKEN) == 2  # in the summary and at the field
    assert 'aria-invalid="true"' in page
    assert 'value="mei@example.org"' in page
    assert "another password" not in page
    assert other.who() == "nobody"
    assert len(mails()) == 1


def test_two_who_register_at_once_make_one_account(
    visitor: Visitor, shop: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has the last word, also when nobody looked before."""
    visitor.register()

    with shop.test_request_context(), pytest.raises(service.EmailTaken), db.unit_of_work():
        service.register(EMAIL, "hash", "", "en")
    assert len(_rows(Account)) == 1


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("", PASSWORD, "Please enter your e-mail address."),
        ("mei", PASSWORD, "Please enter an e-mail address such as name@example.org."),
        ("mei@example.org\r\nBcc: a@example.org", PASSWORD, "Please enter an e-mail address"),
        (EMAIL, "", "Please choose a password."),
        (EMAIL, "short", "Please use at least 8 characters."),
        (EMAIL, "password123", "This password is one of the first that are guessed."),
        (EMAIL, EMAIL, "Your e-mail address can't be the password."),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    visitor: Visitor, email: str, password: str, sentence: str
) -> None:
    answer = visitor.register(email, password)

    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert _rows(Account) == []


def test_a_stranger_can_ask_only_ten_times_who_has_an_account(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    curious = Visitor(shop, address="198.51.100.9")

    answers = [curious.register().status_code for _ in range(12)]

    assert answers == [422] * 10 + [429] * 2
    assert curious.register(email="new@example.org").status_code == 429
    assert Visitor(shop, address="198.51.100.10").register(email="new@example.org").status_code == 303


def test_logging_in_leads_back_to_where_one_was(visitor: Visitor) -> None:
    visitor.register()
    visitor.log_out()

    page = visitor.get("/library")
    assert (page.status_code, page.location) == (303, "/account/login?next=/library")
    assert 'name="next" type="hidden" value="/library"' in visitor.get(page.location).text
    assert visitor.log_in(next="/library").location == "/library"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
    ],
)
def test_logging_in_leads_to_no_other_site(visitor: Visitor, elsewhere: str) -> None:
    visitor.register()
    visitor.log_out()

    assert visitor.log_in(next=elsewhere).location == "/account"
    assert visitor.get("/account/login", query_string={"next": elsewhere}).location == "/account"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.register()
    visitor.log_out()
    checked = []

    def watched(kept: str | None, typed: str) -> bool:
        checked.append(kept is None)
        return passwords.matches(kept, typed)

    monkeypatch.setattr(service, "matches", watched)

    wrong = visitor.log_in(password="something else")
    unknown = visitor.log_in(email="who@example.org")

    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert WRONG in wrong.text
    assert _without_tokens(wrong.text) == _without_tokens(unknown.text.replace("who@", "mei@"))
    assert checked == [False, True]  # for the unknown one, too, a password was checked
    assert "something else" not in wrong.text
    assert visitor.who() == "nobody"


def test_a_disabled_account_can_not_log_in_and_is_logged_out(visitor: Visitor) -> None:
    visitor.register()
    [account] = _rows(Account)
    with db.unit_of_work():
        service.disable(account.id)

    assert visitor.who() == "nobody"
    assert _rows(LoginSession) == []
    answer = visitor.log_in()
    assert answer.status_code == 422
    assert WRONG in answer.text


def test_a_weaker_hash_is_made_anew_at_login(visitor: Visitor) -> None:
    visitor.register()
    visitor.log_out()
    with db.unit_of_work() as session:
        account = session.scalars(select(Account)).one()
        account.password_hash = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash(PASSWORD)

    assert visitor.log_in().status_code == 303
    assert _rows(Account)[0].password_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert visitor.who() == EMAIL
    visitor.log_out()
    assert visitor.log_in().status_code == 303


def test_the_language_of_the_page_becomes_that_of_the_mails(visitor: Visitor) -> None:
    visitor.register(path="/zh/account/register")

    assert _rows(Account)[0].language == "zh"
    [letter] = mails()
    assert "http://127.0.0.1:8000/zh/account/verification" in letter.text


def test_a_form_without_its_token_does_nothing(visitor: Visitor) -> None:
    for path in ("/account/login", "/account/register", "/account/logout", "/account/password/forgot"):
        answer = visitor.client.post(path, data={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 400
    assert _rows(Account) == []


def test_guessing_is_slowed_down(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    stranger = Visitor(shop, address="198.51.100.9")

    with time_machine.travel(LATER, tick=False):
        answers = [stranger.log_in(password=f"guess number {n}") for n in range(11)]

        assert [answer.status_code for answer in answers] == [422] * 10 + [429]
        assert "Too many tries." in answers[-1].text
        assert 'value="mei@example.org"' in answers[-1].text
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
        assert stranger.log_in().status_code == 429  # even with the right one
    with time_machine.travel(LATER + timedelta(minutes=15), tick=False):
        assert stranger.log_in().status_code == 303


def test_one_address_can_not_try_many_accounts(shop: Flask) -> None:
    stranger = Visitor(shop, address="198.51.100.9")

    with time_machine.travel(LATER, tick=False):
        with db.unit_of_work():
            for n in range(48):
                assert attempts.admit_login(attempts.Login(f"someone{n}@example.org", stranger.address, None))
        answers = [stranger.log_in(email=f"other{n}@example.org").status_code for n in range(3)]
    assert answers == [422, 422, 429]


def test_strangers_do_not_lock_out_a_browser_that_has_logged_in_before(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    visitor.log_out()
    with time_machine.travel(LATER, tick=False):
        _guess_from_everywhere()

        assert Visitor(shop, address="192.0.2.1").log_in().status_code == 429
        assert visitor.log_in().status_code == 303
        visitor.log_out()
        answers = [visitor.log_in(password="guess").status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]  # but it may not guess for ever, either


def test_a_known_browser_is_known_for_its_own_account_only(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    thief = Visitor(shop, address="198.51.100.9")
    thief.register(email="thief@example.org")
    thief.log_out()

    with time_machine.travel(LATER, tick=False):
        _guess_from_everywhere()
        assert thief.log_in().status_code == 429
        thief.set_cookie("device", visitor.cookie("device")[:-3] + "abc")
        assert thief.log_in().status_code == 429


def test_right_passwords_are_not_held_against_anyone(visitor: Visitor) -> None:
    visitor.register()
    for _ in range(12):
        visitor.log_out()
        visitor.set_cookie("device", "")
        assert visitor.log_in().status_code == 303


def test_over_https_the_cookies_are_bound_to_the_host(make_shop: Callable[..., Flask]) -> None:
    shop = make_shop(public_url="https://shop.example.org")
    answer = Visitor(shop, base_url="https://shop.example.org").register()

    flags = {cookie.split("=", 1)[0]: cookie for cookie in answer.headers.getlist("Set-Cookie")}
    for name in ("__Host-account", "__Host-device"):
        assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in flags[name]
        assert "Domain" not in flags[name]


def _guess_from_everywhere() -> None:
    """As many tries from as many addresses as one account may be tried in an hour."""
    with db.unit_of_work():
        for n in range(100):
            assert attempts.admit_login(attempts.Login(EMAIL, f"198.51.100.{n}", None))


def _rows(model: type[T]) -> list[T]:
    with db.unit_of_work() as session:
        return list(session.scalars(select(model)))


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)
