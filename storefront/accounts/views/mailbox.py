"""Proving that a mailbox is the account's, by typing a mailed code."""

from flask import Response, flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import attempts, service, sessions
from storefront.accounts.forms import CodeForm
from storefront.accounts.models import Account
from storefront.accounts.proofs import CodeCheck
from storefront.accounts.views import blueprint
from storefront.accounts.views.answers import too_often
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.web.access import customer_only
from storefront.web.pages import go, render_page


@blueprint.get("/verification")
@customer_only
def verification() -> BaseResponse:
    """Ask for the code."""
    account = _me()
    if account.email_verified_at:
        return go(url_for("accounts.show"))
    return _page(account, CodeForm())


@blueprint.post("/verification")
@customer_only
def prove_mailbox() -> BaseResponse:
    """Take the code."""
    account = _me()
    form = CodeForm()
    if not form.validate():
        return _page(account, form, 422)
    with unit_of_work():
        check = service.prove_mailbox(account.id, form.code.data)
    if check is not CodeCheck.RIGHT:
        form.code.errors = [_sentence(check)]
        return _page(account, form, 422)
    flash(gettext("Thank you, your e-mail address is confirmed."), "success")
    return go(url_for("accounts.show"))


@blueprint.post("/verification/code")
@customer_only
def send_code() -> BaseResponse:
    """Mail a new code."""
    account = _me()
    if account.email_verified_at:
        return go(url_for("accounts.show"))
    with unit_of_work():
        is_admitted = attempts.admit_code(account.id)
        if is_admitted:
            service.send_code(account)
    if not is_admitted:
        form = CodeForm(formdata=None)
        form.form_errors.append(
            gettext("We have mailed you several codes. Please wait an hour for the next one.")
        )
        return too_often(_page(account, form, 429), attempts.HOUR)
    flash(gettext("A new code is on its way. Those before it no longer work."), "success")
    return go(url_for("accounts.verification"))


def _me() -> Account:
    account = sessions.current_account()
    if account is None:
        raise NotFound
    return account


def _page(account: Account, form: CodeForm, status: int = 200) -> Response:
    return render_page("accounts/verification.html", account=account, form=form, status=status)


def _sentence(check: CodeCheck) -> str:
    sentences: dict[CodeCheck, str] = {
        CodeCheck.WRONG: gettext("This is not the code. Please compare it with the newest mail."),
        CodeCheck.SPENT: gettext("This code no longer works. Please have a new one mailed to you."),
    }
    return sentences[check]
