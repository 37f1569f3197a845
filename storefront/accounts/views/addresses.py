"""The address book: where somebody has things sent."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import book, sessions
from storefront.accounts.address_forms import AddressForm, address_form
from storefront.accounts.models import SavedAddress
from storefront.accounts.places import COUNTRIES, envelope_of
from storefront.accounts.views import blueprint
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.web.access import customer_only
from storefront.web.pages import go, render_page


@blueprint.get("/addresses")
@customer_only
def list_addresses() -> Response:
    """Show the addresses of the account, the default first."""
    return render_page(
        "accounts/addresses.html", addresses=book.addresses_of(_my_id()), envelope_of=envelope_of
    )


@blueprint.get("/addresses/new")
@customer_only
def new_address() -> Response:
    """Ask for an address; the fields follow the country in the address of the page."""
    return _form_page(address_form({"country": _country_asked()}), None)


@blueprint.post("/addresses/new")
@customer_only
def add_address() -> BaseResponse:
    """Save another address."""
    form = AddressForm()
    if "show" in request.values:
        return _form_page(form, None)
    if not form.validate():
        return _form_page(form, None, status=422)
    with unit_of_work():
        book.keep(_my_id(), form.address)
    flash(gettext("Saved."), "success")
    return go(url_for("accounts.list_addresses"))


@blueprint.get("/addresses/<address_id>")
@customer_only
def edit_address(address_id: str) -> Response:
    """Show an address, to be changed."""
    saved = book.get_address(_my_id(), address_id)
    return _form_page(address_form(saved.address), saved)


@blueprint.post("/addresses/<address_id>")
@customer_only
def save_address(address_id: str) -> BaseResponse:
    """Save an address."""
    form = AddressForm()
    saved = book.get_address(_my_id(), address_id)
    if "show" in request.values:
        return _form_page(form, saved)
    if not form.validate():
        return _form_page(form, saved, status=422)
    with unit_of_work():
        book.change(book.get_address(_my_id(), address_id, for_update=True), form.address)
    flash(gettext("Saved."), "success")
    return go(url_for("accounts.list_addresses"))


@blueprint.post("/addresses/<address_id>/default")
@customer_only
def make_default_address(address_id: str) -> BaseResponse:
    """Begin checkouts with this address from now on."""
    with unit_of_work():
        book.make_default(book.get_address(_my_id(), address_id, for_update=True))
    flash(gettext("This is your usual address now."), "success")
    return go(url_for("accounts.list_addresses"))


@blueprint.post("/addresses/<address_id>/removal")
@customer_only
def remove_address(address_id: str) -> BaseResponse:
    """Remove an address; orders keep theirs."""
    with unit_of_work():
        book.remove(book.get_address(_my_id(), address_id, for_update=True))
    flash(gettext("The address is removed."), "success")
    return go(url_for("accounts.list_addresses"))


def _my_id() -> int:
    account = sessions.current_account()
    if account is None:
        raise NotFound
    return account.id


def _country_asked() -> str:
    code = request.args.get("country", "")[:2].upper()
    return code if code in COUNTRIES else ""


def _form_page(form: AddressForm, saved: SavedAddress | None, *, status: int = 200) -> Response:
    return render_page(
        "accounts/address.html",
        fragment="accounts/_address_form.html",
        form=form,
        saved=saved,
        status=status,
    )
