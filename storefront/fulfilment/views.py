"""The library and what is in it: files, lessons, keys, texts."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.catalog.states import ProductKind
from storefront.core.db import unit_of_work
from storefront.fulfilment import service
from storefront.fulfilment.doors import ConfirmFirst, NotOpen
from storefront.fulfilment.sharing import masked
from storefront.web.access import customer_only, public
from storefront.web.pages import go, render_page

fulfilment = Blueprint("fulfilment", __name__)


def _no_classroom(_holding: service.Holding) -> object:
    return None


_classroom_of: Callable[[service.Holding], object] = _no_classroom


def ask_for_classroom(classroom_of: Callable[[service.Holding], object]) -> None:
    """Have the floor above say what ``learning/_courses.html`` shows of the courses of a holding; None for none."""
    global _classroom_of  # set once, when the app is put together
    _classroom_of = classroom_of


@fulfilment.get("/library")
@customer_only
def library() -> Response:
    """Show everything that the account has bought."""
    account = current_account()
    assert account is not None
    words, kind = request.args.get("q", "").strip()[:100], _kind(request.args.get("kind"))
    archived = request.args.get("archive") == "1"
    return render_page(
        "fulfilment/library.html",
        fragment="fulfilment/_library.html",
        holdings=service.find_in_library(account.id, words=words, kind=kind, archived=archived),
        account=account,
        words=words,
        kind=kind,
        archived=archived,
    )


@fulfilment.post("/library/<public_id>/archive")
@customer_only
def archive(public_id: str) -> BaseResponse:
    """Put a thing aside, or take it back when ``back`` is sent."""
    account = current_account()
    assert account is not None
    back = "back" in request.form
    with unit_of_work():
        service.set_aside(account.id, public_id, aside=not back)
    flash(
        gettext("It is back in your library.")
        if back
        else gettext("Put aside. You find it under “Things put aside”."),
        "success",
    )
    return go(url_for("fulfilment.library", archive="1" if back else None))


@fulfilment.get("/library/<public_id>")
@public
def show_holding(public_id: str) -> Response:
    """Show one thing that was bought, to those whom it belongs to."""
    holding = service.get_holding(public_id)
    return render_page("fulfilment/show_holding.html", holding=holding, classroom=_classroom_of(holding))


@fulfilment.app_errorhandler(NotOpen)
def show_closed(error: NotOpen) -> Response:
    """Say why something that was bought can't be used now, and what one can do."""
    return render_page(
        "fulfilment/closed.html",
        status=error.status,
        entitlement=error.entitlement,
        product=service.product_of(error.entitlement),
        must_confirm=isinstance(error, ConfirmFirst),
        mailbox=masked(error.entitlement.email),
    )


def _kind(word: str | None) -> ProductKind | None:
    return ProductKind(word) if word in list(ProductKind) else None
