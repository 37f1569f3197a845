"""Orders: find them, look at one with all that happened to it, say that it was sent."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.places import envelope_of
from storefront.admin.blueprint import admin
from storefront.admin.forms.orders import NoteForm, ReceiptForm
from storefront.admin.order_moves import moves_of
from storefront.admin.queries import get_order_by_number
from storefront.admin.views.asking import words_asked
from storefront.checkout.timeline import happenings_of
from storefront.core.clock import now
from storefront.core.db import unit_of_work
from storefront.core.money import Money
from storefront.fulfilment.service import holdings_of_order
from storefront.invoicing.service import documents_of
from storefront.jobs.service import jobs_of_topic
from storefront.notifications.service import MessageView, messages_of
from storefront.orders import queries
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import OrderState, PaymentState
from storefront.parcels.queries import parcels_of
from storefront.payments import lines, transfers
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

# The list begins with so many that need the owner.
_MOST_URGENT = 10


@admin.get("/orders")
@owner_only
def list_orders() -> Response:
    """Show orders, those that need the owner first and then the newest; the address says what was looked for."""
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
    is_filtered = bool(words or state or payment_state or only_attention)
    attention = queries.count_attention()
    is_start = attention and not is_filtered and "before" not in request.args
    return render_page(
        "admin/orders/list.html",
        fragment="admin/orders/_list.html",
        listing=listing,
        urgent=queries.list_orders(only_attention=True, is_oldest_first=True, size=_MOST_URGENT).orders
        if is_start
        else [],
        moves_of=moves_of,
        words=words,
        state=state,
        payment_state=payment_state,
        only_attention=only_attention,
        is_oldest_first=is_oldest_first,
        most_searched=queries.MOST_SEARCHED,
        states=list(OrderState),
        payment_states=list(PaymentState),
        attention=attention,
        is_first_page="before" not in request.args,
        is_filtered=is_filtered,
    )


@admin.get("/orders/<number>")
@owner_only
def show_order(number: str) -> Response:
    """Show everything about one order."""
    return render_order(get_order_by_number(number))


def render_order(
    order: Order, *, note: NoteForm | None = None, receipt: ReceiptForm | None = None, status: int = 200
) -> Response:
    """Return the page of an order, with a form as it was sent where it was refused."""
    attempts, mails = payments.payments_of(order.id), messages_of(order.topic)
    transfer = transfers.find_transfer(order.id)
    received = transfers.received(transfer.id) if transfer else 0
    return render_page(
        "admin/orders/show.html",
        order=order,
        word=queries.status_word(order),
        payments=attempts,
        refunds=payments.refunds_of(order.id),
        refund_lines=lines.lines_of_refunds(order.id),
        titles={line.id: line.title for line in order.lines},
        disputes=payments.disputes_of(order.id),
        parcels=parcels_of(order),
        envelope_of=envelope_of,
        refundable=Money(max(payments.refundable_of_order(order.id), 0), order.currency),
        moves=moves_of(order),
        transfer=transfer,
        received=Money(received, order.currency),
        receipts=transfers.receipts_of(transfer.id) if transfer else [],
        receipt_form=receipt or _receipt_form(order, transfer, received),
        note_form=note or NoteForm(None),
        holdings=holdings_of_order(order.id),
        messages=mails,
        resendable=_newest_of_each_kind(mails),
        jobs=jobs_of_topic(order.topic),
        documents=documents_of(order.id),
        happenings=happenings_of(order),
        status=status,
    )


@admin.post("/orders/<number>/attention")
@owner_only
def resolve_attention(number: str) -> BaseResponse:
    """Note that the owner has looked."""
    order_id = get_order_by_number(number).id
    with unit_of_work():
        order = moving.lock(order_id)
        moving.resolve_attention(order)
    flash(gettext("Noted. It stays in the journal of the order."), "success")
    return go(order_url(order.number))


def order_url(number: str) -> str:
    """Return the page of an order."""
    return url_for("admin.show_order", number=number)


def _receipt_form(order: Order, transfer: Payment | None, received: int) -> ReceiptForm:
    missing = max(transfer.amount - received, 0) if transfer else 0
    return ReceiptForm(
        order.currency,
        None,
        amount=Money(missing, order.currency).plain if missing else "",
        received_on=now().date(),
    )


def _newest_of_each_kind(mails: list[MessageView]) -> set[int]:
    """Return the ids of the mails that can be sent again: one button for each thing that was said to somebody."""
    newest: dict[tuple[str, str], int] = {}
    for mail in mails:  # newest first
        newest.setdefault((mail.kind, mail.recipient), mail.id)
    return set(newest.values())


def _state_asked() -> OrderState | None:
    word = request.args.get("state", "")
    return OrderState(word) if word in list(OrderState) else None


def _payment_state_asked() -> PaymentState | None:
    word = request.args.get("payment", "")
    return PaymentState(word) if word in list(PaymentState) else None
