"""Leaving an address for what is sold out, confirming it from the mailbox, and taking it back."""

from flask import Response, render_template, request
from flask_babel import gettext

from storefront.accounts.addresses import find_normal
from storefront.catalog import waiting
from storefront.catalog.page import Offer, ProductPage, find_page
from storefront.catalog.views import catalog
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.errors import NotFound, TooMany
from storefront.web import throttle
from storefront.web.access import cross_site_safe, public
from storefront.web.language import current_language
from storefront.web.pages import render_page

_PER_CLIENT = 20


@catalog.post("/products/<slug>/waiting")
@public
@cross_site_safe
def wait_for_stock(slug: str) -> Response:
    """Take an address for a variant that is sold out; the answer is the same whoever asks, and how often."""
    product = find_page(current_language(), slug=slug)
    if product is None or not product.is_published:
        raise NotFound
    wanted = request.form.get("variant_id", "")
    chosen = next((offer for offer in product.variants if str(offer.id) == wanted), None)
    if chosen is None:
        raise NotFound
    email = find_normal(request.form.get("email", "")[:254])
    if email is None:
        sentence = gettext("Please enter an e-mail address such as name@example.org.")
        return _answer(product, chosen, status=422, error=sentence)
    db.again_on_conflict(lambda: _ask(slug, chosen.id, email))
    return _answer(product, chosen, is_done=True)


@catalog.get("/waiting/<public_id>")
@public
def ask_to_confirm_waiting(public_id: str) -> Response:
    """Ask before it counts: programs follow links in mails, people press buttons."""
    return _show(public_id)


@catalog.post("/waiting/<public_id>")
@public
def confirm_waiting(public_id: str) -> Response:
    """Note that the mailbox wants to be told."""
    waiting.get(public_id)
    with db.unit_of_work():
        waiting.confirm(public_id)
    return _show(public_id, done="confirmed")


@catalog.get("/waiting/<public_id>/leave")
@public
def ask_to_leave_waiting(public_id: str) -> Response:
    """Ask before the request is forgotten."""
    return _show(public_id, is_leaving=True)


@catalog.post("/waiting/<public_id>/leave")
@public
def leave_waiting(public_id: str) -> Response:
    """Forget the request."""
    page = _show(public_id, done="removed")
    with db.unit_of_work():
        waiting.leave(public_id)
    return page


def _ask(slug: str, variant_id: int, email: str) -> None:
    with db.unit_of_work():
        if throttle.count("stock-client", request.remote_addr or "", per=timedelta(hours=1)) > _PER_CLIENT:
            raise TooMany
        waiting.ask(slug, variant_id, email, current_language())


def _show(public_id: str, *, is_leaving: bool = False, done: str = "") -> Response:
    _, variant, product = waiting.get(public_id)
    page = render_template(
        "catalog/stock_request.html",
        public_id=public_id,
        variant=variant,
        product=product,
        is_leaving=is_leaving,
        done=done,
    )
    return Response(page)


def _answer(
    product: ProductPage, chosen: Offer, *, status: int = 200, error: str = "", is_done: bool = False
) -> Response:
    return render_page(
        "catalog/wait_for_stock.html",
        fragment="catalog/_waiting.html",
        status=status,
        product=product,
        chosen=chosen,
        waiting_error=error,
        waiting_email=request.form.get("email", "")[:254],
        waiting_done=is_done,
    )
