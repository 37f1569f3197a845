"""From the cart to Stripe and back."""

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.models import Account
from storefront.accounts.sessions import current_account
from storefront.cart import reading
from storefront.cart import service as carts
from storefront.cart.cookie import cart_id_of_visitor
from storefront.cart.models import Cart
from storefront.catalog.stock import SoldOut
from storefront.checkout import settling, starting
from storefront.checkout.ceiling import count_checkout
from storefront.checkout.forms import CheckoutForm
from storefront.checkout.jobs import gateway
from storefront.checkout.starting import Buyer, CartChanged, CartEmpty, EmailRefused, PaymentPageUnavailable
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.core.logging import get_logger
from storefront.gateways.stripe import PaymentRefused, PaymentUnknown
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.payments import service as payments
from storefront.shop.choosing import chosen_currency
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.pages import go, render_page
from storefront.web.setup import settings

checkout = Blueprint("checkout", __name__)
reading.ask_for_held_units(orders.held_units)


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
    form = CheckoutForm()
    if account is not None and not form.email.data:
        form.email.data = account.email
    if not form.validate():
        return _show(form, status=422)
    cart = carts.find_cart(cart_id_of_visitor(), account.id if account else None)
    if cart is None:
        return _order_or_cart(form)
    count_checkout(request.remote_addr or "")
    try:
        return go(starting.start(_buyer(form, cart, account), gateway()))
    except CartEmpty:
        return _order_or_cart(form)
    except EmailRefused as refusal:
        sentence = gettext(refusal.sentence)
        form.email.errors = [sentence]
        # Who is logged in has no field to show it at.
        return _show(form, status=422, error=sentence if account else None)
    except (CartChanged, SoldOut) as refusal:
        return _show(form, status=409, error=gettext(refusal.sentence, **refusal.values))
    except PaymentPageUnavailable as trouble:
        return _show(form, status=503, error=gettext(trouble.sentence))


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


def _buyer(form: CheckoutForm, cart: Cart, account: Account | None) -> Buyer:
    return Buyer(
        cart_id=cart.id,
        page_key=form.page_key,
        email=str(form.email.data),
        account_id=account.id if account else None,
        language=current_language(),
        currency=chosen_currency(),
        base_url=settings().base_url,
        seen_total=form.seen_total,
        seen_currency=form.seen_currency,
    )


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
    cart = carts.find_cart(cart_id_of_visitor(), account.id if account else None)
    return render_page(
        "checkout/show.html",
        fragment="checkout/_checkout.html",
        status=status,
        cart=reading.view_of(cart, chosen_currency()),
        account=account,
        form=form,
        checkout_error=error,
    )
