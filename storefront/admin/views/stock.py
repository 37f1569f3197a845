"""The stock of a product: what is there, what is promised, what came and went."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.stock import AdjustmentForm
from storefront.admin.views.products import page_of
from storefront.catalog import stock, waiting
from storefront.catalog.models import Product, StockMovement, Variant
from storefront.catalog.price_history import list_changes
from storefront.catalog.service import editing
from storefront.catalog.states import StockReason
from storefront.core import db
from storefront.journal.service import write as journal
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

_SHOWN = 100


@admin.get("/products/<slug>/stock")
@owner_only
def show_stock(slug: str) -> Response:
    """Show on hand, reserved and available for each variant, and what moved them."""
    product = editing.get_for_owner(slug)
    return _render(product, AdjustmentForm(product.variants, None))


@admin.post("/products/<slug>/stock")
@owner_only
def adjust_stock(slug: str) -> BaseResponse:
    """Note that some came or went, with the reason."""
    product = editing.get_for_owner(slug)
    form = AdjustmentForm(product.variants, request.form)
    if not form.validate():
        return _render(product, form, status=422)
    try:
        change_product(slug, lambda locked: _adjust(locked, form))
    except stock.NotSoMany as refusal:
        form.difference.errors = [gettext(refusal.sentence, **refusal.values)]
        return _render(editing.get_for_owner(slug), form, status=422)
    flash(gettext("Noted."), "success")
    return go(url_for("admin.show_stock", slug=slug))


def _adjust(product: Product, form: AdjustmentForm) -> None:
    variant = next(each for each in product.variants if str(each.id) == form.variant.data)
    reason = StockReason(form.reason.data)
    stock.adjust(variant, form.units, reason, form.note.data)
    journal(
        editing.topic_of(product),
        "stock.adjusted",
        sku=variant.sku,
        difference=form.units,
        reason=reason.value,
        note=form.note.data,
    )


def _render(product: Product, form: AdjustmentForm, status: int = 200) -> Response:
    ids = [variant.id for variant in product.variants]
    movements = (
        select(StockMovement, Variant.sku)
        .join(Variant, Variant.id == StockMovement.variant_id)
        .where(StockMovement.variant_id.in_(ids))
        .order_by(StockMovement.id.desc())
        .limit(_SHOWN)
    )
    return render_page(
        "admin/products/stock.html",
        status=status,
        form=form,
        waiting=waiting.waiting_for(ids),
        movements=db.session().execute(movements).all(),
        prices=list_changes(product.id, _SHOWN),
        **page_of(product, "stock"),
    )
