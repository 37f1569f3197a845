"""What the shop says of itself, and what it runs on."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.settings import SettingsForm, settings_form, settings_state
from storefront.admin.views.asking import choose_between
from storefront.catalog.service.editing import redenominate
from storefront.catalog.service.mistakes import SavedMeanwhile
from storefront.core.db import unit_of_work
from storefront.core.settings import Settings
from storefront.journal import service as journal
from storefront.orders.queries import has_orders
from storefront.shipping import zoning
from storefront.shop import service as shop
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page
from storefront.web.setup import settings as running_settings

TOPIC = "shop"


@admin.get("/settings")
@owner_only
def settings() -> Response:
    """Show the words of the shop and what it runs on."""
    return _render(_form())


@admin.post("/settings")
@owner_only
def save_settings() -> BaseResponse:
    """Save the words of the shop."""
    form = _form(request.form)
    if not form.validate():
        return _render(form, status=422)
    try:
        change_catalogue(lambda: _save(form))
    except SavedMeanwhile:
        return choose_between(form, _form(), gettext("Settings"))
    flash(gettext("Saved."), "success")
    return go(url_for("admin.settings"))


@admin.post("/backup-note")
@owner_only
def note_backup() -> BaseResponse:
    """Note that the owner has seen to a backup."""
    with unit_of_work():
        shop.note_backup()
        journal.write(TOPIC, "shop.backup_noted")
    return go(url_for("admin.dashboard"))


def running_on(used: Settings) -> list[tuple[str, str, str]]:
    """Return (what, which, where) of the parts in use, without any secret."""
    storage = urlsplit(used.storage_url)
    mail = urlsplit(used.mail_url)
    outbox = gettext("Files in the outbox; nothing is sent")
    return [
        (gettext("Payment"), *_payment(used)),
        (gettext("Mail"), outbox if mail.scheme == "file" else mail.scheme.upper(), mail.hostname or ""),
        (gettext("Database"), "SQLite" if used.is_sqlite else "PostgreSQL", _database_place(used)),
        (gettext("Files"), "S3" if storage.scheme == "s3" else gettext("Folder"), storage.hostname or ""),
        (
            gettext("Queue"),
            gettext("Database and Redis") if used.redis_url else gettext("Database"),
            urlsplit(used.redis_url).hostname or "",
        ),
        (gettext("Address"), used.base_url, ""),
    ]


def _payment(used: Settings) -> tuple[str, str]:
    if used.is_practice:
        return gettext("Practice: no real money"), ""
    is_live = used.stripe_secret_key.startswith(("sk_live_", "rk_live_"))
    return gettext("Stripe, live") if is_live else gettext("Stripe, test mode"), ""


def _database_place(used: Settings) -> str:
    if used.is_sqlite:
        return used.database_dsn.removeprefix("sqlite:///").rpartition("/")[2]
    return urlsplit(used.database_dsn).hostname or ""


def _form(sent: Any = None) -> SettingsForm:
    """The currency may change as long as nothing was ordered."""
    return settings_form(shop.get_profile(), may_change_currency=not has_orders(), sent=sent)


def _save(form: SettingsForm) -> None:
    form.require(settings_state(shop.get_profile()))
    changed = shop.save_profile(form.wanted())
    if "currency" in changed:
        redenominate(form.wanted().currency)
        zoning.redenominate(*changed["currency"])
    short = {name: values for name, values in changed.items() if name not in ("about", "refund_policy")}
    journal.write(TOPIC, "shop.saved", changed=short, texts=sorted(set(changed) - set(short)))


def _render(form: SettingsForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/settings.html",
        form=form,
        parts=running_on(running_settings()),
        may_change_currency=not has_orders(),
        status=status,
    )
