"""The account's own page, and what is changed from it."""

from flask import Response, flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import attempts, devices, passwords, service, sessions
from storefront.accounts.forms import ChangePasswordForm, DetailsForm
from storefront.accounts.models import Account
from storefront.accounts.views import blueprint
from storefront.accounts.views.answers import too_often
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.web.access import customer_only
from storefront.web.pages import go, render_page


@blueprint.get("")
@customer_only
def show() -> Response:
    """Show who is logged in, and where."""
    return _page(_me())


@blueprint.post("/details")
@customer_only
def change_details() -> BaseResponse:
    """Set name and language."""
    account = _me()
    form = DetailsForm()
    if not form.validate():
        return _page(account, details=form, status=422)
    with unit_of_work():
        service.change_details(account.id, form.name.data, form.language.data)
    flash(gettext("Saved."), "success")
    return go(url_for("accounts.show"))


@blueprint.post("/password")
@customer_only
def change_password() -> BaseResponse:
    """Set a new password, for whoever knows the old one; other browsers are logged out."""
    account = _me()
    form = ChangePasswordForm(email=account.email)
    if not form.validate():
        return _page(account, password=form, status=422)
    with unit_of_work():
        is_admitted = attempts.admit_password_check(account.id)
    if not is_admitted:
        form.current_password.errors = [gettext("Too many tries. Please wait some minutes and try again.")]
        return too_often(_page(account, password=form, status=429), attempts.QUARTER)
    if not passwords.matches(account.password_hash, form.current_password.data):
        form.current_password.errors = [gettext("This is not your current password.")]
        return _page(account, password=form, status=422)
    password_hash = passwords.hash_password(form.new_password.data)
    with unit_of_work():
        attempts.forgive_password_check(account.id)
        sessions.start(service.change_password(account.id, password_hash))
    devices.remember_device(account.email)
    flash(gettext("Your password is changed. All other browsers are logged out."), "success")
    return go(url_for("accounts.show"))


@blueprint.post("/sessions/<handle>/end")
@customer_only
def end_session(handle: str) -> BaseResponse:
    """Log one other browser out."""
    with unit_of_work():
        is_ended = service.end_session(_me(), handle)
    if not is_ended:
        raise NotFound
    flash(gettext("That browser is logged out."), "success")
    return go(url_for("accounts.show"))


@blueprint.post("/sessions/end")
@customer_only
def end_other_sessions() -> BaseResponse:
    """Log all other browsers out."""
    with unit_of_work():
        service.end_other_sessions(_me())
    flash(gettext("All other browsers are logged out."), "success")
    return go(url_for("accounts.show"))


def _me() -> Account:
    account = sessions.current_account()
    if account is None:
        raise NotFound
    return account


def _page(
    account: Account,
    *,
    details: DetailsForm | None = None,
    password: ChangePasswordForm | None = None,
    status: int = 200,
) -> Response:
    return render_page(
        "accounts/show.html",
        account=account,
        logins=sessions.list_sessions(account.id),
        details=details or DetailsForm(formdata=None, name=account.name, language=account.language),
        password=password or ChangePasswordForm(formdata=None, email=account.email),
        status=status,
    )
