"""Samples of a product: add, name, put in order, remove."""

from contextlib import closing
from functools import partial
from typing import Any, BinaryIO

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import SampleForm, sample_form, sample_state
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    choose_between,
    most_bytes,
    refusal_of,
    sent_files,
    wanted_order,
)
from storefront.admin.views.products import page_of
from storefront.catalog.models import Content, Product, Sample
from storefront.catalog.service import contents, editing, samples
from storefront.catalog.service.mistakes import SavedMeanwhile
from storefront.core.errors import NotFound, ShopError
from storefront.media.playing_time import Film, film_of
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment


@admin.get("/products/<slug>/samples")
@owner_only
def edit_samples(slug: str) -> Response:
    """Show what strangers may see of a product."""
    return _render(editing.get_for_owner(slug))


@admin.post("/products/<slug>/samples")
@owner_only
def add_samples(slug: str) -> BaseResponse:
    """Take samples from the owner's disk."""
    editing.get_for_owner(slug)
    try:
        for sent in sent_files():
            _take(slug, sent.stream, sent.filename, film_of(sent.stream))
    except ShopError as error:
        return _render(editing.get_for_owner(slug), refusal=refusal_of(error), status=error.status)
    return answer_upload(_url(slug))


@admin.post("/products/<slug>/samples/copies")
@owner_only
def copy_to_samples(slug: str) -> BaseResponse:
    """Make a sample of a file that buyers get: a copy, so that the one for buyers keeps its own address."""
    product = editing.get_for_owner(slug)
    content = contents.get_content(product.id, request.form.get("content", ""))
    if content.file is None:
        raise NotFound
    try:
        with closing(storage.open_stored(content.file)) as stream:
            _take(slug, stream, content.file.filename, film_of(stream) if stream.seekable() else Film())
    except ShopError as error:
        return _render(product, refusal=refusal_of(error), status=error.status)
    flash(gettext("Everybody can have the whole file now."), "success")
    return go(_url(slug))


@admin.post("/products/<slug>/samples/order")
@owner_only
def order_samples(slug: str) -> BaseResponse:
    """Put the samples in order."""
    wanted, step = wanted_order()
    change_product(slug, lambda product: samples.move_samples(product, wanted, step))
    if wants_fragment():
        return announce(_render(editing.get_for_owner(slug)), gettext("Moved."))
    return go(_url(slug))


@admin.get("/products/<slug>/samples/<sample_id>")
@owner_only
def edit_sample(slug: str, sample_id: str) -> Response:
    """Show one sample and what it is called."""
    product, sample = _get(slug, sample_id)
    return _render_one(product, sample, sample_form(sample))


@admin.post("/products/<slug>/samples/<sample_id>")
@owner_only
def save_sample(slug: str, sample_id: str) -> BaseResponse:
    """Save what a sample is called."""
    product, sample = _get(slug, sample_id)
    form = sample_form(sample, request.form)
    if not form.validate():
        return _render_one(product, sample, form, status=422)
    try:
        change_product(slug, lambda locked: _rename(locked, sample_id, form))
    except SavedMeanwhile:
        product, sample = _get(slug, sample_id)
        return choose_between(form, sample_form(sample), sample.title)
    flash(gettext("Saved."), "success")
    return go(_url(slug))


@admin.get("/products/<slug>/samples/<sample_id>/removal")
@owner_only
def ask_to_remove_sample(slug: str, sample_id: str) -> Response:
    """Ask before a sample is deleted."""
    _product, sample = _get(slug, sample_id)
    return ask(
        gettext("Remove %(title)s?", title=sample.title),
        gettext("Nobody will see this sample any more. What buyers get stays as it is."),
        action=url_for("admin.remove_sample", slug=slug, sample_id=sample_id),
        button=gettext("Remove %(title)s", title=sample.title),
        back=_url(slug),
    )


@admin.post("/products/<slug>/samples/<sample_id>/removal")
@owner_only
def remove_sample(slug: str, sample_id: str) -> BaseResponse:
    """Delete a sample."""
    change_product(
        slug, lambda product: samples.remove_sample(product, samples.get_sample(product.id, sample_id))
    )
    flash(gettext("It is removed."), "success")
    return go(_url(slug))


def _take(slug: str, stream: BinaryIO, filename: str, film: Film) -> None:
    upload = storage.upload(stream, filename, prefix=samples.PREFIX)
    samples.check_kind(upload)
    change_product(slug, partial(samples.add_sample, upload=upload, film=film))


def _rename(product: Product, sample_id: str, form: SampleForm) -> None:
    sample = samples.get_sample(product.id, sample_id)
    form.require(sample_state(sample))
    samples.rename_sample(product, sample, form.title.data, form.translations)


def _get(slug: str, sample_id: str) -> tuple[Product, Sample]:
    product = editing.get_for_owner(slug)
    return product, samples.get_sample(product.id, sample_id)


def _url(slug: str) -> str:
    return url_for("admin.edit_samples", slug=slug)


def _render(product: Product, refusal: str = "", status: int = 200) -> Response:
    given = contents.list_contents(product.id)
    return render_page(
        "admin/products/samples.html",
        fragment="admin/products/_samples.html",
        samples=samples.list_samples(product.id),
        files=[content for content in given if content.file],
        lessons=_free_lessons(given),
        has_course=any(content.chapters for content in given),
        max_bytes=most_bytes(),
        refusal=refusal,
        status=status,
        **page_of(product, "samples"),
    )


def _free_lessons(given: list[Content]) -> list[Any]:
    return [
        lesson
        for content in given
        for chapter in content.chapters
        for lesson in chapter.lessons
        if lesson.is_preview
    ]


def _render_one(product: Product, sample: Sample, form: SampleForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/products/sample.html",
        form=form,
        sample=sample,
        status=status,
        **page_of(product, "samples"),
    )
