"""The cart, with and without JavaScript, and the small fragment that says who is here."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.address_forms import AddressForm, address_form
from storefront.accounts.sessions import current_account
from storefront.cart import noting, reading, service
from storefront.cart.codes import told_why
from storefront.cart.cookie import cart_id_of_visitor, code_of_visitor, remember_cart, remember_code
from storefront.cart.models import Cart
from storefront.cart.pricing import offer_of
from storefront.cart.shipping import add_shipping, choose
from storefront.cart.showing import MOST_OF_ONE, CartView, Change
from storefront.catalog.choosing import OPTION_FIELDS, find_with_options
from storefront.catalog.pricing import price_at
from storefront.core.clock import now
from storefront.core.db import unit_of_work
from storefront.promotions.queries import find_code
from storefront.promotions.rules import UNKNOWN as _UNKNOWN
from storefront.promotions.rules import why_not_now
from storefront.promotions.spelling import key_of
from storefront.shop import legal
from storefront.shop.choosing import chosen_currency
from storefront.shop.service import currencies
from storefront.web.access import cross_site_safe, public
from storefront.web.language import COOKIE as LANGUAGE_COOKIE
from storefront.web.language import current_language, is_by_prefix
from storefront.web.pages import announce, go, render_page, wants_fragment
from storefront.web.setup import settings

cart = Blueprint("cart", __name__)

_YEAR = 31_536_000

# Addresses of the products that who asks (an account's id, or a visitor) has saved.
SavedSlugs = Callable[[int | None], tuple[str, ...]]


def _saves_nothing(_account_id: int | None) -> tuple[str, ...]:
    return ()


_saved_slugs: SavedSlugs = _saves_nothing


def ask_for_saved(find: SavedSlugs) -> None:
    """Have ``find`` tell what the visitor has saved: carts know nothing of wishlists, which are filled from them."""
    global _saved_slugs  # set once, when the shop is put together
    _saved_slugs = find


@cart.get("/cart")
@public
def show() -> Response:
    """Show what is in the cart and what it costs."""
    return _show_cart()


@cart.post("/cart/lines")
@public
@cross_site_safe
def add_line() -> BaseResponse:
    """Put something into the cart."""
    variant_id, quantity = _number("variant_id"), _number("quantity", default=1)
    if variant_id is None or quantity is None or not 1 <= quantity <= MOST_OF_ONE:
        return _say(Change(_not_understood(), 0, is_as_wished=False), None)
    chosen_id = _chosen_by_options(variant_id)
    if chosen_id is None:
        return _say(Change(gettext("This combination is not on offer."), 0, is_as_wished=False), None)
    with unit_of_work():
        mine = _own_cart(for_update=True) or service.make_cart(_account_id())
        change = service.add(mine, chosen_id, quantity, *_amount())
        if mine.code is None and (followed := code_of_visitor()):
            noting.note_code(mine, followed)
    if change.wrong_amount is not None:
        return _ask_for_amount(change, chosen_id, quantity)
    return _say(change, mine)


@cart.post("/cart/lines/<int(max=999999999999):variant_id>")
@public
def change_line(variant_id: int) -> BaseResponse:
    """Change how many there are of one thing, or remove it."""
    with unit_of_work():
        mine = _own_cart(for_update=True)
        if mine is None:
            return go(url_for("cart.show"))
        had = service.quantity_of(mine, variant_id)
        wished = _wished(had)
        change = (
            Change(_not_understood(), had, is_as_wished=False)
            if wished is None
            else service.change(mine, variant_id, wished, *_amount())
        )
    undo = (variant_id, had) if change.quantity == 0 and change.is_as_wished and had else None
    if wants_fragment() or change.wrong_amount is not None:
        wrong = (variant_id, change) if change.wrong_amount is not None else None
        return _show_cart(change=change, undo=undo, wrong=wrong, status=200 if change.is_as_wished else 422)
    flash(change.sentence, "success" if change.is_as_wished else "warning")
    return go(url_for("cart.show", undo=f"{undo[0]}x{undo[1]}" if undo else None))


@cart.post("/cart/code")
@public
def change_code() -> BaseResponse:
    """Put a discount code to the cart, or take it off."""
    typed = "" if "remove" in request.form else request.form.get("code", "")[:200]
    key = key_of(typed)
    wrong = _wrong_code(key, typed)
    if wrong is not None:
        return _show_cart(wrong_code=wrong, status=422)
    with unit_of_work():
        mine = _own_cart(for_update=True)
        if mine is not None:
            noting.note_code(mine, key or None)
    said = gettext("The code is in your cart.") if key else gettext("The code is taken off.")
    if wants_fragment():
        response = announce(_show_cart(is_code_known=True), said)
    else:
        flash(said, "success")
        response = make_response(go(url_for("cart.show")))
    return remember_code(response, "", is_https=settings().is_https)


@cart.get("/codes/<code>")
@public
def follow_code(code: str) -> Response:
    """Remember the code of a link until something is in the cart, and say what it is worth."""
    row = find_code(key_of(code))
    why_not = _UNKNOWN if row is None else why_not_now(row, now())
    response = render_page(
        "cart/code.html",
        code=row,
        problem=told_why(why_not) if why_not else None,
        status=404 if row is None else 200,
    )
    return response if why_not else remember_code(response, key_of(code), is_https=settings().is_https)


@cart.get("/me")
@public
def me() -> Response:
    """Say who is here and how many things are in the cart: the only personal part of a catalogue page."""
    account = current_account()
    response = make_response(
        render_template(
            "web/_me.html",
            account=account,
            is_owner=account is not None and account.is_owner,
            saved=_saved_slugs(account.id if account else None),
            cart_count=service.count_of(cart_id_of_visitor(), account.id if account else None),
        )
    )
    if is_by_prefix(request.environ) and request.cookies.get(LANGUAGE_COOKIE) != current_language():
        response.set_cookie(
            LANGUAGE_COOKIE,
            current_language(),
            max_age=_YEAR,
            secure=settings().is_https,
            httponly=True,
            samesite="Lax",
        )
    return response


@cart.post("/cart/destination")
@public
def choose_destination() -> BaseResponse:
    """Say what sending costs to the chosen place, and by the chosen method."""
    with unit_of_work():
        mine = _own_cart(for_update=True)
        if mine is not None:
            choose(mine, AddressForm().address, request.form.get("method", "")[:22])
    if wants_fragment():
        return _show_cart(fragment="checkout/_checkout.html", is_redrawn=True)
    return go(url_for("cart.show", _anchor="checkout"))


def _show_cart(
    change: Change | None = None,
    undo: tuple[int, int] | None = None,
    wrong: tuple[int, Change] | None = None,
    wrong_code: tuple[str, str] | None = None,
    status: int = 200,
    fragment: str = "cart/_cart.html",
    is_redrawn: bool = False,
    *,
    is_code_known: bool = False,
) -> Response:
    """``wrong_code`` is what was typed as a code and why it is none; one that ``is_code_known`` stands in the cart."""
    mine = _own_cart()
    seen = reading.view_of(mine, chosen_currency(), "" if is_code_known else code_of_visitor())
    view = add_shipping(seen, mine, _account_id())
    return render_page(
        "cart/show.html",
        fragment=fragment,
        status=status,
        cart=view,
        consents=legal.consents(has_digital=view.has_digital),
        account=current_account(),
        wrong_code=wrong_code,
        in_cart=True,
        delivery=_destination_form(view),
        is_checkout=False,
        is_redrawn=is_redrawn,
        change=change,
        wrong=wrong,
        undo=undo or _undo_in_address(),
        form=None,
        checkout_error=None,
    )


def _destination_form(view: CartView) -> AddressForm | None:
    """Return the form of the place on which the price of sending depends; digital things go nowhere."""
    if view.shipping is None:
        return None
    place = view.shipping.destination
    known = (
        {"country": place.country, "state": place.state, "postal_code": place.postal_code} if place else {}
    )
    return address_form(known)


def _wrong_code(key: str, typed: str) -> tuple[str, str] | None:
    """Return what was typed and why it is no code that counts; one that only waits for more in the cart is none."""
    if not key:
        return (typed, gettext("Please enter a code.")) if typed or "remove" not in request.form else None
    row = find_code(key)
    # Whose own order holds the last use is told by the cart, which knows of it.
    why_not = _UNKNOWN if row is None else why_not_now(row, now(), holds_one=True)
    return (typed, told_why(why_not)) if why_not else None


def _chosen_by_options(variant_id: int) -> int | None:
    """Return the variant that was chosen. Without scripts the page can't follow a choice of several options, so what
    was chosen comes with the variant that the page showed; None when there is no such combination."""
    wanted = {name: value for name, value in request.form.items() if name in OPTION_FIELDS}
    return find_with_options(variant_id, wanted) if wanted else variant_id


def _ask_for_amount(change: Change, variant_id: int, quantity: int) -> Response:
    """Say at its field what is wrong with the amount, on the product page by a piece of it, or on a page of its own."""
    product, priced = offer_of(variant_id, _amount()[1])
    about = {
        "product": product,
        "variant_id": variant_id,
        "currency": priced.currency,
        "least": price_at(priced, now()).price,
        "quantity": quantity,
        "typed": change.wrong_amount,
        "error": change.sentence,
        "oob": wants_fragment(),
    }
    if not wants_fragment():
        return make_response(render_template("cart/choose_amount.html", **about), 422)
    count = service.count_of(cart_id_of_visitor(), _account_id())
    said = render_template("cart/_added.html", change=change, count=count)
    return make_response(said + render_template("cart/_amount.html", **about), 422)


def _say(change: Change, mine: Cart | None) -> BaseResponse:
    """Answer an addition: the page stays and its status region speaks; without JavaScript the cart is shown."""
    if wants_fragment():
        count = change.pieces
        if count is None:
            count = service.count_of(mine.public_id if mine else cart_id_of_visitor(), _account_id())
        response = make_response(
            render_template("cart/_added.html", change=change, count=count),
            200 if change.is_as_wished else 422,
        )
    else:
        flash(change.sentence, "success" if change.is_as_wished else "warning")
        response = make_response(go(url_for("cart.show")))
    return remember_cart(response, mine.public_id) if mine else response


def _own_cart(*, for_update: bool = False) -> Cart | None:
    return service.find_cart(cart_id_of_visitor(), _account_id(), for_update=for_update)


def _account_id() -> int | None:
    account = current_account()
    return account.id if account else None


def _amount() -> tuple[str, str]:
    """Return what was typed to pay for one, and the currency that stood beside the field."""
    beside = request.form.get("currency", "")
    return request.form.get("amount", ""), beside if beside in currencies() else chosen_currency()


def _wished(had: int) -> int | None:
    if "remove" in request.form:
        return 0
    quantity = _number("quantity", default=had)
    step = _number("step", default=0)
    if quantity is None or step is None or not 0 <= quantity <= 999:
        return None
    return max(0, min(quantity + step, MOST_OF_ONE)) if step in (-1, 0, 1) else None


def _number(name: str, default: int | None = None) -> int | None:
    """Return a small whole number of the form, or None when it is something else."""
    text = request.form.get(name, "").strip()
    if not text:
        return default
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None


def _undo_in_address() -> tuple[int, int] | None:
    variant_id, _, quantity = request.args.get("undo", "").partition("x")
    if (
        variant_id.isascii()
        and variant_id.isdigit()
        and quantity in {str(n) for n in range(1, MOST_OF_ONE + 1)}
    ):
        return int(variant_id[:12]), int(quantity)
    return None


def _not_understood() -> str:
    return str(gettext("Please choose a number from 1 to 99."))
