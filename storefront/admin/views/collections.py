"""Collections: make, describe, fill and put in order, publish, and choose for the home page."""

from collections.abc import Callable

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.collections import CollectionForm, collection_form, collection_state
from storefront.admin.queries import list_products
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
    words_asked,
)
from storefront.catalog.models import Collection
from storefront.catalog.pictures import MAX_BYTES, cover_view
from storefront.catalog.service import collections, shelf_pictures
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core.errors import Refused, ShopError
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment


@admin.get("/collections")
@owner_only
def list_collections() -> Response:
    """Show all collections, and those on the home page in their order."""
    return _render_list()


@admin.get("/collections/new")
@owner_only
def new_collection() -> Response:
    """Ask for a new collection."""
    return _render(None, collection_form(None))


@admin.post("/collections/new")
@owner_only
def create_collection() -> BaseResponse:
    """Add a collection and go on with its products."""
    form = collection_form(None, request.form)
    if not form.validate():
        return _render(None, form, status=422)
    try:
        slug = change_catalogue(lambda: collections.create(form.wanted()).slug)
    except InvalidField as error:
        form.refuse(error)
        return _render(None, form, status=422)
    flash(gettext("Here is your collection. Only you can see it until you publish it."), "success")
    return go(url_for("admin.edit_collection_products", slug=slug))


@admin.get("/collections/<slug>")
@owner_only
def edit_collection(slug: str) -> Response:
    """Show the words and the picture of a collection, to be changed."""
    collection = collections.get(slug)
    return _render(collection, collection_form(collection))


@admin.post("/collections/<slug>")
@owner_only
def save_collection(slug: str) -> BaseResponse:
    """Save a collection."""
    collection = collections.get(slug)
    form = collection_form(collection, request.form)
    if not form.validate():
        return _render(collection, form, status=422)
    try:
        new_slug = change_catalogue(lambda: _save(slug, form))
    except SavedMeanwhile:
        collection = collections.get(slug)
        return choose_between(form, collection_form(collection), collection.title)
    except InvalidField as error:
        form.refuse(error)
        return _render(collections.get(slug), form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_collection", slug=new_slug))


@admin.post("/collections/<slug>/form")
@owner_only
def redraw_collection(slug: str) -> Response:
    """Show how a text will look; nothing is saved."""
    collection = collections.get(slug)
    form = collection_form(collection, request.form)
    return preview_of(form) or _render(collection, form, previewed=previewed_name())


@admin.post("/collections/<slug>/publication")
@owner_only
def publish_collection(slug: str) -> BaseResponse:
    """Show it to customers."""
    _change(slug, collections.publish)
    flash(gettext("Published. Customers can see it now."), "success")
    return go(url_for("admin.edit_collection", slug=slug))


@admin.post("/collections/<slug>/draft")
@owner_only
def withdraw_collection(slug: str) -> BaseResponse:
    """Hide it from customers."""
    _change(slug, collections.withdraw)
    flash(gettext("Customers no longer see this collection. Its products stay in the shop."), "success")
    return go(url_for("admin.edit_collection", slug=slug))


@admin.post("/collections/<slug>/picture")
@owner_only
def put_collection_picture(slug: str) -> BaseResponse:
    """Take a picture from the owner's disk instead of the one before."""
    collection = collections.get(slug)
    try:
        encoded = shelf_pictures.keep(sent_files()[0].stream)
        _change(slug, lambda locked: collections.put_picture(locked, encoded))
    except ShopError as error:
        form = collection_form(collection)
        return _render(collection, form, refusal=refusal_of(error), status=error.status)
    return answer_upload(url_for("admin.edit_collection", slug=slug))


@admin.get("/collections/<slug>/picture/removal")
@owner_only
def ask_to_take_collection_picture(slug: str) -> Response:
    """Ask before the picture is deleted."""
    collection = collections.get(slug)
    return ask_to_take_picture(
        collection.picture,
        action=url_for("admin.take_collection_picture", slug=slug),
        back=url_for("admin.edit_collection", slug=slug),
    )


@admin.post("/collections/<slug>/picture/removal")
@owner_only
def take_collection_picture(slug: str) -> BaseResponse:
    """Delete the picture."""
    _change(slug, collections.take_picture)
    flash(gettext("The picture is removed."), "success")
    return go(url_for("admin.edit_collection", slug=slug))


@admin.get("/collections/<slug>/products")
@owner_only
def edit_collection_products(slug: str) -> Response:
    """Show the products of a collection, and those that could be added."""
    return _render_products(slug)


@admin.post("/collections/<slug>/entries")
@owner_only
def add_collection_product(slug: str) -> BaseResponse:
    """Put a product into the collection."""
    try:
        _change(slug, lambda locked: collections.add_product(locked, request.form.get("product", "")))
    except Refused as refusal:
        return _render_products(
            slug, refusal=gettext(refusal.sentence, **refusal.values), status=refusal.status
        )
    return _answer_products(slug, gettext("Added."))


@admin.post("/collections/<slug>/products/order")
@owner_only
def order_collection_products(slug: str) -> BaseResponse:
    """Put the products in order, or take out the one whose button was pressed."""
    wanted, step = wanted_order()
    dropped = request.form.get("drop")
    if dropped:
        _change(slug, lambda locked: collections.drop_product(locked, dropped))
        return _answer_products(slug, gettext("Taken out of the collection."))
    _change(slug, lambda locked: collections.order_products(locked, wanted, step))
    return _answer_products(slug, gettext("Moved."))


@admin.post("/home-collections")
@owner_only
def order_home_collections() -> BaseResponse:
    """Put the collections on the home page in order, or take off the one whose button was pressed."""
    wanted, step = wanted_order()
    dropped = request.form.get("drop")
    if dropped:
        _change(dropped, collections.take_from_home)
    else:
        change_catalogue(lambda: collections.order_home(wanted, step))
    return _answer_list(gettext("Taken off the home page.") if dropped else gettext("Moved."))


@admin.post("/collections/<slug>/home")
@owner_only
def put_collection_on_home(slug: str) -> BaseResponse:
    """Show the collection on the home page."""
    try:
        _change(slug, collections.put_on_home)
    except Refused as refusal:
        return _render_list(refusal=gettext(refusal.sentence, **refusal.values), status=refusal.status)
    return _answer_list(gettext("It stands on the home page now."))


@admin.get("/collections/<slug>/removal")
@owner_only
def ask_to_remove_collection(slug: str) -> Response:
    """Ask before a collection is deleted."""
    collection = collections.get(slug)
    return ask(
        gettext("Delete the collection %(name)s?", name=collection.title),
        gettext("Links to it will no longer lead anywhere. No product is deleted."),
        action=url_for("admin.remove_collection", slug=slug),
        button=gettext("Delete %(title)s", title=collection.title),
        back=url_for("admin.edit_collection", slug=slug),
    )


@admin.post("/collections/<slug>/removal")
@owner_only
def remove_collection(slug: str) -> BaseResponse:
    """Delete a collection."""
    _change(slug, collections.remove)
    flash(gettext("The collection is deleted."), "success")
    return go(url_for("admin.list_collections"))


def _change(slug: str, change: Callable[[Collection], None]) -> None:
    """Change a collection, kept from others until the end of the unit."""
    change_catalogue(lambda: change(collections.get(slug, for_update=True)))


def _save(slug: str, form: CollectionForm) -> str:
    collection = collections.get(slug, for_update=True)
    form.require(collection_state(collection))
    collections.save(collection, form.wanted())
    return collection.slug


def _answer_products(slug: str, sentence: str) -> BaseResponse:
    if wants_fragment():
        return announce(_render_products(slug), sentence)
    return go(url_for("admin.edit_collection_products", slug=slug, q=request.form.get("q") or None))


def _answer_list(sentence: str) -> BaseResponse:
    if wants_fragment():
        return announce(_render_list(), sentence)
    return go(url_for("admin.list_collections"))


def _render_list(refusal: str = "", status: int = 200) -> Response:
    every = collections.list_all()
    return render_page(
        "admin/collections/list.html",
        fragment="admin/collections/_list.html",
        collections=every,
        on_home=collections.on_home(every),
        counts=collections.product_counts(),
        refusal=refusal,
        status=status,
    )


def _render_products(slug: str, refusal: str = "", status: int = 200) -> Response:
    collection = collections.get(slug)
    words = words_asked() or request.form.get("q", "")[:100]
    return render_page(
        "admin/collections/products.html",
        fragment="admin/collections/_products.html",
        collection=collection,
        entries=collections.entries_of(collection),
        words=words,
        hits=list_products(words, None, None).rows if words else [],
        refusal=refusal,
        tab="products",
        status=status,
    )


def _render(
    collection: Collection | None,
    form: CollectionForm,
    *,
    status: int = 200,
    refusal: str = "",
    previewed: str = "",
) -> Response:
    return render_page(
        "admin/collections/edit.html",
        collection=collection,
        form=form,
        picture=cover_view(collection.picture) if collection and collection.picture else None,
        max_bytes=MAX_BYTES,
        refusal=refusal,
        previewed=previewed,
        tab="words",
        status=status,
    )
