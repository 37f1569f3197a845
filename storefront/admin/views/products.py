"""Products: list, make, edit, publish, archive, delete."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin import queries
from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product, follow
from storefront.admin.forms.bulk import BulkForm
from storefront.admin.forms.products import NewProductForm, ProductForm, product_form, with_row_moved
from storefront.admin.views.asking import (
    ask,
    choose_between,
    fragment,
    preview_of,
    previewed_name,
    words_in,
)
from storefront.catalog.models import Product
from storefront.catalog.queries import list_categories as all_categories
from storefront.catalog.service import bulk, duplicating, editing, publishing, tags
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.states import ProductKind, ProductState
from storefront.core.clock import now
from storefront.core.db import unit_of_work
from storefront.shop.service import currency
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page, wants_fragment


@admin.get("/products")
@owner_only
def list_products() -> Response:
    """Show the products, all or of one state, found by title or SKU."""
    return render_list(request.args)


@admin.get("/products/new")
@owner_only
def new_product() -> Response:
    """Ask for the little that a draft needs."""
    return _render_new(NewProductForm())


@admin.post("/products/new")
@owner_only
def create_product() -> BaseResponse:
    """Make a draft and go on with its details."""
    form = NewProductForm()
    form.price.currency = currency()
    if not form.validate_on_submit():
        return _render_new(form, status=422)
    with unit_of_work():
        product = editing.create(
            form.title.data, ProductKind(form.kind.data), form.price.amount or 0, form.price.currency
        )
        follow(product.id)
    flash(gettext("Here is your draft. Only you can see it until you publish it."), "success")
    return go(url_for("admin.edit_product", slug=product.slug))


@admin.get("/products/<slug>")
@owner_only
def edit_product(slug: str) -> BaseResponse:
    """Show the words, prices and variants of a product, to be changed."""
    product = editing.get_for_owner(slug)
    if product.slug != slug:
        return go(url_for("admin.edit_product", slug=product.slug))
    form = product_form(product, all_categories())
    return _render_edit(product, form)


@admin.post("/products/<slug>")
@owner_only
def save_product(slug: str) -> BaseResponse:
    """Save what was changed, unless something is wrong with it or another window was quicker."""
    product = editing.get_for_owner(slug)
    form = product_form(product, all_categories(), request.form)
    if not form.validate():
        return _render_edit(product, form, status=422)
    try:
        new_slug = change_product(slug, lambda locked: _save(locked, form))
    except SavedMeanwhile:
        saved = editing.get_for_owner(slug)
        return choose_between(form, product_form(saved, all_categories()), saved.title)
    except InvalidField as error:
        form.refuse(error)
        return _render_edit(editing.get_for_owner(slug), form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_product", slug=new_slug))


@admin.post("/products/<slug>/autosave")
@owner_only
def autosave_product(slug: str) -> BaseResponse:
    """Save a draft while the owner writes, and say so. What is published changes only by the button."""
    product = editing.get_for_owner(slug)
    if not wants_fragment():
        return save_product(slug)
    form = product_form(product, all_categories(), request.form)
    if product.state is not ProductState.DRAFT or not form.validate():
        return _say_autosave(gettext("Not saved yet: something needs to be corrected, or press Save."))
    wanted = form.wanted()
    if any(variant.id is None for variant in wanted.variants):
        return _say_autosave(gettext("Not saved yet: press Save to add the new variant."))
    if unknown := tags.unknown_of(wanted.tags or []):
        return _say_autosave(
            gettext("Not saved yet: press Save to make the new tag %(tag)s.", tag=unknown[0])
        )
    try:
        change_product(slug, lambda locked: _save(locked, form))
    except SavedMeanwhile:
        return _say_autosave(
            gettext("Not saved: another window has saved this draft. Press Save to compare.")
        )
    except InvalidField:
        return _say_autosave(gettext("Not saved yet: something needs to be corrected, or press Save."))
    saved = editing.get_for_owner(slug)
    answer = _say_autosave(gettext("Saved at %(time)s UTC.", time=f"{now():%H:%M:%S}"), saved.version)
    answer.headers["X-Saved"] = "1"
    return answer


@admin.post("/products/<slug>/form")
@owner_only
def redraw_product(slug: str) -> Response:
    """Show the form as it was filled in, with a preview, one more line, or lines moved; nothing is saved."""
    product = editing.get_for_owner(slug)
    move = request.form.get("move_variant")
    sent = with_row_moved(request.form, move) if move else request.form
    form = product_form(product, all_categories(), sent)
    preview = preview_of(form)
    if preview is not None:
        return preview
    if "add_variant" in request.form:
        form.add_row()
    if "generate_variants" in request.form:
        form.generate_rows()
    if wants_fragment():
        return fragment("admin/products/_variants.html", form=form, product=product)
    return _render_edit(product, form, previewed=previewed_name())


@admin.post("/products/<slug>/publication")
@owner_only
def publish_product(slug: str) -> BaseResponse:
    """Show the product to customers, or say what is missing."""
    try:
        change_product(slug, publishing.publish)
    except publishing.NotReady:
        product = editing.get_for_owner(slug)
        return _render_edit(
            product, product_form(product, all_categories()), status=422, asked_to_publish=True
        )
    flash(gettext("Published. Customers can buy it now."), "success")
    return go(_product_url(slug))


@admin.post("/products/<slug>/draft")
@owner_only
def withdraw_product(slug: str) -> BaseResponse:
    """Make it a draft again."""
    change_product(slug, publishing.withdraw)
    flash(gettext("This is a draft again. Customers no longer see it; who bought it keeps it."), "success")
    return go(_product_url(slug))


@admin.post("/products/<slug>/archive")
@owner_only
def archive_product(slug: str) -> BaseResponse:
    """Take it out of the shop."""
    change_product(slug, publishing.archive)
    flash(gettext("Archived. It is out of the shop; who bought it keeps it."), "success")
    return go(_product_url(slug))


@admin.post("/products/<slug>/preview-address")
@owner_only
def renew_preview(slug: str) -> BaseResponse:
    """Make a new secret address for the preview."""
    change_product(slug, publishing.renew_preview)
    flash(gettext("The preview has a new address. The one before no longer works."), "success")
    return go(_product_url(slug))


@admin.post("/products/<slug>/copies")
@owner_only
def duplicate_product(slug: str) -> BaseResponse:
    """Make a draft like this product and go on with it."""
    product = editing.get_for_owner(slug)
    pictures = duplicating.copy_pictures(product)

    def copy(locked: Product) -> str:
        made = duplicating.duplicate(locked, pictures)
        follow(made.id)
        return made.slug

    made_slug = change_product(slug, copy)
    flash(
        gettext(
            "Here is the copy, a draft. It has SKUs of its own; sales and stock are not copied: what is counted "
            "begins at 0."
        ),
        "success",
    )
    return go(url_for("admin.edit_product", slug=made_slug))


@admin.get("/products/<slug>/deletion")
@owner_only
def ask_to_delete_product(slug: str) -> Response:
    """Ask before a draft is deleted."""
    product = editing.get_for_owner(slug)
    return ask(
        gettext("Delete %(title)s?", title=product.title),
        gettext("The draft, its pictures and its files will be gone for good."),
        action=url_for("admin.delete_product", slug=product.slug),
        button=gettext("Delete %(title)s", title=product.title),
        back=url_for("admin.edit_product", slug=product.slug),
    )


@admin.post("/products/<slug>/deletion")
@owner_only
def delete_product(slug: str) -> BaseResponse:
    """Delete a draft that was never ordered."""
    with unit_of_work():
        publishing.delete_draft(editing.lock(slug))
    flash(gettext("The draft is deleted."), "success")
    return go(url_for("admin.list_products"))


def render_list(
    asked: Mapping[str, str],
    *,
    bulk_form: BulkForm | None = None,
    chosen: Collection[str] = (),
    refusal: str = "",
    status: int = 200,
) -> Response:
    """Return the list of products that a query asks for, or a form on it that something is wrong with."""
    words, state, sort = words_in(asked), state_in(asked), _sort_in(asked)
    return render_page(
        "admin/products/list.html",
        fragment="admin/products/_list.html",
        status=status,
        listing=queries.list_products(words, state, asked.get("before"), sort),
        counts=queries.count_products(words),
        words=words,
        state=state,
        sort=sort,
        states=list(ProductState),
        most_counted=queries.MOST_COUNTED,
        before=asked.get("before"),
        bulk_form=bulk_form or BulkForm(None, currency(), all_categories()),
        most_together=bulk.MOST_PRODUCTS,
        chosen=chosen,
        are_all_chosen=asked.get("select") == "page",
        refusal=refusal,
    )


def state_in(asked: Mapping[str, str]) -> ProductState | None:
    """Return the state that a query or form asks for."""
    word = asked.get("state_shown" if "state_shown" in asked else "state", "")
    return ProductState(word) if word in list(ProductState) else None


def _sort_in(asked: Mapping[str, str]) -> queries.ProductSort:
    word = asked.get("sort", "")
    return queries.ProductSort(word) if word in list(queries.ProductSort) else queries.ProductSort.NEWEST


def page_of(product: Product, tab: str) -> dict[str, Any]:
    """Return what the head and the side of every page about a product show."""
    return {
        "product": product,
        "tab": tab,
        "missing": publishing.what_is_missing(product),
        "preview_path": url_for("catalog.preview_product", token=product.preview_token),
    }


def _say_autosave(sentence: str, version: int | None = None) -> Response:
    return fragment("admin/products/_autosave.html", sentence=sentence, version=version)


def _save(product: Product, form: ProductForm) -> str:
    version = form.version.data or ""
    editing.save(product, form.wanted(), int(version) if re.fullmatch("[0-9]{1,9}", version) else 0)
    return product.slug


def _render_new(form: NewProductForm, status: int = 200) -> Response:
    return render_page("admin/products/new.html", form=form, currency=currency(), status=status)


def _render_edit(
    product: Product,
    form: ProductForm,
    *,
    status: int = 200,
    previewed: str = "",
    asked_to_publish: bool = False,
) -> Response:
    return render_page(
        "admin/products/edit.html",
        form=form,
        previewed=previewed,
        asked_to_publish=asked_to_publish,
        status=status,
        **page_of(product, "details"),
    )


def _product_url(slug: str) -> str:
    return url_for("admin.edit_product", slug=slug)
