"""Who sells and how invoices are numbered, all documents, and the invoice of an order that has none yet."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.invoicing import InvoicingForm
from storefront.core import db
from storefront.invoicing import service
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

_TEXTS = ("seller_name", "seller_address", "vat_id", "tax_number", "note", "prefix", "credit_prefix")
_PAGE = 50


@admin.get("/invoicing")
@owner_only
def edit_invoicing() -> Response:
    """Show the head of the documents, and the newest of them."""
    return _render(InvoicingForm(None, obj=service.get_settings()))


@admin.post("/invoicing")
@owner_only
def save_invoicing() -> BaseResponse:
    """Save the head; documents that are made already stay as they are."""
    form = InvoicingForm(request.form)
    if not form.validate():
        return _render(form, status=422)
    with db.unit_of_work():
        texts = {name: form[name].data or "" for name in _TEXTS}
        service.save_settings(**texts, has_year=bool(form.has_year.data))
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_invoicing"))


@admin.post("/orders/<number>/invoice")
@owner_only
def make_invoice(number: str) -> BaseResponse:
    """Make the invoice of an order that was paid before the owner had said who sells."""
    found = db.get_or_404(Order, Order.number == number)
    with db.unit_of_work():
        made = service.make_invoice(moving.lock(found.id))
    if made is None:
        flash(gettext("There is nothing to invoice, or your name and address are missing."), "warning")
        return go(url_for("admin.edit_invoicing"))
    return go(url_for("admin.show_order", number=number))


def _render(form: InvoicingForm, *, status: int = 200) -> Response:
    before = request.args.get("before", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    documents = service.latest_documents(before_id, _PAGE + 1)
    return render_page(
        "admin/invoicing/edit.html",
        form=form,
        is_complete=service.get_settings().is_complete,
        documents=documents[:_PAGE],
        next_before=documents[_PAGE - 1][0].id if len(documents) > _PAGE else None,
        status=status,
    )
