"""The wishlist, with and without JavaScript, and the page that others may read."""

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.cart import service as carts
from storefront.cart.cookie import cart_id_of_visitor, remember_cart
from storefront.cart.models import Cart
from storefront.cart.showing import Change
from storefront.core.clock import timedelta
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound, TooMany
from storefront.web import throttle
from storefront.web.access import cross_site_safe, public
from storefront.web.language import current_language
from storefront.web.links import absolute_url
from storefront.web.pages import go, render_page, wants_fragment
from storefront.wishlist import service
from storefront.wishlist.cookie import remember_wishlist, wishlist_id_of_visitor
from storefront.wishlist.models import Wishlist
from storefront.wishlist.service import Saved
from storefront.wishlist.showing import entries_of

wishlist = Blueprint("wishlist", __name__)

_WINDOW = timedelta(hours=1)
_MOST_WRITES = 600


@wishlist.get("/wishlist")
@public
def show() -> Response:
    """Show what is on the list, what became of it, and whether it is shared."""
    return _show()


@wishlist.post("/wishlist/entries")
@public
@cross_site_safe
def save() -> BaseResponse:
    """Put a product on the list, or take it off; the form stands on pages that are kept for everybody."""
    slug, unwanted = request.form.get("product", "")[:120], request.form.get("unwanted", "")[:120]
    with unit_of_work():
        _count_write()
        mine = _own(for_update=True) or service.make_wishlist(_account_id())
        saved = (
            service.remove_product(mine, unwanted)
            if unwanted
            else service.save(mine, slug, _number(request.form.get("variant_id", "")))
        )
    return remember_wishlist(_answer_save(saved, mine), mine.public_id)


@wishlist.post("/wishlist/entries/<int(max=999999999999):entry_id>/removal")
@public
def remove(entry_id: int) -> BaseResponse:
    """Take something off the list."""
    with unit_of_work():
        saved = service.remove(_required(), entry_id)
    return _answer(saved, undo=entry_id)


@wishlist.post("/wishlist/entries/<int(max=999999999999):entry_id>/return")
@public
def bring_back(entry_id: int) -> BaseResponse:
    """Put something back that was just removed."""
    with unit_of_work():
        saved = service.bring_back(_required(), entry_id)
    return _answer(saved)


@wishlist.post("/wishlist/entries/<int(max=999999999999):entry_id>/cart")
@public
def move_to_cart(entry_id: int) -> BaseResponse:
    """Put something into the cart and, when it is there, take it off the list."""
    with unit_of_work():
        cart = _own_cart() or carts.make_cart(_account_id())
        mine = _required()
        change = carts.add(cart, service.variant_of_entry(mine, entry_id), 1)
        if change.is_as_wished:
            service.remove(mine, entry_id)
    return remember_cart(_answer_move(change, cart), cart.public_id)


@wishlist.post("/wishlist/share")
@public
def share() -> BaseResponse:
    """Give the list an address for others."""
    with unit_of_work():
        service.share(_required())
    return _answer(Saved(gettext("Your wishlist can be read at the address below.")))


@wishlist.post("/wishlist/share/withdrawal")
@public
def stop_sharing() -> BaseResponse:
    """Take the address back."""
    with unit_of_work():
        service.stop_sharing(_required())
    return _answer(Saved(gettext("Nobody else can read your wishlist any more.")))


@wishlist.get("/lists/<share_id>")
@public
def shared(share_id: str) -> Response:
    """Show a list to whoever was sent its address; it says nothing of whose it is."""
    entries = service.shared_entries(share_id, request.script_root)
    response = make_response(render_template("wishlist/shared.html", entries=entries))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def saved_by_visitor(account_id: int | None) -> tuple[str, ...]:
    """Return the addresses of what is on the list of who asks, for the personal fragment."""
    return service.saved_slugs(wishlist_id_of_visitor(), account_id)


def _show(saved: Saved | None = None, *, undo: int | None = None, count: int | None = None) -> Response:
    mine = _own()
    return render_page(
        "wishlist/show.html",
        fragment="wishlist/_wishlist.html",
        status=200 if saved is None or saved.is_as_wished else 422,
        entries=entries_of(mine.id, request.script_root) if mine else [],
        share_url=_share_url(mine),
        account=current_account(),
        saved=saved,
        undo=undo or _number(request.args.get("undo", "")),
        cart_count=count,
    )


def _answer(saved: Saved, *, undo: int | None = None) -> BaseResponse:
    undo = undo if saved.is_as_wished else None
    if wants_fragment():
        return _show(saved, undo=undo)
    flash(saved.sentence, "success" if saved.is_as_wished else "warning")
    return go(url_for("wishlist.show", undo=undo))


def _answer_move(change: Change, cart: Cart) -> Response:
    saved = Saved(change.sentence, change.is_as_wished)
    if wants_fragment():
        return _show(saved, count=carts.count_of(cart.public_id, _account_id()))
    return make_response(_answer(saved))


def _answer_save(saved: Saved, mine: Wishlist) -> Response:
    """The page stays, its status region speaks and its hearts are filled; without JavaScript the list is shown."""
    if not wants_fragment():
        return make_response(_answer(saved))
    slugs = service.saved_slugs(mine.public_id, _account_id())
    page = render_template("wishlist/_saved.html", saved=saved, slugs=slugs)
    return make_response(page, 200 if saved.is_as_wished else 422)


def _required() -> Wishlist:
    """Return the list of who asks, locked."""
    _count_write()
    mine = _own(for_update=True)
    if mine is None:
        raise NotFound
    return mine


def _own(*, for_update: bool = False) -> Wishlist | None:
    return service.find_wishlist(wishlist_id_of_visitor(), _account_id(), for_update=for_update)


def _own_cart() -> Cart | None:
    return carts.find_cart(cart_id_of_visitor(), _account_id(), for_update=True)


def _account_id() -> int | None:
    account = current_account()
    return account.id if account else None


def _share_url(mine: Wishlist | None) -> str | None:
    if mine is None or mine.share_id is None:
        return None
    return absolute_url(f"/lists/{mine.share_id}", current_language())


def _count_write() -> None:
    if throttle.count("wishlist", request.remote_addr or "", per=_WINDOW) > _MOST_WRITES:
        raise TooMany


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
