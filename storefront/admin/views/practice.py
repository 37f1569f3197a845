"""What a bank would do, for a shop that practises: delayed payments and disputes."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.views.asking import back_to
from storefront.core import db
from storefront.core.errors import NotFound, Unavailable
from storefront.gateways.practice import DelayedPayment, PracticeDesk
from storefront.orders.models import Order
from storefront.orders.queries import get_order
from storefront.payments.service import find_by_session
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page
from storefront.web.setup import settings


@admin.get("/practice")
@owner_only
def practice() -> Response:
    """Show the delayed payments that wait."""
    if not settings().is_practice:
        raise NotFound
    try:
        waiting = _desk().list_delayed()
    except Unavailable:
        return render_page("admin/practice.html", waiting=None)
    return render_page("admin/practice.html", waiting=[(payment, _order_of(payment)) for payment in waiting])


@admin.post("/practice/delayed/<session_id>")
@owner_only
def settle_delayed(session_id: str) -> BaseResponse:
    """Let a delayed payment arrive or fail."""
    if "confirm" in request.form:
        _desk().confirm(session_id)
        flash(gettext("The money is there. The shop will hear of it in a moment."), "success")
    else:
        _desk().fail(session_id)
        flash(gettext("The payment has failed. The shop will hear of it in a moment."), "success")
    return go(back_to(url_for("admin.practice")))


@admin.post("/practice/charges/<payment_intent_id>/dispute")
@owner_only
def open_dispute(payment_intent_id: str) -> BaseResponse:
    """Have the buyer's bank ask the money back."""
    _desk().open_dispute(payment_intent_id)
    flash(gettext("The bank disputes this payment now. The shop will hear of it in a moment."), "success")
    return go(back_to(url_for("admin.practice")))


@admin.post("/practice/disputes/<dispute_id>/end")
@owner_only
def close_dispute(dispute_id: str) -> BaseResponse:
    """Have the bank decide for the shop or for the buyer."""
    _desk().close_dispute(dispute_id, won="won" in request.form)
    flash(gettext("The bank has decided. The shop will hear of it in a moment."), "success")
    return go(back_to(url_for("admin.practice")))


def _desk() -> PracticeDesk:
    """No connection to the database is held while Practice Stripe takes its time."""
    db.close_reader()
    return PracticeDesk(settings())


def _order_of(payment: DelayedPayment) -> Order | None:
    found = find_by_session(payment.session_id)
    return get_order(found.order_id) if found else None
