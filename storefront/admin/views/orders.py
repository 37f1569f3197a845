"""Orders: find them, look at one, give the money back, say that it was sent."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.places import envelope_of
from storefront.admin.blueprint import admin
from storefront.admin.queries import get_order_by_number
from storefront.admin.views.asking import ask, words_asked
from storefront.checkout import refunding
from storefront.core.db import unit_of_work
from storefront.core.errors import N_
from storefront.core.money import Money
from storefront.fulfilment.service import holdings_of_order
from storefront.invoicing.service import documents_of
from storefront.jobs.service import jobs_of_topic
from storefront.journal.service import entries_of
from storefront.notifications.service import MessageView, messages_of
from storefront.orders import queries
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import OrderState, PaymentState
from storefront.parcels.queries import parcels_of
from storefront.payments import service as payments
from storefront.web.access import owner_only
from storefront.web.language import current_language
from storefront.web.pages import go, render_page


@admin.get("/orders")
@owner_only
def list_orders() -> Response:
    """Show orders, newest first; the address says what was looked for."""
    words, state, payment_state = words_asked(), _state_asked(), _payment_state_asked()
    only_attention = request.args.get("attention") == "1"
    is_oldest_first = request.args.get("sort") == "oldest"
    listing = queries.list_orders(
        words=words,
        state=state,
        payment_state=payment_state,
        only_attention=only_attention,
        before=request.args.get("before"),
        is_oldest_first=is_oldest_first,
    )
    return render_page(
        "admin/orders/list.html",
        fragment="admin/orders/_list.html",
        listing=listing,
        words=words,
        state=state,
        payment_state=payment_state,
        only_attention=only_attention,
        is_oldest_first=is_oldest_first,
        most_searched=queries.MOST_SEARCHED,
        states=list(OrderState),
        payment_states=list(PaymentState),
        attention=queries.count_attention(),
        is_first_page="before" not in request.args,
        is_filtered=bool(words or state or payment_state or only_attention),
    )


@admin.get("/orders/<number>")
@owner_only
def show_order(number: str) -> Response:
    """Show everything about one order."""
    order = get_order_by_number(number)
    attempts, mails = payments.payments_of(order.id), messages_of(order.topic)
    return render_page(
        "admin/orders/show.html",
        order=order,
        word=queries.status_word(order),
        payments=attempts,
        refunds=payments.refunds_of(order.id),
        disputes=payments.disputes_of(order.id),
        refundable=_refundable(order),
        parcels=parcels_of(order),
        envelope_of=envelope_of,
        holdings=holdings_of_order(order.id),
        messages=mails,
        resendable=_newest_of_each_kind(mails),
        jobs=jobs_of_topic(order.topic),
        entries=entries_of(order.topic),
        documents=documents_of(order.id),
    )


@admin.get("/orders/<number>/refund")
@owner_only
def ask_to_refund(number: str) -> Response:
    """Ask before the money goes back."""
    order = get_order_by_number(number)
    left = _refundable(order)
    if not left:
        raise refunding.NothingToRefund
    amount = left.format(current_language())
    return ask(
        gettext("Refund %(amount)s?", amount=amount),
        gettext(
            "%(email)s gets %(amount)s back for order %(number)s and loses access to what was bought.",
            email=order.email,
            amount=amount,
            number=order.number,
        ),
        action=url_for("admin.refund_order", number=order.number),
        button=gettext("Refund %(amount)s", amount=amount),
        back=_order_url(order.number),
    )


@admin.post("/orders/<number>/refund")
@owner_only
def refund_order(number: str) -> BaseResponse:
    """Give everything back; a worker tells Stripe."""
    order = get_order_by_number(number)
    with unit_of_work():
        refunding.refund_in_full(order.id, N_("by the owner"))
    flash(gettext("The refund is on its way. This page shows when Stripe has made it."), "success")
    return go(_order_url(order.number))


@admin.post("/orders/<number>/attention")
@owner_only
def resolve_attention(number: str) -> BaseResponse:
    """Note that the owner has looked."""
    order_id = get_order_by_number(number).id
    with unit_of_work():
        order = moving.lock(order_id)
        moving.resolve_attention(order)
    flash(gettext("Noted. It stays in the journal of the order."), "success")
    return go(_order_url(order.number))


def _refundable(order: Order) -> Money:
    left = sum(
        payments.refundable(payment)
        for payment in payments.payments_of(order.id)
        if payment.payment_intent_id
    )
    return Money(max(left, 0), order.currency)


def _newest_of_each_kind(mails: list[MessageView]) -> set[int]:
    """Return the ids of the mails that can be sent again: one button for each thing that was said to somebody."""
    newest: dict[tuple[str, str], int] = {}
    for mail in mails:  # newest first
        newest.setdefault((mail.kind, mail.recipient), mail.id)
    return set(newest.values())


def _order_url(number: str) -> str:
    return url_for("admin.show_order", number=number)


def _state_asked() -> OrderState | None:
    word = request.args.get("state", "")
    return OrderState(word) if word in list(OrderState) else None


def _payment_state_asked() -> PaymentState | None:
    word = request.args.get("payment", "")
    return PaymentState(word) if word in list(PaymentState) else None
