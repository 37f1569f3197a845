"""Money of an order: give it back, mark a transfer, approve what waits, show a bank what happened."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.orders import ReceiptForm
from storefront.admin.forms.refunds import RefundForm
from storefront.admin.queries import get_order_by_number
from storefront.admin.views.orders import order_url, render_order
from storefront.checkout import giving_back, refunding, settling, transfers
from storefront.checkout.evidence import pack_evidence
from storefront.core.db import unit_of_work
from storefront.core.errors import Refused
from storefront.core.money import Money
from storefront.orders.models import Order
from storefront.payments import service as payments
from storefront.payments.states import PaymentMethod
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/orders/<number>/refund")
@owner_only
def ask_to_refund(number: str) -> Response:
    """Ask what goes back, and what becomes of access and goods."""
    order = get_order_by_number(number)
    if payments.refundable_of_order(order.id) <= 0:
        raise refunding.NothingToRefund
    return _render_refund(order, RefundForm(giving_back.offers_of(order), order.currency))


@admin.post("/orders/<number>/refund")
@owner_only
def refund_order(number: str) -> BaseResponse:
    """Give money back; a worker tells Stripe. The same page sent twice is one refund."""
    order = get_order_by_number(number)
    form = RefundForm(giving_back.offers_of(order), order.currency, request.form)
    if not form.validate():
        return _render_refund(order, form, status=422)
    try:
        with unit_of_work():
            giving_back.refund(order.id, form.wanted())
    except Refused as refusal:
        if refusal.status != 422:
            raise
        form.form_errors.append(gettext(refusal.sentence, **refusal.values))
        return _render_refund(order, form, status=422)
    flash(gettext("Noted. This page shows what becomes of the refund."), "success")
    return go(order_url(order.number))


@admin.post("/orders/<number>/approval")
@owner_only
def approve_order(number: str) -> BaseResponse:
    """Deliver a paid order that waited for the owner."""
    order = get_order_by_number(number)
    with unit_of_work():
        settling.approve(order.id)
    flash(gettext("It is being delivered."), "success")
    return go(order_url(order.number))


@admin.post("/orders/<number>/money")
@owner_only
def mark_money(number: str) -> BaseResponse:
    """Write down a transfer that came."""
    order = get_order_by_number(number)
    form = ReceiptForm(order.currency, request.form)
    if not form.validate():
        return render_order(order, receipt=form, status=422)
    with unit_of_work():
        transfers.mark_money(order.id, form.amount.amount or 0, form.received_on.data, str(form.key.data))
    flash(gettext("Noted. The buyer hears of it."), "success")
    return go(order_url(order.number))


@admin.post("/orders/<number>/money/acceptance")
@owner_only
def accept_less(number: str) -> BaseResponse:
    """Let what came be enough."""
    order = get_order_by_number(number)
    with unit_of_work():
        transfers.accept_less(order.id)
    flash(gettext("It is being delivered."), "success")
    return go(order_url(order.number))


@admin.post("/orders/<number>/money/return")
@owner_only
def send_money_back(number: str) -> BaseResponse:
    """Note that a part that came was sent back by hand."""
    order = get_order_by_number(number)
    with unit_of_work():
        transfers.send_back(order.id)
    flash(gettext("Noted. The order is called off, and the buyer hears of it."), "success")
    return go(order_url(order.number))


@admin.get("/orders/<number>/evidence")
@owner_only
def show_evidence(number: str) -> Response:
    """Give the file that a bank may be shown."""
    order = get_order_by_number(number)
    answer = Response(pack_evidence(order), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{order.number}.zip"'
    return answer


def _render_refund(order: Order, form: RefundForm, *, status: int = 200) -> Response:
    methods = {payment.method for payment in payments.payments_of(order.id) if payment.captured_amount}
    return render_page(
        "admin/orders/refund.html",
        order=order,
        form=form,
        left=Money(payments.refundable_of_order(order.id), order.currency),
        is_by_hand=PaymentMethod.TRANSFER in methods,
        back=url_for("admin.show_order", number=order.number),
        status=status,
    )
