"""How the shop deals with tax."""

from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.taxes import TaxForm, tax_form
from storefront.journal.service import write as journal
from storefront.shop import service as shop
from storefront.taxes import service as taxes
from storefront.taxes.countries import RATES_AS_OF
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/taxes")
@owner_only
def edit_taxes() -> Response:
    """Show the switch and the table of rates."""
    return _render(_form())


@admin.post("/taxes")
@owner_only
def save_taxes() -> BaseResponse:
    """Save both."""
    form = _form(request.form)
    if not form.validate():
        return _render(form, status=422)
    change_catalogue(lambda: _save(form))
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_taxes"))


@admin.post("/taxes/standard-rates")
@owner_only
def offer_standard_rates() -> BaseResponse:
    """Fill the table with standard rates where it says nothing."""
    change_catalogue(taxes.offer_standard_rates)
    flash(gettext("The standard rates are in the table. Please look whether they still count."), "success")
    return go(url_for("admin.edit_taxes"))


def _form(sent: Any = None) -> TaxForm:
    return tax_form(shop.tax_facts(), taxes.list_rates(), sent)


def _save(form: TaxForm) -> None:
    """Pages say whether prices include the tax, so they are made anew."""
    changed = shop.save_tax_facts(form.mode.data, form.country.data, is_included=bool(form.is_included.data))
    if changed:
        journal(taxes.TOPIC, "taxes.saved", changed=changed)
    taxes.save_rates(form.wanted_rates())


def _render(form: TaxForm, *, status: int = 200) -> Response:
    return render_page("admin/taxes/edit.html", form=form, rates_as_of=RATES_AS_OF, status=status)
