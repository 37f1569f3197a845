"""Who may use a route: nobody, unless the route says so (deny, then allow)."""

from contextlib import ExitStack
from urllib.parse import urlsplit

from flask import Flask, Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import sessions
from storefront.accounts.service import actor_of
from storefront.core.errors import Forbidden
from storefront.core.logging import get_logger
from storefront.journal.service import acting_as
from storefront.web.access import Access, access_now
from storefront.web.pages import go, wants_fragment

# Files, the same for everybody: nobody needs to be known for them.
_FILES = ("/static/", "/media/")


def init_guard(app: Flask) -> None:
    """Look at every request before its view does, name who acts for the journal, and keep sessions alive."""
    app.before_request(_check)
    app.after_request(_note_seen)
    app.teardown_request(_forget_actor)


def send_to_login() -> BaseResponse:
    """Lead to the login, and from there back to where they were."""
    return go(url_for("accounts.login", next=_way_back()))


def _check() -> BaseResponse | None:
    if request.endpoint is None:
        return None
    access = access_now()
    if access is Access.PUBLIC and request.path.startswith(_FILES):
        return None
    _name_actor()
    if access is Access.PUBLIC:
        return None
    if access is None:
        get_logger().error("route without access", endpoint=request.endpoint)
        raise Forbidden
    account = sessions.current_account()
    if account is None:
        return send_to_login()
    if access is Access.OWNER and not account.is_owner:
        raise Forbidden
    return None


def _name_actor() -> None:
    """Ask who is there before the view opens a unit, so that the answer does not hang on the unit's fate."""
    account = sessions.current_account()
    g.acting = ExitStack()
    g.acting.enter_context(acting_as(actor_of(account) if account else "visitor"))


def _forget_actor(_error: BaseException | None) -> None:
    acting = g.pop("acting", None)
    if acting is not None:
        acting.close()


def _note_seen(response: Response) -> Response:
    sessions.note_seen()
    return response


def _way_back() -> str:
    """Return where they were: this page, or the page on which the form or the piece stands that they used."""
    if request.method in ("GET", "HEAD") and not wants_fragment():
        here = request.full_path if request.query_string else request.path
        return request.script_root + here
    stood_on = urlsplit(request.referrer or "")
    if stood_on.netloc != request.host or not stood_on.path.startswith("/"):
        return url_for("accounts.show")
    return f"{stood_on.path}?{stood_on.query}" if stood_on.query else stood_on.path
