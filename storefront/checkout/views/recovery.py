"""The way back into a checkout that was left, and the way out of mails about such."""

from flask import Blueprint, Response, flash, make_response, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.cart import service as carts
from storefront.cart.cookie import cart_id_of_visitor, remember_cart
from storefront.cart.models import Cart
from storefront.checkout import recovering
from storefront.checkout.models import CheckoutRecovery
from storefront.core import db
from storefront.core.money import Money
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.orders.states import OrderState
from storefront.web.access import public
from storefront.web.pages import go, render_page

recovery = Blueprint("recovery", __name__)


@recovery.get("/cart/saved/<public_id>")
@public
def show(public_id: str) -> Response:
    """Show what was left, with a button: programs follow links in mails, people press buttons."""
    found = recovering.find_open(public_id)
    if found is None:
        return render_page("checkout/saved.html", status=410, lines=[], public_id=public_id, is_too_old=True)
    if found.opened_at is None:
        with db.unit_of_work():
            recovering.note_opened(found.order_id)
    lines = recovering.available(orders.get_order(found.order_id))
    return render_page("checkout/saved.html", lines=lines, public_id=public_id, is_too_old=False)


@recovery.post("/cart/saved/<public_id>")
@public
def restore(public_id: str) -> BaseResponse:
    """Put what was left into the cart of whoever holds the link, at the prices of now; done twice it is there once."""
    found = recovering.find_open(public_id)
    if found is None:
        return go(url_for("recovery.show", public_id=public_id))
    with db.unit_of_work():
        cart, said = _restore(found)
    for sentence in said:
        flash(sentence, "warning")
    flash(gettext("Your cart is as you left it, with the prices of today."), "success")
    return remember_cart(make_response(go(url_for("cart.show"))), cart.public_id)


@recovery.get("/cart/reminders/<token>")
@public
def ask_to_opt_out(token: str) -> Response:
    """Ask before the mails to a mailbox end."""
    recovering.read_opt_out(token)
    return Response(render_template("checkout/reminders.html", token=token, is_done=False))


@recovery.post("/cart/reminders/<token>")
@public
def opt_out(token: str) -> Response:
    """End the mails to a mailbox."""
    with db.unit_of_work():
        recovering.opt_out(recovering.read_opt_out(token))
    return Response(render_template("checkout/reminders.html", token=token, is_done=True))


def _restore(found: CheckoutRecovery) -> tuple[Cart, list[str]]:
    """Fill the visitor's cart; return it, with what could not be done as wished."""
    account = current_account()
    account_id = account.id if account else None
    cart = carts.find_cart(cart_id_of_visitor(), account_id, for_update=True) or carts.make_cart(account_id)
    order = orders.get_order(found.order_id)
    changes = [
        carts.change(cart, line.variant_id, line.quantity, *_chosen(order, line.unit_amount))
        for line in recovering.available(order)
        if carts.quantity_of(cart, line.variant_id) < line.quantity
    ]
    last = orders.find_by_key(cart.checkout_key)
    if last is not None and last.state is OrderState.CANCELLED:
        carts.renew_key(cart)  # so that the next order has the key by which we know that it came of this link
        db.session().flush()
    recovering.note_restored(found.order_id, cart.checkout_key)
    return cart, [change.sentence for change in changes if not change.is_as_wished]


def _chosen(order: Order, unit_amount: int) -> tuple[str, str]:
    """What they wanted to pay, where one pays what one wants; elsewhere it is not looked at."""
    return Money(unit_amount, order.currency).plain, order.currency
