"""Discount codes: list with use counts, make, change, end."""

from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.forms.codes import CodeForm, code_form, code_state
from storefront.admin.views.asking import choose_between
from storefront.catalog.queries import list_categories
from storefront.catalog.service import collections
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core import db
from storefront.promotions import queries, service
from storefront.promotions.models import DiscountCode
from storefront.promotions.queries import EVERYTHING
from storefront.shop.service import currency
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

_CODE = f"/codes/<int(max={HIGHEST_ID}):code_id>"


@admin.get("/codes")
@owner_only
def list_codes() -> Response:
    """Show all codes and how often each was used."""
    return render_page("admin/codes/list.html", codes=queries.list_codes())


@admin.get("/codes/new")
@owner_only
def new_code() -> Response:
    """Ask for a new code; one that nobody guesses is proposed."""
    form = _form(None)
    form.code.data = service.new_code()
    return _render(None, form)


@admin.post("/codes/new")
@owner_only
def create_code() -> BaseResponse:
    """Add a code."""
    form = _form(None, request.form)
    if not form.validate():
        return _render(None, form, status=422)
    try:
        with db.unit_of_work():
            service.create(form.wanted())
    except InvalidField as error:
        form.refuse(error)
        return _render(None, form, status=422)
    flash(gettext("The code counts from now on, or from its day."), "success")
    return go(url_for("admin.list_codes"))


@admin.get(_CODE)
@owner_only
def edit_code(code_id: int) -> Response:
    """Show a code, to be changed."""
    code = service.get(code_id)
    return _render(code, _form(code))


@admin.post(_CODE)
@owner_only
def save_code(code_id: int) -> BaseResponse:
    """Save a code."""
    code = service.get(code_id)
    form = _form(code, request.form)
    if not form.validate():
        return _render(code, form, status=422)
    try:
        with db.unit_of_work():
            held = service.get(code_id, for_update=True)
            form.require(code_state(held, queries.scope_names(code_id)))
            service.save(held, form.wanted())
    except SavedMeanwhile:
        now_saved = service.get(code_id)
        return choose_between(form, _form(now_saved), now_saved.code)
    except InvalidField as error:
        form.refuse(error)
        return _render(service.get(code_id), form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_code", code_id=code_id))


@admin.post(f"{_CODE}/disabling")
@owner_only
def disable_code(code_id: int) -> BaseResponse:
    """Let a code count no more."""
    with db.unit_of_work():
        service.disable(service.get(code_id, for_update=True))
    flash(gettext("The code no longer counts. Orders that hold it keep it."), "success")
    return go(url_for("admin.list_codes"))


@admin.post(f"{_CODE}/enabling")
@owner_only
def enable_code(code_id: int) -> BaseResponse:
    """Let a code count again."""
    with db.unit_of_work():
        service.enable(service.get(code_id, for_update=True))
    flash(gettext("The code counts again."), "success")
    return go(url_for("admin.list_codes"))


def _form(code: DiscountCode | None, sent: Any = None) -> CodeForm:
    scope = queries.scope_names(code.id) if code else EVERYTHING
    return code_form(code, scope, list_categories(), collections.list_all(), sent)


def _render(code: DiscountCode | None, form: CodeForm, *, status: int = 200) -> Response:
    return render_page("admin/codes/edit.html", code=code, form=form, currency=currency(), status=status)
