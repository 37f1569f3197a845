"""The shelves of the shop."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.categories import CategoryForm, category_form, category_state
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    ask_to_take_picture,
    choose_between,
    preview_of,
    previewed_name,
    refusal_of,
    sent_files,
    wanted_order,
)
from storefront.catalog.models import Category
from storefront.catalog.pictures import MAX_BYTES, cover_view
from storefront.catalog.queries import list_categories as all_categories
from storefront.catalog.service import categories, shelf_pictures
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core.errors import ShopError
from storefront.search.service import index_product
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment


@admin.get("/categories")
@owner_only
def list_categories() -> Response:
    """Show the categories as a tree."""
    tree = all_categories()
    return render_page(
        "admin/categories/list.html",
        fragment="admin/categories/_list.html",
        categories=tree,
        deep=categories.levels(tree),
        counts=categories.product_counts(),
    )


@admin.get("/categories/new")
@owner_only
def new_category() -> Response:
    """Ask for a new category."""
    return _render(None, category_form(all_categories(), None))


@admin.post("/categories/new")
@owner_only
def create_category() -> BaseResponse:
    """Add a category."""
    form = category_form(all_categories(), None, request.form)
    if not form.validate():
        return _render(None, form, status=422)
    try:
        change_catalogue(lambda: categories.create(form.wanted()))
    except InvalidField as error:
        form.refuse(error)
        return _render(None, form, status=422)
    flash(gettext("Added."), "success")
    return go(url_for("admin.list_categories"))


@admin.post("/categories/order")
@owner_only
def order_categories() -> BaseResponse:
    """Put the categories in order."""
    wanted, step = wanted_order()
    change_catalogue(lambda: categories.move(wanted, step))
    if wants_fragment():
        return announce(list_categories(), gettext("Moved."))
    return go(url_for("admin.list_categories"))


@admin.get("/categories/<slug>")
@owner_only
def edit_category(slug: str) -> Response:
    """Show a category, to be changed."""
    category = categories.get(slug)
    return _render(category, category_form(all_categories(), category))


@admin.post("/categories/<slug>")
@owner_only
def save_category(slug: str) -> BaseResponse:
    """Save a category."""
    category = categories.get(slug)
    form = category_form(all_categories(), category, request.form)
    if not form.validate():
        return _render(category, form, status=422)
    try:
        change_catalogue(lambda: _save(slug, form))
    except SavedMeanwhile:
        category = categories.get(slug)
        return choose_between(form, category_form(all_categories(), category), category.name)
    except InvalidField as error:
        form.refuse(error)
        return _render(categories.get(slug), form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.list_categories"))


@admin.post("/categories/<slug>/picture")
@owner_only
def put_category_picture(slug: str) -> BaseResponse:
    """Take a picture from the owner's disk instead of the one before."""
    category = categories.get(slug)
    try:
        encoded = shelf_pictures.keep(sent_files()[0].stream)
        change_catalogue(lambda: categories.put_picture(categories.get(slug), encoded))
    except ShopError as error:
        form = category_form(all_categories(), category)
        return _render(category, form, refusal=refusal_of(error), status=error.status)
    return answer_upload(url_for("admin.edit_category", slug=slug))


@admin.get("/categories/<slug>/picture/removal")
@owner_only
def ask_to_take_category_picture(slug: str) -> Response:
    """Ask before the picture is deleted."""
    category = categories.get(slug)
    return ask_to_take_picture(
        category.picture,
        action=url_for("admin.take_category_picture", slug=slug),
        back=url_for("admin.edit_category", slug=slug),
    )


@admin.post("/categories/<slug>/picture/removal")
@owner_only
def take_category_picture(slug: str) -> BaseResponse:
    """Delete the picture."""
    change_catalogue(lambda: categories.take_picture(categories.get(slug)))
    flash(gettext("The picture is removed."), "success")
    return go(url_for("admin.edit_category", slug=slug))


@admin.post("/categories/<slug>/form")
@owner_only
def redraw_category(slug: str) -> Response:
    """Show how a text will look; nothing is saved."""
    category = categories.get(slug)
    form = category_form(all_categories(), category, request.form)
    return preview_of(form) or _render(category, form, previewed=previewed_name())


@admin.get("/categories/<slug>/removal")
@owner_only
def ask_to_remove_category(slug: str) -> Response:
    """Ask before a category is deleted."""
    category = categories.get(slug)
    return ask(
        gettext("Delete the category %(name)s?", name=category.name),
        gettext("Links to it will no longer lead anywhere. No product is deleted."),
        action=url_for("admin.remove_category", slug=slug),
        button=gettext("Delete %(title)s", title=category.name),
        back=url_for("admin.list_categories"),
    )


@admin.post("/categories/<slug>/removal")
@owner_only
def remove_category(slug: str) -> BaseResponse:
    """Delete an empty category, or say what is in it."""
    try:
        change_catalogue(lambda: categories.remove(categories.get(slug)))
    except categories.NotEmpty as refusal:
        flash(gettext(refusal.sentence, **refusal.values), "error")
        return go(url_for("admin.list_categories"))
    flash(gettext("The category is deleted."), "success")
    return go(url_for("admin.list_categories"))


def _save(slug: str, form: CategoryForm) -> None:
    """Its products are found by the name of the category, so they are indexed again."""
    category = categories.get(slug)
    form.require(category_state(category))
    categories.save(category, form.wanted())
    for product_id in categories.products_of(category):
        index_product(product_id)


def _render(
    category: Category | None,
    form: CategoryForm,
    *,
    status: int = 200,
    refusal: str = "",
    previewed: str = "",
) -> Response:
    return render_page(
        "admin/categories/edit.html",
        category=category,
        form=form,
        picture=cover_view(category.picture) if category and category.picture else None,
        max_bytes=MAX_BYTES,
        refusal=refusal,
        previewed=previewed,
        status=status,
    )
