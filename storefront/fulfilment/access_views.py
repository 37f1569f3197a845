"""The buyer's own view of the access log, and the page that confirms by mail that it is them."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.core.db import unit_of_work
from storefront.core.errors import TooMany
from storefront.fulfilment import access, sharing
from storefront.fulfilment.service import get_kept_holding, product_of
from storefront.fulfilment.views import fulfilment
from storefront.web.access import customer_only, public
from storefront.web.pages import go, render_page
from storefront.web.setup import settings

_PAGE = 50


@fulfilment.get("/account/access")
@customer_only
def show_log() -> Response:
    """Show where and when the things of the account were used."""
    account = current_account()
    assert account is not None
    notes = access.notes_of_account(account.id, before_asked(), _PAGE + 1)
    return _render(notes, url_for("fulfilment.show_log"))


@fulfilment.get("/library/<public_id>/log")
@public
def show_log_of_one(public_id: str) -> Response:
    """Show where and when one thing was used."""
    holding = get_kept_holding(public_id)
    notes = access.notes_of(holding.entitlement.id, before_id=before_asked(), limit=_PAGE + 1)
    return _render(notes, url_for("fulfilment.show_log_of_one", public_id=public_id), holding.product)


@fulfilment.get("/library/<public_id>/confirm/<token>")
@public
def ask_to_confirm(public_id: str, token: str) -> Response:
    """Ask for the one click that confirms; mail scanners follow links, so the link alone confirms nothing."""
    entitlement = sharing.find_asked(public_id, token)
    return render_page(
        "fulfilment/confirm.html", entitlement=entitlement, product=product_of(entitlement), token=token
    )


@fulfilment.post("/library/<public_id>/confirm/<token>")
@public
def confirm(public_id: str, token: str) -> BaseResponse:
    """Open it again."""
    with unit_of_work():
        sharing.confirm(sharing.find_asked(public_id, token))
    flash(gettext("Thank you. It is open again."), "success")
    return go(url_for("fulfilment.show_holding", public_id=public_id))


@fulfilment.post("/library/<public_id>/confirmation")
@public
def send_confirmation(public_id: str) -> BaseResponse:
    """Send the mail with the link once more."""
    holding = get_kept_holding(public_id)
    with unit_of_work():
        is_sent = sharing.send_again(holding.entitlement)
    if not is_sent:
        raise TooMany
    flash(gettext("The mail is on its way again. Please also look among the unwanted mails."), "success")
    return go(url_for("fulfilment.show_holding", public_id=public_id))


def before_asked() -> int | None:
    """Return after which line of the log the page goes on."""
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _render(notes: list[access.Note], here: str, product: object = None) -> Response:
    shown = notes[:_PAGE]
    return render_page(
        "fulfilment/log.html",
        notes=shown,
        next_url=f"{here}?before={shown[-1].id}" if len(notes) > _PAGE else None,
        product=product,
        days=settings().access_log_days,
    )
