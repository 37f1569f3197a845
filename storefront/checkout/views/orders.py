"""The page of an order, for whoever knows its address, and a way to find it again."""

import re
from dataclasses import dataclass

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.places import envelope_of
from storefront.accounts.sessions import current_account
from storefront.checkout.cancelling import BY_BUYER, cancel_unpaid, is_cancellable
from storefront.checkout.forms import FindForm
from storefront.checkout.jobs import gateway
from storefront.core import db
from storefront.core.clock import datetime, timedelta
from storefront.core.errors import NotFound, TooMany
from storefront.core.money import Money
from storefront.fulfilment import service as fulfilment
from storefront.invoicing.service import documents_of
from storefront.notifications.service import tell
from storefront.orders import queries
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from storefront.parcels.queries import parcels_of
from storefront.payments import service as payments
from storefront.payments import transfers
from storefront.payments.models import Payment, Refund
from storefront.payments.states import PaymentMethod, RefundStatus
from storefront.web import throttle
from storefront.web.access import customer_only, public
from storefront.web.language import current_language
from storefront.web.pages import go, render_page

orders = Blueprint("orders", __name__)

_NOTHING_CAME = (PaymentState.UNPAID, PaymentState.PROCESSING)

_PER_ADDRESS = 5
_PER_CLIENT = 20
_MAILS_AGAIN = 3
# So often a waiting page looks again by itself: for a minute, for five more, for a quarter of an hour.
_OFTEN, _SOMETIMES, _SELDOM = 30, 30, 30


@dataclass(frozen=True, slots=True)
class Awaited:
    """A transfer that an order waits for: what is still missing, until when, and what came already."""

    missing: Money
    received: Money
    until: datetime

    @classmethod
    def of(cls, order: Order, live: Payment | None) -> "Awaited | None":
        """Return what is awaited; None when it is not a transfer."""
        if live is None or live.method is not PaymentMethod.TRANSFER:
            return None
        came = transfers.received(live.id)
        return cls(Money(live.amount - came, live.currency), Money(came, live.currency), live.expires_at)


@orders.get("/orders/<public_id>")
@public
def show(public_id: str) -> Response:
    """Say the truth about an order, and hand over what was bought at once."""
    order = queries.find_by_public_id(public_id)
    if order is None:
        raise NotFound
    look = _looks_so_far()
    live = payments.find_live(order.id) if is_cancellable(order) else None
    awaited = Awaited.of(order, live)
    return render_page(
        "orders/show.html",
        fragment="orders/_order.html",
        order=order,
        status=200,
        word=queries.status_word(order),
        is_waiting=awaited is None and _is_waiting(order),
        look=look,
        seconds=_seconds_until_next(look, is_slow=order.payment_state is PaymentState.PROCESSING),
        pay_url=live.session_url if live else None,
        awaited=awaited,
        is_cancellable=is_cancellable(order),
        refunds=_refunds_of(order),
        holdings=[one for one in fulfilment.holdings_of_order(order.id) if one.is_kept],
        documents=documents_of(order.id) if order.paid_at else [],
        account=current_account(),
        parcels=parcels_of(order),
        envelope_of=envelope_of,
    )


@orders.post("/orders/<public_id>/mail")
@public
def send_again(public_id: str) -> BaseResponse:
    """Send the mail about a paid order once more, to the address that it was bought with and no other."""
    order = queries.find_by_public_id(public_id)
    if order is None or order.payment_state is PaymentState.UNPAID:
        raise NotFound
    with db.unit_of_work():
        is_allowed = throttle.count("mail-again", public_id, per=timedelta(hours=1)) <= _MAILS_AGAIN
        if is_allowed:
            tell("order_paid", order.email, order.language, topic=order.topic, order_id=order.id)
    if not is_allowed:
        raise TooMany
    flash(gettext("The mail is on its way again. Please also look among the unwanted mails."), "success")
    return go(url_for("orders.show", public_id=public_id))


@orders.post("/orders/<public_id>/cancellation")
@public
def cancel(public_id: str) -> BaseResponse:
    """Let the buyer call off an order that is not paid; whoever pays in that moment has paid."""
    found = queries.find_by_public_id(public_id)
    if found is None:
        raise NotFound
    db.close_reader()
    order = cancel_unpaid(found.id, gateway(), BY_BUYER)
    if order.payment_state is PaymentState.UNPAID:
        flash(gettext("Your order is called off. Nothing was charged."), "success")
    else:
        flash(gettext("Your payment was faster: the order is paid."), "warning")
    return go(url_for("orders.show", public_id=public_id))


@orders.get("/account/orders")
@customer_only
def list_orders() -> Response:
    """List what the account has ordered."""
    account = current_account()
    assert account is not None
    return render_page(
        "orders/list_orders.html", orders=queries.orders_of_account(account.id), word_of=queries.status_word
    )


@orders.get("/orders/find")
@public
def find() -> Response:
    """Ask for the address with which something was bought."""
    return render_page("orders/find.html", form=FindForm(formdata=None), is_sent=False)


@orders.post("/orders/find")
@public
def send_links() -> BaseResponse:
    """Send all links to a mailbox. The answer is the same whether the shop knows the address or not."""
    form = FindForm()
    if not form.validate():
        return render_page("orders/find.html", status=422, form=form, is_sent=False)
    email = str(form.email.data)
    with db.unit_of_work():
        if throttle.count("find-client", request.remote_addr or "", per=timedelta(hours=1)) > _PER_CLIENT:
            is_too_many = True
        else:
            is_too_many = False
            _mail_links(email)
    if is_too_many:
        raise TooMany
    return render_page("orders/find.html", form=form, is_sent=True)


def _mail_links(email: str) -> None:
    """Whoever asks on and on for somebody else's mailbox fills it with five mails a day at most."""
    known = queries.orders_of_email(email, limit=1)
    if throttle.count("find-address", email, per=timedelta(days=1)) <= _PER_ADDRESS and known:
        tell("access", email, current_language(), topic=known[0].topic, order_id=known[0].id)


def _is_waiting(order: Order) -> bool:
    """Whether the page should look again by itself: the money, or the goods, may come at any moment."""
    if order.held_at is not None:
        return False
    if order.state is OrderState.PENDING:
        return True
    is_paid = order.payment_state in (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)
    return is_paid and order.state is OrderState.OPEN and not fulfilment.entitlements_of(order.id)


def _looks_so_far() -> int:
    """Return how often the page has looked again by itself; it counts in the address that it asks."""
    text = request.args.get("look", "")
    return int(text) if re.fullmatch("[0-9]{1,4}", text, re.ASCII) else 0


def _seconds_until_next(look: int, *, is_slow: bool) -> int | None:
    """Return when a waiting page looks again: often at first, then less, in the end not any more (None)."""
    if look < _OFTEN:
        return 5 if is_slow else 2
    if look < _OFTEN + _SOMETIMES:
        return 10
    return 30 if look < _OFTEN + _SOMETIMES + _SELDOM else None


def _refunds_of(order: Order) -> list[Refund]:
    """What Stripe refused at once was never promised to the buyer."""
    if order.payment_state in _NOTHING_CAME:
        return []
    found = payments.refunds_of(order.id)
    return [one for one in found if one.status is not RefundStatus.FAILED or one.stripe_id is not None]
