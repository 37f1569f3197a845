"""Versions of a file that buyers download, and how often they have."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import VersionForm
from storefront.admin.views.products import page_of
from storefront.catalog.models import Content, Product
from storefront.catalog.service import contents, editing, versions
from storefront.core.db import get_or_404, unit_of_work
from storefront.core.errors import NotFound
from storefront.fulfilment import downloads
from storefront.fulfilment.models import Entitlement
from storefront.journal import service as journal
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/products/<slug>/contents/<content_id>/versions/<version_id>")
@owner_only
def edit_version(slug: str, version_id: str, content_id: str) -> Response:
    """Show what is said about a version, to be changed."""
    product, content = _get(slug, content_id)
    version = versions.get_version(content, version_id)
    form = VersionForm(data={"name": version.name, "notes": version.notes})
    return _render(product, content, version_id, form)


@admin.post("/products/<slug>/contents/<content_id>/versions/<version_id>")
@owner_only
def save_version(slug: str, version_id: str, content_id: str) -> BaseResponse:
    """Save what is said about a version."""
    product, content = _get(slug, content_id)
    form = VersionForm()
    if not form.validate_on_submit():
        return _render(product, content, version_id, form, status=422)
    change_product(
        slug,
        lambda locked: versions.edit_version(locked, versions.get_version(content, version_id), form.news),
    )
    flash(gettext("Saved."), "success")
    return go(_content_url(slug, content_id))


@admin.get("/products/<slug>/contents/<content_id>/versions/<version_id>/file")
@owner_only
def open_version(slug: str, content_id: str, version_id: str) -> BaseResponse:
    """Give the owner the file of a version."""
    _product, content = _get(slug, content_id)
    return go(storage.signed_url(versions.get_version(content, version_id).file))


@admin.post("/products/<slug>/contents/<content_id>/versions/<version_id>/withdrawal")
@owner_only
def withdraw_version(slug: str, content_id: str, version_id: str) -> BaseResponse:
    """Take a version away from buyers, or let them have it again when ``back`` is sent."""
    work = versions.give_back if "back" in request.form else versions.withdraw

    def change(product: Product) -> None:
        content = contents.get_content(product.id, content_id)
        work(product, content, versions.get_version(content, version_id))

    change_product(slug, change)
    flash(gettext("Done."), "success")
    return go(_content_url(slug, content_id))


@admin.post("/products/<slug>/contents/<content_id>/versions/<version_id>/news")
@owner_only
def tell_about_version(slug: str, content_id: str, version_id: str) -> BaseResponse:
    """Write to everybody who has the product that there is a new version."""

    def tell(product: Product) -> bool:
        content = contents.get_content(product.id, content_id)
        return versions.tell_buyers(product, content, versions.get_version(content, version_id))

    is_first = change_product(slug, tell)
    words = gettext("The mails are on their way.") if is_first else gettext("They were told before.")
    flash(words, "success")
    return go(_content_url(slug, content_id))


@admin.get("/products/<slug>/contents/<content_id>/downloads")
@owner_only
def list_downloads(slug: str, content_id: str) -> Response:
    """Show who has downloaded a file with a limit how often."""
    product, content = _get(slug, content_id)
    return render_page(
        "admin/products/downloads.html",
        content=content,
        uses=downloads.uses_of(content),
        **page_of(product, "contents"),
    )


@admin.post("/products/<slug>/contents/<content_id>/downloads/<entitlement_id>")
@owner_only
def reset_downloads(slug: str, content_id: str, entitlement_id: str) -> BaseResponse:
    """Let a buyer download a file as often as at first."""
    product, content = _get(slug, content_id)
    with unit_of_work():
        entitlement = get_or_404(
            Entitlement, Entitlement.public_id == entitlement_id, Entitlement.product_id == product.id
        )
        downloads.reset(entitlement.id, content.id)
        journal.write(editing.topic_of(product), "downloads.reset", title=content.title)
    flash(gettext("The count begins anew."), "success")
    return go(url_for("admin.list_downloads", slug=slug, content_id=content_id))


def _get(slug: str, content_id: str) -> tuple[Product, Content]:
    product = editing.get_for_owner(slug)
    content = contents.get_content(product.id, content_id)
    if content.file is None:
        raise NotFound
    return product, content


def _content_url(slug: str, content_id: str) -> str:
    return url_for("admin.edit_content", slug=slug, content_id=content_id)


def _render(
    product: Product, content: Content, version_id: str, form: VersionForm, *, status: int = 200
) -> Response:
    return render_page(
        "admin/products/version.html",
        content=content,
        version=versions.get_version(content, version_id),
        form=form,
        status=status,
        **page_of(product, "contents"),
    )
