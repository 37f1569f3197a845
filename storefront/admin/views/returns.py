"""Returns: what buyers want to give back, the owner's answer, and what follows when it arrives."""

import re

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.parcels import AnswerForm, ReturnRefundForm, refund_form
from storefront.catalog.stock import SoldOut
from storefront.checkout import giving_back, taking_back
from storefront.checkout.refunding import NothingToRefund
from storefront.core.db import unit_of_work
from storefront.orders.queries import get_order
from storefront.parcels import queries, returning
from storefront.parcels.forms import pieces_sent, reason_word
from storefront.parcels.models import ReturnRequest
from storefront.parcels.returning import Arrived
from storefront.parcels.states import ReturnState
from storefront.shipping import service as shipping
from storefront.web.access import owner_only
from storefront.web.language import in_language
from storefront.web.pages import go, render_page


@admin.get("/returns")
@owner_only
def list_returns() -> Response:
    """Show the returns that wait for something, oldest first, or those that are over."""
    only_open = request.args.get("state") != "over"
    after = request.args.get("after", "")
    rows, next_after = queries.list_returns(
        only_open=only_open, after_id=int(after) if re.fullmatch(r"[0-9]{1,18}", after) else 0
    )
    return render_page(
        "admin/returns/list.html",
        rows=rows,
        next_after=next_after,
        only_open=only_open,
        is_first_page=not after,
        returns_waiting=returning.count_waiting(),
    )


@admin.get("/returns/<return_id>")
@owner_only
def show_return(return_id: str) -> Response:
    """Show a return and what can be done with it now."""
    return _page(returning.get_return(return_id))


@admin.post("/returns/<return_id>/approval")
@owner_only
def approve_return(return_id: str) -> BaseResponse:
    """Agree to a return; the buyer is told how to send it."""
    form = AnswerForm(request.form)
    if not form.validate():
        return _page(returning.get_return(return_id), approving=form, status=422)
    with unit_of_work():
        returning.approve(return_id, form.answer.data, form.instructions.data)
    flash(gettext("Approved. The buyer is told how to send it."), "success")
    return go(_url(return_id))


@admin.post("/returns/<return_id>/refusal")
@owner_only
def refuse_return(return_id: str) -> BaseResponse:
    """Refuse a return, with words for the buyer."""
    form = AnswerForm(request.form)
    if not form.validate():
        return _page(returning.get_return(return_id), refusing=form, status=422)
    try:
        with unit_of_work():
            returning.refuse(return_id, form.answer.data)
    except returning.WordsMissing as refusal:
        form.answer.errors = [gettext(refusal.sentence)]
        return _page(returning.get_return(return_id), refusing=form, status=422)
    flash(gettext("Refused. The buyer is told why."), "success")
    return go(_url(return_id))


@admin.post("/returns/<return_id>/arrival")
@owner_only
def receive_return(return_id: str) -> BaseResponse:
    """Note what came back, and what of it goes onto the shelf."""
    received, restocked = pieces_sent(request.form, "received-"), pieces_sent(request.form, "restocked-")
    arrived = {line_id: Arrived(pieces, restocked.get(line_id, 0)) for line_id, pieces in received.items()}
    try:
        with unit_of_work():
            returning.receive(return_id, arrived)
    except returning.NotSoManyArrived as refusal:
        mistake = gettext(refusal.sentence, **refusal.values)
        return _page(returning.get_return(return_id), arrived=arrived, mistake=mistake, status=422)
    flash(gettext("Noted. The buyer is told that it has arrived."), "success")
    return go(_url(return_id))


@admin.post("/returns/<return_id>/refund")
@owner_only
def refund_return(return_id: str) -> BaseResponse:
    """Give the money back for what arrived; a worker tells Stripe."""
    found = returning.get_return(return_id)
    order = get_order(found.order_id)
    proposed = taking_back.proposed_refund(order, found)
    form = refund_form(proposed, request.form)
    if not form.validate():
        return _page(found, refunding=form, status=422)
    amount = None if form.amount.amount in (None, proposed.amount) else form.amount.amount
    try:
        with unit_of_work():
            taking_back.refund(return_id, amount)
    except (
        giving_back.NothingChosen,
        giving_back.TooMuch,
        taking_back.NothingArrived,
        NothingToRefund,
    ) as refusal:
        form.amount.errors = [gettext(refusal.sentence, **refusal.values)]
        return _page(returning.get_return(return_id), refunding=form, status=422)
    flash(
        gettext("The refund is on its way. The page of the order shows when Stripe has made it."), "success"
    )
    return go(_url(return_id))


@admin.post("/returns/<return_id>/exchange")
@owner_only
def exchange_return(return_id: str) -> BaseResponse:
    """Send something instead, by an order of its own that costs nothing."""
    chosen = pieces_sent(request.form, "variant-")
    try:
        with unit_of_work():
            taking_back.exchange(return_id, chosen)
    except (taking_back.NotExchangeable, SoldOut) as refusal:
        mistake = gettext(refusal.sentence, **refusal.values)
        return _page(returning.get_return(return_id), mistake=mistake, status=422)
    flash(gettext("The exchange is an order of its own now and waits to be shipped."), "success")
    return go(_url(return_id))


@admin.post("/returns/<return_id>/settlement")
@owner_only
def settle_return(return_id: str) -> BaseResponse:
    """Close a return for which nothing is given."""
    with unit_of_work():
        taking_back.settle_as_it_is(return_id)
    flash(gettext("Closed."), "success")
    return go(_url(return_id))


def _url(return_id: str) -> str:
    return url_for("admin.show_return", return_id=return_id)


def _answer_form(found: ReturnRequest) -> AnswerForm:
    """Begin with the shop's usual instructions, in the buyer's language."""
    language = get_order(found.order_id).language
    usual = in_language(shipping.rules(), "return_instructions", language)
    return AnswerForm(None, data={"answer": "", "instructions": usual})


def _page(
    found: ReturnRequest,
    *,
    approving: AnswerForm | None = None,
    refusing: AnswerForm | None = None,
    arrived: dict[int, Arrived] | None = None,
    mistake: str | None = None,
    refunding: ReturnRefundForm | None = None,
    status: int = 200,
) -> Response:
    order = get_order(found.order_id)
    has_arrived = found.state is ReturnState.RECEIVED
    exchange = get_order(found.exchange_order_id) if found.exchange_order_id else None
    return render_page(
        "admin/returns/show.html",
        order=order,
        found=found,
        view=queries.return_view_of(order, found),
        reason=reason_word(found.reason),
        approving=approving or _answer_form(found),
        refusing=refusing or AnswerForm(None),
        arrived=arrived
        or {each.order_line_id: Arrived(each.quantity, each.quantity) for each in found.lines},
        lines={line.id: line for line in order.lines},
        mistake=mistake,
        refunding=refunding or refund_form(taking_back.proposed_refund(order, found)),
        choices=taking_back.exchange_choices(order, found) if has_arrived else [],
        exchange_number=exchange.number if exchange else None,
        status=status,
    )
