"""Pictures of a product: add, describe, put in order, remove."""

from functools import partial
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import PictureForm, picture_form, picture_state
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    choose_between,
    refusal_of,
    sent_files,
    wanted_order,
)
from storefront.admin.views.products import page_of
from storefront.catalog import pictures
from storefront.catalog.models import Picture, Product
from storefront.catalog.queries import pictures_of
from storefront.catalog.service import editing
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import SavedMeanwhile
from storefront.catalog.service.ordering import reordered
from storefront.catalog.service.texts import merged
from storefront.catalog.showing import axes_of_pictures
from storefront.core.errors import N_, Refused, ShopError
from storefront.journal import service as journal
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment

MOST_PICTURES = 30


@admin.get("/products/<slug>/pictures")
@owner_only
def edit_pictures(slug: str) -> Response:
    """Show the pictures of a product."""
    return _render(editing.get_for_owner(slug))


@admin.post("/products/<slug>/pictures")
@owner_only
def add_pictures(slug: str) -> BaseResponse:
    """Take pictures from the owner's disk."""
    editing.get_for_owner(slug)
    try:
        for sent in sent_files():
            encoded = pictures.keep_picture(sent.stream)
            change_product(slug, partial(_add, encoded=encoded))
    except ShopError as error:
        return _render(editing.get_for_owner(slug), refusal=refusal_of(error), status=error.status)
    return answer_upload(url_for("admin.edit_pictures", slug=slug))


@admin.post("/products/<slug>/pictures/order")
@owner_only
def order_pictures(slug: str) -> BaseResponse:
    """Put the pictures in order; the first is the cover."""
    wanted, step = wanted_order()
    change_product(slug, lambda product: _order(product, wanted, step))
    if wants_fragment():
        return announce(_render(editing.get_for_owner(slug)), gettext("Moved."))
    return go(url_for("admin.edit_pictures", slug=slug))


@admin.get("/products/<slug>/pictures/<name>")
@owner_only
def edit_picture(slug: str, name: str) -> Response:
    """Show one picture and what is said about it."""
    product = editing.get_for_owner(slug)
    picture = pictures.get_picture(product.id, name)
    return _render_one(product, picture, _form(product, picture))


@admin.post("/products/<slug>/pictures/<name>")
@owner_only
def save_picture(slug: str, name: str) -> BaseResponse:
    """Save what is said about a picture."""
    product = editing.get_for_owner(slug)
    picture = pictures.get_picture(product.id, name)
    form = _form(product, picture, request.form)
    if not form.validate():
        return _render_one(product, picture, form, status=422)
    try:
        change_product(slug, lambda locked: _describe(locked, name, form))
    except SavedMeanwhile:
        picture = pictures.get_picture(product.id, name)
        return choose_between(form, _form(product, picture), product.title)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_pictures", slug=slug))


@admin.get("/products/<slug>/pictures/<name>/removal")
@owner_only
def ask_to_remove_picture(slug: str, name: str) -> Response:
    """Ask before a picture is deleted."""
    product = editing.get_for_owner(slug)
    picture = pictures.get_picture(product.id, name)
    return ask(
        gettext("Remove this picture?"),
        picture.alt or gettext("It will be gone for good."),
        action=url_for("admin.remove_picture", slug=slug, name=name),
        button=gettext("Remove the picture"),
        back=url_for("admin.edit_pictures", slug=slug),
        picture=pictures.picture_view(picture),
    )


@admin.post("/products/<slug>/pictures/<name>/removal")
@owner_only
def remove_picture(slug: str, name: str) -> BaseResponse:
    """Delete a picture."""
    change_product(slug, lambda product: _remove(product, name))
    flash(gettext("The picture is removed."), "success")
    return go(url_for("admin.edit_pictures", slug=slug))


def _add(product: Product, encoded: pictures.EncodedPicture) -> None:
    if len(pictures_of(product.id)) >= MOST_PICTURES:
        raise Refused(N_("A product can have up to %(most)s pictures."), most=MOST_PICTURES)
    pictures.add_picture(product.id, encoded)
    journal.write(topic_of(product), "picture.added")


def _order(product: Product, wanted: list[str], step: str | None) -> None:
    names = [pictures.picture_name(picture) for picture in pictures_of(product.id)]
    after = reordered(names, wanted, step)
    if after != names:
        pictures.order_pictures(product.id, after)
        journal.write(topic_of(product), "picture.moved")


def _describe(product: Product, name: str, form: PictureForm) -> None:
    picture = pictures.get_picture(product.id, name)
    form.require(picture_state(picture))
    picture.alt = form.alt.data
    picture.translations = merged(picture.translations, form.translations)
    picture.shows = form.shows
    journal.write(topic_of(product), "picture.described")


def _remove(product: Product, name: str) -> None:
    pictures.remove_picture(pictures.get_picture(product.id, name))
    journal.write(topic_of(product), "picture.removed")


def _form(product: Product, picture: Picture, sent: Any = None) -> PictureForm:
    offered = [variant for variant in product.variants if variant.archived_at is None]
    return picture_form(picture, axes_of_pictures(product.option_names, offered), sent)


def _render(product: Product, refusal: str = "", status: int = 200) -> Response:
    return render_page(
        "admin/products/pictures.html",
        fragment="admin/products/_pictures.html",
        pictures=[
            (pictures.picture_name(picture), pictures.picture_view(picture), picture)
            for picture in pictures_of(product.id)
        ],
        max_bytes=pictures.MAX_BYTES,
        refusal=refusal,
        status=status,
        **page_of(product, "pictures"),
    )


def _render_one(product: Product, picture: Picture, form: PictureForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/products/picture.html",
        form=form,
        name=pictures.picture_name(picture),
        picture=pictures.picture_view(picture),
        status=status,
        **page_of(product, "pictures"),
    )
