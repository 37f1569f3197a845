"""For how long buyers may use a product, and from when."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.access import AccessForm, access_form
from storefront.admin.views.products import page_of
from storefront.catalog.models import Product
from storefront.catalog.service import editing
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.windows import set_windows
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/products/<slug>/access")
@owner_only
def edit_access(slug: str) -> Response:
    """Show how long buyers may use the product."""
    product = editing.get_for_owner(slug)
    return _render(product, access_form(product))


@admin.post("/products/<slug>/access")
@owner_only
def save_access(slug: str) -> BaseResponse:
    """Save how long buyers from now on may use it, and from when."""
    product = editing.get_for_owner(slug)
    form = access_form(product, request.form)
    if not form.validate():
        return _render(product, form, status=422)
    try:
        change_product(slug, lambda locked: _save(locked, form))
    except InvalidField as error:
        form.refuse(error)
        return _render(product, form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_access", slug=slug))


def _save(product: Product, form: AccessForm) -> None:
    set_windows(product, form.own.form.window, form.opens_at.moment, form.wanted(product))


def _render(product: Product, form: AccessForm, status: int = 200) -> Response:
    return render_page(
        "admin/products/access.html",
        form=form,
        rows=list(form.rows(product)),
        status=status,
        **page_of(product, "contents"),
    )
