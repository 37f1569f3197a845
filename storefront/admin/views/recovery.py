"""Writing to those who left before paying: whether, when, and what came of it."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.recovery import RecoveryForm
from storefront.analytics.recovery import DAYS, figures
from storefront.core.db import unit_of_work
from storefront.journal.service import write as journal
from storefront.shop import reminding
from storefront.shop import service as shop
from storefront.shop.states import Reminder
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/recovery")
@owner_only
def recovery() -> Response:
    """Show the rule and the figures."""
    profile = shop.get_profile()
    return _render(RecoveryForm(data={"recovery": profile.recovery.value, "hours": profile.recovery_hours}))


@admin.post("/recovery")
@owner_only
def save_recovery() -> BaseResponse:
    """Save the rule."""
    form = RecoveryForm(request.form)
    if not form.validate():
        return _render(form, status=422)
    with unit_of_work():
        changed = reminding.save_recovery(Reminder(form.recovery.data), form.hours.data)
        if changed:
            journal("shop", "shop.saved", changed=changed)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.recovery"))


def _render(form: RecoveryForm, status: int = 200) -> Response:
    return render_page("admin/money/recovery.html", form=form, figures=figures(), days=DAYS, status=status)
