"""Who is logged in: a random token in a cookie of its own, its hash in a row that can be revoked.

Flask's signed cookie would still be good after logout for whoever copied it; a row that is deleted is gone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flask
from flask import Response, after_this_request, g, request
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from storefront.accounts.models import Account, LoginSession
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.ids import new_token
from storefront.core.logging import get_logger
from storefront.web.setup import settings

_SEEN_EVERY = timedelta(minutes=5)
_HANDLE_LENGTH = 16

# In this order: Edge also says that it is Chrome, and Chrome that it is Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("MicroMessenger", "WeChat"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a browser stays logged in without being used, and at the longest."""

    idle: timedelta
    absolute: timedelta


CUSTOMER_LIMITS = Limits(idle=timedelta(days=30), absolute=timedelta(days=90))
OWNER_LIMITS = Limits(idle=timedelta(hours=12), absolute=timedelta(days=7))


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser that is logged in, as its account sees it. ``handle`` names it and reveals nothing."""

    handle: str
    browser: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


def current_account() -> Account | None:
    """Return who is logged in with the browser of this request.

    Asks the database once, and only when there is a cookie.
    """
    login = _current()
    return login[1] if login else None


def is_owner() -> bool:
    """Whether the owner of the shop is logged in here."""
    account = current_account()
    return account is not None and account.is_owner


def start(account: Account) -> None:
    """Log this browser in, in the current unit: new token, the old session gone, a new secret for forms."""
    token = new_token()
    moment = max(now(), account.password_changed_at)  # a clock that was set back must not make it useless
    row = LoginSession(
        token_hash=_hashed(token),
        account_id=account.id,
        user_agent="".join(filter(str.isprintable, request.user_agent.string))[:200],
        created_at=moment,
        last_seen_at=moment,
        expires_at=_expiry(account, moment, moment),
    )
    _end_presented()
    db.session().add(row)
    db.after_commit(lambda: _hand_over(token, row, account))


def end() -> None:
    """Log this browser out, in the current unit."""
    _end_presented()
    db.after_commit(_take_back)


def end_all(account_id: int, *, but_this: bool = False) -> None:
    """Log the account out everywhere, or everywhere but here, in the current unit."""
    statement = delete(LoginSession).where(LoginSession.account_id == account_id)
    if but_this:
        statement = statement.where(LoginSession.token_hash != _hashed(_presented()))
    db.session().execute(statement.execution_options(synchronize_session=False))


def end_one(account_id: int, handle: str) -> bool:
    """Log one browser of the account out, in the current unit; False when there is no such."""
    if len(handle) != _HANDLE_LENGTH or not handle.isalnum():
        return False
    statement = delete(LoginSession).where(
        LoginSession.account_id == account_id, LoginSession.token_hash.startswith(handle, autoescape=True)
    )
    ended = statement.returning(LoginSession.id).execution_options(synchronize_session=False)
    return db.session().execute(ended).first() is not None


def list_sessions(account_id: int) -> list[SessionView]:
    """Return where the account is logged in, the latest first."""
    here = _hashed(_presented())
    rows: Sequence[LoginSession] = (
        db.session()
        .execute(
            select(LoginSession)
            .where(LoginSession.account_id == account_id, LoginSession.expires_at > now())
            .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
            .limit(50)
        )
        .scalars()
        .all()
    )
    return [
        SessionView(
            row.token_hash[:_HANDLE_LENGTH],
            browser_name(row.user_agent),
            row.created_at,
            row.last_seen_at,
            row.token_hash == here,
        )
        for row in rows
    ]


def note_seen() -> None:
    """Note at the end of a request that this browser is still in use, at most every five minutes.

    Opens its own unit. A page does not fail because the note could not be made.
    """
    login = g.get("login")
    if not login or now() - login[0].last_seen_at < _SEEN_EVERY:
        return
    row, account = login
    moment = now()
    statement = (
        update(LoginSession)
        .where(LoginSession.id == row.id, LoginSession.last_seen_at < moment - _SEEN_EVERY)
        .values(last_seen_at=moment, expires_at=_expiry(account, row.created_at, moment))
        .execution_options(synchronize_session=False)
    )
    try:
        with db.unit_of_work() as session:
            session.execute(statement)
    except DBAPIError as error:
        get_logger().warning("session not noted as seen", reason=str(error.orig))


def forget_old() -> None:
    """Delete the sessions whose time is over, in the current unit."""
    statement = delete(LoginSession).where(LoginSession.expires_at < now())
    db.session().execute(statement.execution_options(synchronize_session=False))


def browser_name(user_agent: str) -> str:
    """Return what people call this browser and its system: ``Firefox, Linux``; empty when it is unknown."""
    found = [_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)]
    return ", ".join(name for name in found if name)


def cookie_name() -> str:
    """Return the name of the cookie with the token; over https one that no other host or path can set."""
    return "__Host-account" if settings().is_https else "account"


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in known if mark in user_agent), "")


def _current() -> tuple[LoginSession, Account] | None:
    if "login" not in g:
        token = _presented()
        g.login = _find(token) if token else None
    login: tuple[LoginSession, Account] | None = g.login
    return login


def _find(token: str) -> tuple[LoginSession, Account] | None:
    """A session from before the last change of the password is worth nothing, should one have been left."""
    found = db.session().execute(
        select(LoginSession, Account)
        .join(Account, Account.id == LoginSession.account_id)
        .where(
            LoginSession.token_hash == _hashed(token),
            LoginSession.expires_at > now(),
            LoginSession.created_at >= Account.password_changed_at,
            Account.disabled_at.is_(None),
        )
    )
    row = found.first()
    return (row[0], row[1]) if row else None


def _end_presented() -> None:
    token = _presented()
    if token:
        statement = delete(LoginSession).where(LoginSession.token_hash == _hashed(token))
        db.session().execute(statement.execution_options(synchronize_session=False))


def _hand_over(token: str, row: LoginSession, account: Account) -> None:
    """Now that the row is written, give the browser its token, and forget what the visitor's session held."""
    flask.session.clear()
    g.login = (row, account)
    limits = _limits(account)

    @after_this_request
    def _set(response: Response) -> Response:
        response.set_cookie(cookie_name(), token, max_age=limits.absolute, **_cookie_flags())
        return response


def _take_back() -> None:
    flask.session.clear()
    g.login = None

    @after_this_request
    def _delete(response: Response) -> Response:
        response.delete_cookie(cookie_name(), **_cookie_flags())
        return response


def _cookie_flags() -> dict[str, Any]:
    return {"secure": settings().is_https, "httponly": True, "samesite": "Lax"}


def _presented() -> str:
    return request.cookies.get(cookie_name(), "")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _limits(account: Account) -> Limits:
    return OWNER_LIMITS if account.is_owner else CUSTOMER_LIMITS


def _expiry(account: Account, created_at: datetime, seen_at: datetime) -> datetime:
    limits = _limits(account)
    return min(created_at + limits.absolute, seen_at + limits.idle)
