"""Starting to pay: whatever is clicked, retried or killed, one order and one payable session.

First unit: reserve stock, write order and attempt. Then Stripe is called with no transaction open. Second unit: note
the session. If the process dies in between, the next click or the sweep makes the same call with the same key.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from storefront.accounts.places import country_name
from storefront.cart import reading
from storefront.cart import service as carts
from storefront.cart.models import Cart
from storefront.cart.shipping import offer_to, place_of
from storefront.cart.showing import CartView
from storefront.checkout import recovering, settling, transfers
from storefront.checkout.request import session_request
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, Refused, Unavailable
from storefront.core.faults import reach
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentGateway, PaymentRefused, PaymentUnknown, SessionView
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.orders.service import moving, placing, reservations
from storefront.orders.service.placing import Delivery, HeldCode, Item, Wish
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import service as payments
from storefront.payments.models import Payment
from storefront.payments.states import PaymentMethod, PaymentStatus
from storefront.shipping import service as shipping
from storefront.shop import service as shop
from storefront.taxes import service as taxes
from storefront.taxes.states import TaxMode

# Stripe allows no less than 30 minutes; the rest is time in which the same call can still be made again.
SESSION_LASTS = timedelta(minutes=45)
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who checks out, from which cart and page. ``currency`` is the one that they have chosen for the whole shop.

    ``wants_reminder`` says whether they may be written to once if they leave, None where the shop does not ask, and
    ``is_consent`` whether they had to agree to that, rather than to object.
    """

    cart_id: int
    page_key: str
    email: str
    account_id: int | None
    language: str
    currency: str
    base_url: str
    seen_total: int | None
    seen_currency: str | None
    # Where physical things go (none: they are picked up, or there are none), and by which of the offered methods.
    address: dict[str, str] | None = None
    method_id: str = ""
    wants_reminder: bool | None = None
    is_consent: bool = True
    # Of a link that was followed; it counts when the cart itself has none.
    code: str = ""
    terms: dict[str, Any] | None = None
    client_address: str | None = None
    method: PaymentMethod = PaymentMethod.STRIPE


class CartChanged(Refused):
    """What the person saw is no longer what the database says."""

    sentence = N_("Something in your cart has changed meanwhile. Please look at it again before you pay.")


class CartEmpty(Refused):
    """There is nothing to buy."""

    sentence = N_("Your cart is empty.")


class DeliveryMissing(Refused):
    """Something in the cart has to be sent, and the buyer has not said where to, or chose what is not offered."""

    status = 422
    sentence = N_("Please choose where we send this and how.")


class NotSentThere(Refused):
    """The shop sends nothing to that place, or not such a parcel."""

    status = 422


class EmailRefused(Refused):
    """Stripe, and only Stripe, refuses the e-mail address."""

    status = 422
    sentence = N_(
        "The payment page does not accept this e-mail address. Please check it, or use another one."
    )


class PaymentPageUnavailable(Unavailable):
    """Stripe does not answer, so there is no page to pay on."""

    sentence = N_(
        "The payment page can't be reached right now. Nothing was charged; please try again in a minute."
    )


@dataclass(frozen=True, slots=True)
class _GoTo:
    url: str


@dataclass(frozen=True, slots=True)
class _OpenSession:
    payment: Payment


@dataclass(frozen=True, slots=True)
class _GiveUp:
    payment: Payment


def start(buyer: Buyer, gateway: PaymentGateway) -> str:
    """Return where the buyer goes on: Stripe's page, or the order's own when there is nothing to pay (any more).

    Raises:
        CartEmpty, CartChanged, SoldOut: the buyer must look at the cart again; nothing was written.
        DeliveryMissing, NotSentThere: where it goes, or how, must be said again; nothing was written.
        EmailRefused: another address is needed; the order was called off and its stock given back.
        PaymentPageUnavailable: Stripe does not answer; the order waits, and the same click works later.
    """
    try:
        return _go_on(buyer, gateway)
    except PaymentRefused as refusal:
        get_logger().error("stripe refused", reason=str(refusal), code=refusal.code)
        raise PaymentPageUnavailable from refusal


def _go_on(buyer: Buyer, gateway: PaymentGateway) -> str:
    for _ in range(_ROUNDS):
        step = _decide(buyer)
        if isinstance(step, _GoTo):
            return step.url
        if isinstance(step, _GiveUp):
            give_up(step.payment, gateway)
            continue
        url = _open_session(step.payment, gateway)
        if url is not None:
            return url
    raise PaymentPageUnavailable


def give_up(payment: Payment, gateway: PaymentGateway) -> None:
    """End an attempt for good, at Stripe before in our books. If it turns out to be paid, it is settled as paid."""
    try:
        session = _find_session(payment, gateway)
        if session is not None and session.status == "open":
            session = gateway.expire_session(session.id)
    except PaymentUnknown as error:
        raise PaymentPageUnavailable from error
    reach("giving_up.expired_at_stripe")
    if session is None:
        settling.cancel_unpayable(payment)
    else:
        settling.apply(session)


def _decide(buyer: Buyer) -> _GoTo | _OpenSession | _GiveUp:
    try:
        return db.again_on_conflict(lambda: _decide_once(buyer))
    except IntegrityError as error:
        # Another request of the same page was faster; look at what it wrote.
        if "checkout_key" not in db.constraint_of(error):
            raise
        return db.again_on_conflict(lambda: _decide_once(buyer))


def _decide_once(buyer: Buyer) -> _GoTo | _OpenSession | _GiveUp:
    with db.unit_of_work():
        cart = db.session().scalars(_CART, {"id": buyer.cart_id}).one()
        order = _order_of_page(buyer, cart)
        if order is not None and order.payment_state is not PaymentState.UNPAID:
            return _GoTo(_page_of(buyer, order))
        wish = _wish(buyer, cart)
        if order is None:
            return _place(buyer, wish)
        recovering.note_wish(order, buyer.wants_reminder, is_consent=buyer.is_consent)
        live = payments.find_live(order.id)
        if live is not None and live.method is PaymentMethod.TRANSFER:
            return _GoTo(_page_of(buyer, order))
        if live is not None and live.method is not buyer.method:
            return _GiveUp(live)
        if live is not None and (order.fingerprint != wish.fingerprint or live.expires_at <= now()):
            return _GiveUp(live)
        if live is None:
            is_the_same = order.fingerprint == wish.fingerprint and buyer.method is PaymentMethod.STRIPE
            return _try_again(buyer, order) if is_the_same else _place_anew(buyer, cart, order, wish)
        if live.status is PaymentStatus.OPEN and live.session_url:
            return _GoTo(live.session_url)
        return _OpenSession(live)


def _order_of_page(buyer: Buyer, cart: Cart) -> Order | None:
    """Return the order that this page has made. One that was called off makes room for the next, with a new key."""
    order = orders.find_by_key(buyer.page_key) if buyer.page_key else None
    if buyer.page_key != cart.checkout_key and (order is None or order.state is OrderState.CANCELLED):
        order = orders.find_by_key(cart.checkout_key)
    if order is None:
        return None
    order = moving.lock(order.id)
    if order.state is OrderState.CANCELLED and order.payment_state is PaymentState.UNPAID:
        carts.renew_key(cart)
        db.session().flush()
        return None
    return order


def _wish(buyer: Buyer, cart: Cart) -> Wish:
    view = reading.view_of(cart, buyer.currency, buyer.code)
    if not view.lines:
        raise CartEmpty
    if view.has_problem or buyer.seen_currency not in (None, view.currency):
        raise CartChanged
    delivery = _delivery(buyer, view) if view.requires_shipping else None
    if buyer.seen_total not in (None, view.to_pay.amount):
        raise CartChanged
    return Wish(
        checkout_key=cart.checkout_key,
        items=tuple(Item(line.variant, line.product, line.quantity, line.unit.amount) for line in view.lines),
        quote=view.quote,
        code=_code_of(view),
        billing=view.billing.kept(),
        terms=buyer.terms,
        stripe_tax_is_included=shop.tax_facts().is_included if taxes.mode() is TaxMode.STRIPE else None,
        email=buyer.email,
        account_id=buyer.account_id,
        language=buyer.language,
        currency=view.currency,
        delivery=delivery,
    )


def _delivery(buyer: Buyer, view: CartView) -> Delivery:
    """Price the very address that the order will have, so that the two can't differ."""
    destination = place_of(buyer.address) if buyer.address else None
    offer = offer_to(view, destination, buyer.method_id).shipping
    if offer is None or (destination is None and not shipping.is_pickup(buyer.method_id)):
        raise DeliveryMissing
    if offer.problem and (offer.chosen is None or not offer.chosen.is_pickup):
        raise NotSentThere(offer.problem, country=country_name(destination.country if destination else ""))
    if offer.chosen is None or offer.chosen.method_id != buyer.method_id:
        raise CartChanged if buyer.method_id else DeliveryMissing
    address = None if offer.chosen.is_pickup else buyer.address
    return Delivery(offer.chosen.facts, address)


def _code_of(view: CartView) -> HeldCode | None:
    """Return the code that takes something off this cart."""
    if view.code is None or view.code.row is None or not view.quote.offers:
        return None
    off = sum(offer.amount for offer in view.quote.offers)
    return HeldCode(view.code.row.id, view.code.row.code, view.code.row.most_per_customer, off)


def _place(buyer: Buyer, wish: Wish) -> _GoTo | _OpenSession:
    is_transfer = buyer.method is PaymentMethod.TRANSFER
    order = placing.place(wish, transfers.waits_until() if is_transfer else now() + SESSION_LASTS)
    if order.total_amount == 0:
        settling.confirm(order)
        return _GoTo(_page_of(buyer, order))
    if is_transfer:
        transfers.begin(order, buyer.client_address)
        return _GoTo(_page_of(buyer, order))
    recovering.note_wish(order, buyer.wants_reminder, is_consent=buyer.is_consent)
    payment = _begin_attempt(buyer, order, 1)
    reach("starting.before_first_commit")
    return _OpenSession(payment)


def _place_anew(buyer: Buyer, cart: Cart, order: Order, wish: Wish) -> _GoTo | _OpenSession:
    """The cart has changed since the last attempt ended: that order is called off and another is placed."""
    settling.call_off(order, N_("the cart has changed"))
    carts.renew_key(cart)
    return _place(buyer, replace(wish, checkout_key=cart.checkout_key))


def _try_again(buyer: Buyer, order: Order) -> _OpenSession:
    """The last attempt ended without money and the order is still wanted: hold the stock again, with a new attempt."""
    reservations.release(order)
    reservations.forget_released(order)
    placing.reserve_again(order, order.lines, now() + SESSION_LASTS)
    return _OpenSession(_begin_attempt(buyer, order, payments.next_attempt(order)))


def _begin_attempt(buyer: Buyer, order: Order, attempt: int) -> Payment:
    until = now() + SESSION_LASTS
    request = session_request(
        order,
        list(order.lines),
        reference=payments.reference_of(order, attempt),
        expires_at=until,
        base_url=f"{buyer.base_url}/{buyer.language}",
    )
    return payments.begin_attempt(order, attempt, request, until, client_address=buyer.client_address)


def _open_session(payment: Payment, gateway: PaymentGateway) -> str | None:
    """Make the call, or make it again. None when this attempt came to nothing and another may be begun."""
    reach("starting.after_first_commit")
    try:
        session = gateway.create_session(payment.request, payment.idempotency_key)
    except PaymentRefused as refusal:
        if refusal.param == "customer_email":
            settling.cancel_unpayable(payment, N_("the payment page did not accept the e-mail address"))
            raise EmailRefused from refusal
        get_logger().error("stripe refused the session", reason=str(refusal), code=refusal.code)
        settling.refuse(payment, str(refusal))
        raise PaymentPageUnavailable from refusal
    except PaymentUnknown as unknown:
        return _look_for_session(payment, gateway, unknown)
    reach("starting.after_stripe")
    return _note(payment, session, gateway)


def _look_for_session(payment: Payment, gateway: PaymentGateway, unknown: PaymentUnknown) -> str | None:
    """No answer: the session may exist all the same. A fault that Stripe has saved is replayed for ever for the same
    key, so after one the attempt ends and the next begins with its own key."""
    get_logger().warning("stripe did not answer", reason=str(unknown), is_answered=unknown.is_answered)
    try:
        session = _find_session(payment, gateway)
    except PaymentUnknown as error:
        raise PaymentPageUnavailable from error
    if session is not None:
        return _note(payment, session, gateway)
    if not unknown.is_answered:
        raise PaymentPageUnavailable from unknown
    settling.end_attempt(payment)
    return None


def _find_session(payment: Payment, gateway: PaymentGateway) -> SessionView | None:
    if payment.session_id:
        return _get_session(payment.session_id, gateway)
    since = payment.created_at - timedelta(minutes=1)
    return next(
        (s for s in gateway.list_sessions(since) if s.metadata.get("reference") == payment.idempotency_key),
        None,
    )


def _get_session(session_id: str, gateway: PaymentGateway) -> SessionView | None:
    try:
        return gateway.get_session(session_id)
    except PaymentRefused as refusal:
        if not refusal.is_missing:
            raise
        return None


def _note(payment: Payment, session: SessionView, gateway: PaymentGateway) -> str | None:
    """Note the session. When the attempt was ended meanwhile, the session must not stay payable."""
    is_noted = db.again_on_conflict(lambda: _note_once(payment, session))
    reach("starting.after_second_commit")
    if is_noted:
        return session.url
    try:
        settling.apply(gateway.expire_session(session.id) if session.status == "open" else session)
    except PaymentUnknown as error:
        raise PaymentPageUnavailable from error
    return None


def _note_once(payment: Payment, session: SessionView) -> bool:
    """Return whether the attempt leads to this session: by this note, or by that of another request."""
    with db.unit_of_work():
        if payments.note_session(payment.id, session):
            return True
        current = payments.lock(payment.id)
        return current.status is PaymentStatus.OPEN and current.session_id == session.id


def _page_of(buyer: Buyer, order: Order) -> str:
    return f"{buyer.base_url}/{buyer.language}{order.path}"


_CART = select(Cart).where(Cart.id == bindparam("id")).with_for_update()
