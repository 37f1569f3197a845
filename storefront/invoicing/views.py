"""Documents, for whoever knows their address, and the way to put a company on one later."""

from flask import Blueprint, Response, flash, make_response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core import db
from storefront.core.errors import NotFound, Refused
from storefront.invoicing import service
from storefront.invoicing.sheets import sheet_of
from storefront.orders import queries as orders
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import PaymentState
from storefront.taxes.billing import Billing
from storefront.taxes.vat_ids import normalise
from storefront.web.access import public
from storefront.web.countries import COUNTRIES
from storefront.web.pages import go, render_page
from storefront.web.setup import settings

invoicing = Blueprint("invoicing", __name__)

_FIELDS = {"name": 200, "address": 400, "country": 2, "vat_id": 40}


@invoicing.get("/invoices/<public_id>")
@public
def show(public_id: str) -> Response:
    """Show a document, ready to be printed."""
    document = service.get_document(public_id)
    order = orders.get_order(document.order_id)
    return render_page("invoicing/show.html", document=document, sheet=sheet_of(document), order=order)


@invoicing.get("/invoices/<public_id>/pdf")
@public
def download(public_id: str) -> Response:
    """Give the document as PDF."""
    from storefront.invoicing.pdf import pdf_of  # with its fonts 25 MB that most processes never need

    document = service.get_document(public_id)
    response = make_response(pdf_of(sheet_of(document), document.issued_at, settings().var_dir / "fonts"))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@invoicing.get("/orders/<public_id>/invoice")
@public
def of_order(public_id: str) -> BaseResponse:
    """Lead to the invoice of an order that counts now."""
    order = _paid_order(public_id)
    invoice = service.standing_invoice(order.id)
    if invoice is None:
        flash(gettext("The invoice is not there yet. Please look again in a minute."), "info")
        return go(url_for("orders.show", public_id=public_id))
    return go(url_for("invoicing.show", public_id=invoice.public_id))


@invoicing.get("/orders/<public_id>/invoice/details")
@public
def details(public_id: str) -> Response:
    """Ask which company and VAT id shall stand on the invoice."""
    order = _paid_order(public_id)
    return _render(order, _named_on(order), {})


@invoicing.post("/orders/<public_id>/invoice/details")
@public
def save_details(public_id: str) -> BaseResponse:
    """Make the invoice anew with them."""
    order = _paid_order(public_id)
    said = {name: _plain(request.form.get(name, ""))[:longest] for name, longest in _FIELDS.items()}
    errors = _mistakes(said)
    if errors:
        return _render(order, said, errors, status=422)
    try:
        with db.unit_of_work():
            _correct(moving.lock(order.id), said)
    except Refused as refusal:
        flash(gettext(refusal.sentence, **refusal.values), "warning")
        return go(url_for("orders.show", public_id=public_id))
    flash(gettext("The invoice was made anew."), "success")
    return go(url_for("invoicing.of_order", public_id=public_id))


def _correct(order: Order, said: dict[str, str]) -> None:
    """Whoever is early changes the details before there is an invoice."""
    if service.standing_invoice(order.id) is None:
        before = Billing.read(order.billing)
        order.billing = Billing(said["country"], said["name"], said["address"], said["vat_id"]).kept()
        if before.kept() != order.billing and service.make_invoice(order) is None:
            raise service.NoInvoice
        return
    service.correct_buyer(order, {**said, "email": order.email})


def _named_on(order: Order) -> dict[str, str]:
    invoice = service.standing_invoice(order.id)
    return dict(invoice.snapshot["buyer"]) if invoice else service.buyer_of(order)


def _mistakes(said: dict[str, str]) -> dict[str, str]:
    """Return what is wrong by field; a VAT id is put into its one spelling."""
    errors: dict[str, str] = {}
    if not said["name"]:
        errors["name"] = gettext("Please say who shall stand on the invoice.")
    if said["country"] and said["country"] not in COUNTRIES:
        errors["country"] = gettext("Please choose a country.")
    if said["vat_id"] and not said["country"]:
        errors["country"] = gettext("Please choose the country of your VAT id.")
    elif said["vat_id"]:
        vat_id = normalise(said["vat_id"], said["country"])
        if vat_id is None:
            errors["vat_id"] = gettext(
                "This is no VAT id of that country. Please check it, or leave the field empty."
            )
        said["vat_id"] = vat_id or said["vat_id"]
    return errors


def _paid_order(public_id: str) -> Order:
    order = orders.find_by_public_id(public_id)
    if order is None or order.payment_state in (PaymentState.UNPAID, PaymentState.PROCESSING):
        raise NotFound
    return order


def _plain(text: str) -> str:
    kept = (sign for sign in text.replace("\r\n", "\n") if sign == "\n" or sign.isprintable())
    return "".join(kept).strip()


def _render(order: Order, said: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    return render_page("invoicing/details.html", order=order, said=said, errors=errors, status=status)
