"""From the cart to Stripe and back."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import book
from storefront.accounts.address_forms import AddressForm, address_form
from storefront.accounts.models import Account, SavedAddress
from storefront.accounts.places import envelope_of
from storefront.accounts.sessions import current_account
from storefront.cart import codes as cart_codes
from storefront.cart import noting, reading
from storefront.cart import service as carts
from storefront.cart.cookie import cart_id_of_visitor, code_of_visitor
from storefront.cart.models import Cart
from storefront.cart.shipping import choose, destination_of, offer_to, place_of
from storefront.cart.showing import CartView
from storefront.catalog.stock import SoldOut
from storefront.checkout import settling, starting, transfers
from storefront.checkout.billing import look_up, read_billing
from storefront.checkout.blocking import Blocked, refuse_blocked
from storefront.checkout.ceiling import count_checkout
from storefront.checkout.consenting import read_consents
from storefront.checkout.forms import CheckoutForm
from storefront.checkout.jobs import gateway
from storefront.checkout.starting import (
    Buyer,
    CartChanged,
    CartEmpty,
    DeliveryMissing,
    EmailRefused,
    NotSentThere,
    PaymentPageUnavailable,
)
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentRefused, PaymentUnknown
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.orders.service import codes
from storefront.orders.service.codes import CodeGone, CodeUsedByYou
from storefront.payments import service as payments
from storefront.payments.states import PaymentMethod
from storefront.shipping import service as shipping
from storefront.shop import legal
from storefront.shop import service as shop
from storefront.shop.choosing import chosen_currency
from storefront.shop.service import shop_view
from storefront.shop.states import Reminder
from storefront.taxes.billing import Billing
from storefront.taxes.states import VatCheck
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.pages import announce, go, render_page, wants_fragment
from storefront.web.setup import settings

checkout = Blueprint("checkout", __name__)
reading.ask_for_held_units(orders.held_units)
cart_codes.ask_for_held_code(codes.held_by)


@checkout.get("/checkout")
@public
def show() -> BaseResponse:
    """Show the total and ask where the goods go."""
    return _show(CheckoutForm(formdata=None))


@checkout.post("/checkout")
@public
def start() -> BaseResponse:
    """Place the order and lead to the payment page; the same page sent twice leads to the same one."""
    account = current_account()
    form, address = CheckoutForm(), _sent_address()
    if account is not None and not form.email.data:
        form.email.data = account.email
    # Both are judged, so that everything that is wrong is said at once.
    is_sound = [form.validate(), address is None or _is_picked_up() or address.validate()]
    if not all(is_sound):
        return _show(form, status=422)
    cart = _own_cart()
    if cart is None:
        return _order_or_cart(form)
    if not _take_billing(form, cart):
        return _show(form, status=422)
    asked = legal.consents(has_digital=noting.has_digital(cart.id)) if _asks() else []
    terms, form.consent_errors = read_consents(request.form, asked)
    if form.consent_errors:
        return _show(form, status=422)
    client_address = request.remote_addr or ""
    count_checkout(client_address, str(form.email.data))
    if address is not None:
        _keep_address(cart, address, account)
    try:
        refuse_blocked(str(form.email.data), client_address)
        return go(starting.start(_buyer(form, cart, account, terms), gateway()))
    except CartEmpty:
        return _order_or_cart(form)
    except EmailRefused as refusal:
        sentence = gettext(refusal.sentence)
        form.email.errors = [sentence]
        # Who is logged in has no field to show it at.
        return _show(form, status=422, error=sentence if account else None)
    except (DeliveryMissing, NotSentThere) as refusal:
        return _show(form, status=422, error=gettext(refusal.sentence, **refusal.values))
    except (Blocked, CartChanged, SoldOut, CodeGone, CodeUsedByYou) as refusal:
        return _show(form, status=409, error=gettext(refusal.sentence, **refusal.values))
    except PaymentPageUnavailable as trouble:
        return _show(form, status=503, error=gettext(trouble.sentence))


@checkout.post("/checkout/destination")
@public
def choose_destination() -> BaseResponse:
    """Draw the form anew for the country, the method or the saved address that was chosen; nothing is judged yet."""
    account = current_account()
    with db.unit_of_work():
        cart = carts.find_cart(cart_id_of_visitor(), account.id if account else None, for_update=True)
        if cart is not None:
            choose(cart, _address_typed(account), _method_sent())
    return _show(CheckoutForm(formdata=None, email=request.form.get("email", "")))


@checkout.post("/checkout/billing")
@public
def note_billing() -> BaseResponse:
    """Keep what the buyer says of themselves, and show the total again."""
    form = CheckoutForm()
    cart = _own_cart()
    if cart is not None and not _take_billing(form, cart):
        return _show(form, status=422)
    if wants_fragment():
        return announce(_show(form), gettext("The total is up to date."))
    return go(url_for("cart.show"))


@checkout.get("/checkout/return")
@public
def come_back() -> BaseResponse:
    """Receive the buyer back from Stripe: look at the truth, then show the order, which says it."""
    session_id = request.args.get("session_id", "")[:200]
    order = _settled(session_id) or _order_of_session(session_id)
    if order is None:
        raise NotFound
    return go(url_for("orders.show", public_id=order.public_id))


def _settled(session_id: str) -> Order | None:
    """Ask Stripe now. When it does not answer, the webhook or the sweep will tell, and the page says so."""
    try:
        return settling.settle(session_id, gateway()) if session_id else None
    except PaymentUnknown as unknown:
        get_logger().warning("return without answer", reason=str(unknown))
    except (PaymentRefused, settling.UnknownSession) as problem:
        get_logger().info("return with a session that is not ours", reason=str(problem))
    return None


def _order_of_session(session_id: str) -> Order | None:
    payment = payments.find_by_session(session_id) if session_id else None
    return orders.get_order(payment.order_id) if payment else None


def _own_cart() -> Cart | None:
    account = current_account()
    return carts.find_cart(cart_id_of_visitor(), account.id if account else None)


def _take_billing(form: CheckoutForm, cart: Cart) -> bool:
    """Keep what the form says of the buyer with the cart; False when something is wrong, which the form then tells."""
    before = Billing.read(cart.billing)
    billing, form.billing_errors = read_billing(request.form, before)
    if form.billing_errors:
        return False
    if billing != before:
        db.close_reader()
        billing = look_up(billing, settings().vies_url)
        with db.unit_of_work():
            mine = carts.find_cart(cart.public_id, cart.account_id, for_update=True)
            if mine is not None:
                noting.note_billing(mine, billing)
    if billing.vat_state == VatCheck.INVALID:
        form.billing_errors["vat_id"] = gettext(
            "VIES, where VAT ids are looked up, does not know this one. Please check it, or leave the field empty."
        )
        return False
    return True


def _asks() -> bool:
    facts = shop.legal_facts()
    return facts.asks_terms or facts.asks_waiver


def _buyer(form: CheckoutForm, cart: Cart, account: Account | None, terms: dict[str, Any] | None) -> Buyer:
    language = current_language()
    asked = shop_view(language).reminder
    return Buyer(
        cart_id=cart.id,
        page_key=form.page_key,
        email=str(form.email.data),
        account_id=account.id if account else None,
        language=language,
        currency=chosen_currency(),
        base_url=settings().base_url,
        code=code_of_visitor(),
        terms=terms,
        seen_total=form.seen_total,
        seen_currency=form.seen_currency,
        address=_wanted_address(),
        method_id=_method_sent(),
        wants_reminder=form.wants_reminder(asked),
        is_consent=asked is Reminder.CONSENT,
        client_address=(request.remote_addr or "")[:45] or None,
        method=form.method if transfers.is_offered(language) else PaymentMethod.STRIPE,
    )


def _sent_address() -> AddressForm | None:
    """Return the part of the form that says where things go; digital things have none."""
    return AddressForm() if "country" in request.form else None


def _wanted_address() -> dict[str, str] | None:
    address = _sent_address()
    return None if address is None or _is_picked_up() else address.address


def _method_sent() -> str:
    return request.form.get("method", "")[:22]


def _is_picked_up() -> bool:
    return bool(_method_sent()) and shipping.is_pickup(_method_sent())


def _keep_address(cart: Cart, form: AddressForm, account: Account | None) -> None:
    """Remember where the cart goes, and in the account, if that is wished; a full book keeps nobody from buying."""
    with db.unit_of_work():
        held = carts.find_cart(cart.public_id, account.id if account else None, for_update=True)
        if held is not None:
            choose(held, form.address, _method_sent())
        if account is not None and "keep" in request.form and not _is_picked_up():
            with suppress(book.BookFull):
                book.keep(account.id, form.address)


def _address_typed(account: Account | None) -> dict[str, str]:
    """Return the address as it was typed so far, or the saved one whose button was pressed."""
    use = request.form.get("use", "")[:22]
    if account is not None and use:
        return book.get_address(account.id, use).address
    return AddressForm().address


def _delivery_form(cart: Cart, account: Account | None, saved: list[SavedAddress]) -> AddressForm:
    """Return the form of the address: as it was sent, else of the order that waits to be paid, else the usual one."""
    if "use" in request.form:
        return address_form(_address_typed(account))
    if "country" in request.form:
        return AddressForm()
    order = orders.find_by_key(cart.checkout_key)
    if order is not None and order.shipping_address:
        return address_form(order.shipping_address)
    destination = destination_of(cart, account.id if account else None)
    if destination is None:
        return address_form()
    known = next((one.address for one in saved if place_of(one.address) == destination), None)
    place = {
        "country": destination.country,
        "state": destination.state,
        "postal_code": destination.postal_code,
    }
    return address_form(known or {**place, "name": account.name if account else ""})


def _order_or_cart(form: CheckoutForm) -> BaseResponse:
    """The cart is empty: perhaps because this very page was paid already."""
    order = orders.find_by_key(form.page_key) if form.page_key else None
    if order is not None:
        return go(url_for("orders.show", public_id=order.public_id))
    flash(gettext("Your cart is empty."), "warning")
    return go(url_for("cart.show"))


def _show(form: CheckoutForm, status: int = 200, error: str | None = None) -> Response:
    account = current_account()
    db.close_reader()
    cart = _own_cart()
    view = reading.view_of(cart, chosen_currency(), code_of_visitor())
    return render_page(
        "checkout/show.html",
        fragment="checkout/_checkout.html",
        status=status,
        cart=view,
        consents=legal.consents(has_digital=view.has_digital),
        wrong_code=None,
        in_cart=False,
        account=account,
        form=form,
        checkout_error=error,
        is_checkout=True,
        is_redrawn=wants_fragment(),
        **_delivery(view, cart, account, is_judged=status == 422),
    )


def _delivery(
    view: CartView, cart: Cart | None, account: Account | None, *, is_judged: bool
) -> dict[str, Any]:
    """Return what the part of the page about sending shows, with the offer for the very address in its form.

    What is wrong with an address that was sent is said at its fields only when it ``is_judged``.
    """
    if cart is None or not view.requires_shipping:
        return {"delivery": None, "saved": [], "is_kept": False}
    saved = book.addresses_of(account.id) if account is not None else []
    form = _delivery_form(cart, account, saved)
    if is_judged and "country" in request.form and not _is_picked_up():
        form.validate()
    offer_to(view, place_of(form.address) if form.rules else None, _method_sent() or cart.ship_method)
    return {
        "delivery": form,
        "saved": [(one.public_id, one.name, envelope_of(one.address)) for one in saved],
        "is_kept": "keep" in request.form,
    }
