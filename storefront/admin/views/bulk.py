"""Many products at once: choose them in the list, look at what would change, and say yes."""

import re

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin import queries
from storefront.admin.blueprint import admin
from storefront.admin.changing import change_products
from storefront.admin.forms.bulk import BulkForm
from storefront.admin.views.asking import words_in
from storefront.admin.views.products import render_list, state_in
from storefront.catalog.queries import list_categories as all_categories
from storefront.catalog.service import bulk
from storefront.core.errors import NotFound
from storefront.core.ids import new_public_id
from storefront.shop.service import currency
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

_KEY = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


@admin.post("/products/bulk/preview")
@owner_only
def preview_bulk() -> Response:
    """Show old and new of each chosen product; nothing is written yet."""
    form = BulkForm(request.form, currency(), all_categories())
    slugs = _chosen()
    is_sound = form.validate()
    if not slugs or not is_sound:
        refusal = "" if slugs else gettext("Please choose some products first.")
        return render_list(request.form, bulk_form=form, chosen=set(slugs), refusal=refusal, status=422)
    plans = bulk.plans_for(slugs, form.wanted())
    return render_page(
        "admin/products/bulk.html",
        form=form,
        key=new_public_id(),
        changing=[plan for plan in plans if plan.steps and plan.refusal is None],
        refused=[plan for plan in plans if plan.refusal is not None],
        unchanged=sum(not plan.steps and plan.refusal is None for plan in plans),
        is_cut_off=len(slugs) >= bulk.MOST_PRODUCTS,
        most=bulk.MOST_PRODUCTS,
    )


@admin.post("/products/bulk/changes")
@owner_only
def change_bulk() -> BaseResponse:
    """Carry out what the page has shown; the same page sent twice carries it out once."""
    form = BulkForm(request.form, currency(), all_categories())
    key, marks = request.form.get("key", ""), _marks()
    if not form.validate() or not _KEY.fullmatch(key) or not marks:
        flash(gettext("That did not fit any more. Please choose the products again."), "warning")
        return go(url_for("admin.list_products"))
    change_products(marks, form.wanted(), key)
    return go(url_for("admin.show_bulk", key=key))


@admin.get("/products/bulk/changes/<key>")
@owner_only
def show_bulk(key: str) -> Response:
    """Say what was done, and what was left out and why."""
    outcome = bulk.find_outcome(key) if _KEY.fullmatch(key) else None
    if outcome is None:
        raise NotFound
    return render_page("admin/products/bulk_done.html", outcome=outcome)


def _chosen() -> list[str]:
    """Return the addresses of the chosen products: those with a tick, or all that the list has found."""
    if "everything" in request.form:
        return queries.find_slugs(words_in(request.form), state_in(request.form), bulk.MOST_PRODUCTS)
    return list(dict.fromkeys(request.form.getlist("product")))[: bulk.MOST_PRODUCTS]


def _marks() -> dict[str, str]:
    """Return the products of the page that asked, as they were."""
    pairs = (each.partition(":") for each in request.form.getlist("product")[: bulk.MOST_PRODUCTS])
    return {slug: mark for slug, _sep, mark in pairs}
