"""Registering, logging in, logging out."""

from flask import Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts import attempts, devices, service, sessions
from storefront.accounts.forms import LoginForm, RegisterForm
from storefront.accounts.models import Account
from storefront.accounts.passwords import hash_password
from storefront.accounts.views import blueprint
from storefront.accounts.views.answers import too_often
from storefront.core.db import unit_of_work
from storefront.core.logging import get_logger
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.pages import go, own_path, render_page


@blueprint.get("/login")
@public
def login() -> BaseResponse:
    """Ask who it is; whoever is logged in goes on."""
    account = sessions.current_account()
    if account:
        return go(_way_on(account))
    return render_page("accounts/login.html", form=LoginForm(next=request.args.get("next", "")))


@blueprint.post("/login")
@public
def log_in() -> BaseResponse:
    """Log in with e-mail and password."""
    form = LoginForm()
    if not form.validate():
        return _ask_again(form, 422)
    login = attempts.Login(form.email.data, request.remote_addr or "", devices.known_device(form.email.data))
    with unit_of_work():
        is_admitted = attempts.admit_login(login)
    if not is_admitted:
        return _refuse(form)
    account = service.authenticate(form.email.data, form.password.data)
    if account is None:
        form.form_errors.append(gettext("E-mail and password do not fit together. Please check both."))
        get_logger().info("login failed", email=form.email.data)
        return _ask_again(form, 422)
    with unit_of_work():
        attempts.forgive_login(login)
        service.log_in(account, form.password.data)
    devices.remember_device(account.email)
    return go(_way_on(account))


@blueprint.get("/register")
@public
def register() -> BaseResponse:
    """Ask for what an account needs."""
    account = sessions.current_account()
    if account:
        return go(_way_on(account))
    return render_page("accounts/register.html", form=RegisterForm(next=request.args.get("next", "")))


@blueprint.post("/register")
@public
def create_account() -> BaseResponse:
    """Make an account and log in. What guests bought with it is hidden until the mailbox is proven."""
    form = RegisterForm()
    if not form.validate():
        return render_page("accounts/register.html", form=form, status=422)
    address = request.remote_addr or ""
    with unit_of_work():
        is_admitted = attempts.admit_registration(address)
    if not is_admitted:
        form.form_errors.append(
            gettext("Too many tries. Please wait an hour; you can buy without an account.")
        )
        return too_often(render_page("accounts/register.html", form=form, status=429), attempts.HOUR)
    password_hash = hash_password(form.password.data)
    try:
        with unit_of_work():
            account = service.register(form.email.data, password_hash, "", current_language())
            service.log_in(account)
    except service.EmailTaken:
        return _say_taken(form, address)
    devices.remember_device(account.email)
    return go(_way_on(account))


@blueprint.post("/logout")
@public
def logout() -> BaseResponse:
    """Log this browser out; harmless when it was not logged in."""
    account = sessions.current_account()
    if account:
        with unit_of_work():
            service.log_out(account)
    return go(url_for("catalog.home"))


def _ask_again(form: LoginForm, status: int) -> Response:
    return render_page("accounts/login.html", form=form, status=status)


def _refuse(form: LoginForm) -> Response:
    get_logger().warning("login throttled", email=form.email.data)
    form.form_errors.append(
        gettext("Too many tries. Please wait some minutes, or have a link for a new password mailed to you.")
    )
    return too_often(_ask_again(form, 429), attempts.QUARTER)


def _say_taken(form: RegisterForm, address: str) -> Response:
    with unit_of_work():
        attempts.note_taken(address)
    form.email.errors = [
        gettext("This address can't be registered. If it is yours, log in, or reset the password.")
    ]
    return render_page("accounts/register.html", form=form, status=422)


def _way_on(account: Account) -> str:
    default = url_for("admin.dashboard") if account.is_owner else url_for("accounts.show")
    return own_path(request.values.get("next"), default)
