"""A new password for those who forgot theirs."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import attempts, devices, proofs, service
from storefront.accounts.forms import ForgotPasswordForm, NewPasswordForm
from storefront.accounts.models import Account
from storefront.accounts.passwords import hash_password
from storefront.accounts.views import blueprint
from storefront.accounts.views.answers import too_often
from storefront.core.db import unit_of_work
from storefront.web.access import public
from storefront.web.pages import go, render_page


@blueprint.get("/password/forgot")
@public
def forgot_password() -> Response:
    """Ask whose password it is."""
    return render_page("accounts/forgot_password.html", form=ForgotPasswordForm())


@blueprint.post("/password/forgot")
@public
def ask_for_reset() -> BaseResponse:
    """Have a link mailed; the answer is the same whether there is such an account or not."""
    form = ForgotPasswordForm()
    if not form.validate():
        return render_page("accounts/forgot_password.html", form=form, status=422)
    with unit_of_work():
        is_admitted = attempts.admit_reset(request.remote_addr or "")
        if is_admitted and attempts.admit_reset_mail(form.email.data):
            service.ask_for_reset(form.email.data)
    if not is_admitted:
        form.form_errors.append(gettext("Too many tries. Please wait an hour and try again."))
        return too_often(render_page("accounts/forgot_password.html", form=form, status=429), attempts.HOUR)
    return go(url_for("accounts.reset_mailed"))


@blueprint.get("/password/forgot/mailed")
@public
def reset_mailed() -> Response:
    """Say that a link is on its way, if there is such an account."""
    return render_page("accounts/reset_mailed.html")


@blueprint.get("/password/reset/<token>")
@public
def reset_password(token: str) -> Response:
    """Ask for the new password. Looking uses nothing up, since mail scanners look, too."""
    account = _account_of(token)
    if account is None:
        return _expired()
    return _page(account, NewPasswordForm(email=account.email))


@blueprint.post("/password/reset/<token>")
@public
def set_new_password(token: str) -> BaseResponse:
    """Set the new password and log in."""
    account = _account_of(token)
    if account is None:
        return _expired()
    form = NewPasswordForm(email=account.email)
    if not form.validate():
        return _page(account, form, 422)
    password_hash = hash_password(form.password.data)
    with unit_of_work():
        account = service.reset_password(token, password_hash)
        if account:
            service.log_in(account)
    if account is None:
        return _expired()
    devices.remember_device(account.email)
    flash(gettext("Your new password is saved, and you are logged in."), "success")
    return go(url_for("accounts.show"))


def _account_of(token: str) -> Account | None:
    account_id = proofs.find_reset(token)
    return service.find_account(account_id) if account_id else None


def _page(account: Account, form: NewPasswordForm, status: int = 200) -> Response:
    return _secret(render_page("accounts/reset_password.html", email=account.email, form=form, status=status))


def _expired() -> Response:
    return _secret(render_page("accounts/reset_expired.html", status=410))


def _secret(response: Response) -> Response:
    """The address of the page is the secret: no other site may learn it."""
    response.headers["Referrer-Policy"] = "same-origin"
    return response
