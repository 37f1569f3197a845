"""Who is logged in: what a copied, planted, old or revoked token is worth."""

import re
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from storefront.accounts import jobs, service
from storefront.accounts.models import AccountToken, LoginSession
from storefront.accounts.sessions import browser_name
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from tests.accounts.visiting import EMAIL, PASSWORD, Visitor, actions

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
NEW_PASSWORD = "lanterns under the bridge"


def test_a_copied_token_is_worth_nothing_after_logout(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    thief = Visitor(shop)
    thief.set_cookie("account", visitor.cookie("account"))
    thief.set_cookie("visit", visitor.cookie("visit"))
    assert thief.who() == EMAIL

    answer = visitor.log_out()

    assert (answer.status_code, answer.location) == (303, "/elsewhere/catalog.home")
    assert visitor.cookie("account") == ""
    assert thief.who() == "nobody"
    assert thief.get("/account").location == "/account/login?next=/account"
    assert actions()[-1] == "logged_out"


def test_logging_in_makes_a_new_token_and_a_new_secret_for_forms(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    visitor.log_out()
    page = visitor.get("/account/login").text
    token_before = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    visitor.set_cookie("account", "planted-by-a-stranger")
    planted_visit = visitor.cookie("visit")

    visitor.log_in()

    assert visitor.cookie("account") not in ("", "planted-by-a-stranger")
    stranger = Visitor(shop)
    stranger.set_cookie("account", "planted-by-a-stranger")
    assert stranger.who() == "nobody"
    assert visitor.cookie("visit") != planted_visit
    answer = visitor.client.post(
        "/account/logout", data={"csrf_token": token_before}, base_url=visitor.base_url
    )
    assert answer.status_code == 400


def test_logging_in_again_ends_the_session_before(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    copy = Visitor(shop)
    copy.set_cookie("account", visitor.cookie("account"))

    visitor.log_in()

    assert visitor.who() == EMAIL
    assert copy.who() == "nobody"
    assert len(_sessions()) == 1


def test_only_the_hash_of_a_token_is_kept(visitor: Visitor) -> None:
    visitor.register()
    [row] = _sessions()

    assert len(visitor.cookie("account")) == 43
    assert re.fullmatch("[0-9a-f]{64}", row.token_hash)
    assert visitor.cookie("account") not in row.token_hash


@pytest.mark.parametrize(
    ("is_owner", "idle", "absolute"),
    [(False, timedelta(days=30), timedelta(days=90)), (True, timedelta(hours=12), timedelta(days=7))],
)
def test_a_session_ends_when_it_is_not_used_and_at_last_anyway(
    visitor: Visitor, is_owner: bool, idle: timedelta, absolute: timedelta
) -> None:
    _account(visitor, is_owner)
    began = now()

    with time_machine.travel(began + idle - timedelta(minutes=1), tick=False):
        assert visitor.who() == EMAIL
    with time_machine.travel(began + idle + timedelta(hours=1), tick=False):
        assert visitor.who() == EMAIL  # it was used meanwhile
    moment = began + idle + timedelta(hours=1)
    while moment < began + absolute - idle:
        moment += idle - timedelta(minutes=1)
        with time_machine.travel(moment, tick=False):
            assert visitor.who() == EMAIL
    with time_machine.travel(began + absolute + timedelta(minutes=1), tick=False):
        assert visitor.who() == "nobody"


def test_a_session_that_was_not_used_ends(visitor: Visitor) -> None:
    visitor.register()

    with time_machine.travel(now() + timedelta(days=30, minutes=1), tick=False):
        assert visitor.who() == "nobody"
        jobs.forget_old()
        assert _sessions() == []


def test_being_seen_is_written_every_five_minutes_at_most(visitor: Visitor) -> None:
    visitor.register()
    began = _sessions()[0].last_seen_at

    assert _seen_after(visitor, began + timedelta(minutes=4)) == began
    assert _seen_after(visitor, began + timedelta(minutes=6)) == began + timedelta(minutes=6)
    assert _seen_after(visitor, began + timedelta(minutes=7)) == began + timedelta(minutes=6)


def test_a_page_asks_once_who_is_there_and_not_at_all_without_a_cookie(visitor: Visitor) -> None:
    assert _queries(visitor, "/journal") == []
    visitor.register()

    [query] = _queries(visitor, "/library")

    assert "login_session" in query
    assert _queries(visitor, "/static/js/theme.js") == []


def test_a_database_that_is_busy_breaks_no_page(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor.register()

    def busy() -> Any:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    with time_machine.travel(now() + timedelta(minutes=10), tick=False):
        monkeypatch.setattr(db, "unit_of_work", busy)
        assert visitor.who() == EMAIL


def test_a_new_password_logs_all_other_browsers_out(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    phone = Visitor(shop)
    phone.log_in()
    token = visitor.cookie("account")

    answer = visitor.send("/account/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert answer.location == "/account"
    assert phone.who() == "nobody"
    assert visitor.who() == EMAIL
    assert visitor.cookie("account") != token
    assert phone.log_in().status_code == 422
    assert phone.log_in(password=NEW_PASSWORD).status_code == 303
    [account] = [service.find_account_by_email(EMAIL)]
    assert account
    assert all(row.created_at >= account.password_changed_at for row in _sessions())


def test_a_session_from_before_the_password_is_worth_nothing(visitor: Visitor) -> None:
    """Even if the row had been left."""
    visitor.register()
    with db.unit_of_work():
        account = service.find_account_by_email(EMAIL)
        assert account
        account.password_changed_at = now() + timedelta(seconds=1)

    assert visitor.who() == "nobody"


def test_browsers_are_listed_and_can_be_logged_out(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    phone = Visitor(shop)
    phone.send("/account/login", {"email": EMAIL, "password": PASSWORD}, headers={"User-Agent": FIREFOX})

    page = visitor.get("/account").text
    assert "Firefox, Linux" in page
    assert page.count("This browser") == 1
    [path] = re.findall(r'action="(/account/sessions/[0-9a-f]{16}/end)"', page)
    assert visitor.send(path).location == "/account"

    assert phone.who() == "nobody"
    assert visitor.who() == EMAIL
    assert visitor.send(path).status_code == 404
    assert actions()[-1] == "session_ended"


def test_all_other_browsers_can_be_logged_out_at_once(visitor: Visitor, shop: Flask) -> None:
    visitor.register()
    others = [Visitor(shop), Visitor(shop)]
    for other in others:
        other.log_in()

    assert visitor.send("/account/sessions/end").location == "/account"

    assert [other.who() for other in others] == ["nobody", "nobody"]
    assert visitor.who() == EMAIL


@pytest.mark.parametrize("handle", ["%25" * 16, "_" * 16, "0", "0" * 64])
def test_nobody_can_log_somebody_else_out(visitor: Visitor, shop: Flask, handle: str) -> None:
    visitor.register()
    stranger = Visitor(shop)
    stranger.register(email="stranger@example.org")
    [row] = [row for row in _sessions() if row.account_id == min(row.account_id for row in _sessions())]

    assert stranger.send(f"/account/sessions/{row.token_hash[:16]}/end").status_code == 404
    assert stranger.send(f"/account/sessions/{handle}/end").status_code == 404
    assert stranger.send("/account/sessions/end").status_code == 303
    assert visitor.who() == EMAIL


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/142.0 Safari/537.36 MicroMessenger/8", "WeChat, Android"),
        ("curl/8.14", ""),
        ("", ""),
    ],
)
def test_browsers_have_the_names_that_people_know(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_old_proofs_are_forgotten(visitor: Visitor) -> None:
    visitor.register()
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        jobs.forget_old()
        assert len(_rows(AccountToken)) == 1
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        jobs.forget_old()
        assert _rows(AccountToken) == []


def _account(visitor: Visitor, is_owner: bool) -> None:
    if not is_owner:
        visitor.register()
        return
    with db.unit_of_work():
        service.create_owner(EMAIL, PASSWORD)
    visitor.log_in()


def _seen_after(visitor: Visitor, moment: datetime) -> datetime:
    with time_machine.travel(moment, tick=False):
        assert visitor.who() == EMAIL
    return _sessions()[0].last_seen_at


def _queries(visitor: Visitor, path: str) -> list[str]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    assert visitor.get(path).status_code in (200, 303)
    event.remove(db.engine(), "before_cursor_execute", note)
    return asked


def _sessions() -> list[LoginSession]:
    return _rows(LoginSession)


def _rows(model: type[Any]) -> list[Any]:
    with db.unit_of_work() as session:
        return list(session.scalars(select(model)))
