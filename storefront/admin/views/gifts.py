"""Giving something away: choose what, say to whom."""

from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin import queries
from storefront.admin.blueprint import admin
from storefront.admin.forms.orders import GiftForm
from storefront.admin.queries import find_variants
from storefront.admin.views.asking import words_asked
from storefront.admin.views.orders import order_url
from storefront.catalog.models import Variant
from storefront.catalog.states import ProductState
from storefront.catalog.stock import SoldOut
from storefront.checkout.giving import Gift, give
from storefront.core import db
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.orders.models import Order
from storefront.web.access import owner_only
from storefront.web.language import current_language
from storefront.web.pages import go, render_page


@admin.get("/gifts/new")
@owner_only
def choose_gift() -> Response:
    """Choose a product to give away; the address may name whom it is for."""
    words = words_asked()
    listing = queries.list_products(words, ProductState.PUBLISHED, None)
    return render_page(
        "admin/orders/choose_gift.html",
        listing=listing,
        words=words,
        email=request.args.get("email", "")[:254],
    )


@admin.get("/gifts/new/<slug>")
@owner_only
def new_gift(slug: str) -> Response:
    """Ask who gets it."""
    variants = _variants(slug)
    email = request.args.get("email", "")[:254]
    return _render(slug, GiftForm(variants, None, email=email, language=current_language()))


@admin.post("/gifts/new/<slug>")
@owner_only
def give_away(slug: str) -> BaseResponse:
    """Give it: an order at nothing, outside of what the shop has earned."""
    variants = _variants(slug)
    form = GiftForm(variants, request.form)
    if not form.validate():
        return _render(slug, form, status=422)
    try:
        order = db.again_on_conflict(lambda: _give(_gift(form, variants)))
    except SoldOut as refusal:
        form.form_errors.append(gettext(refusal.sentence, **refusal.values))
        return _render(slug, form, status=422)
    flash(gettext("Given. %(email)s gets a mail with the link.", email=order.email), "success")
    return go(order_url(order.number))


def _give(gift: Gift) -> Order:
    """The other of two clicks at once may have placed it in this moment; then it is there."""
    try:
        with unit_of_work():
            return give(gift)
    except IntegrityError as error:
        if "checkout_key" not in db.constraint_of(error):
            raise
    with unit_of_work():
        return give(gift)


def _gift(form: GiftForm, variants: list[Variant]) -> Gift:
    return Gift(
        page_key=str(form.key.data),
        variant_id=next(each.id for each in variants if each.sku == form.variant.data),
        quantity=form.quantity.data,
        email=str(form.email.data),
        language=str(form.language.data),
        note=form.note.data or "",
    )


def _variants(slug: str) -> list[Variant]:
    found = find_variants(slug)
    if not found:
        raise NotFound
    return found


def _render(slug: str, form: Any, *, status: int = 200) -> Response:
    return render_page(
        "admin/orders/gift.html",
        form=form,
        action=url_for("admin.give_away", slug=slug),
        back=url_for("admin.choose_gift"),
        status=status,
    )
