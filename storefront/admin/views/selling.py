"""How the shop is paid, which orders wait for the owner, and who may not buy."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.forms.fields import in_chinese
from storefront.admin.forms.orders import BlockForm, PaymentRulesForm
from storefront.checkout import blocking, reviewing
from storefront.core.db import unit_of_work
from storefront.core.money import Money
from storefront.journal import service as journal
from storefront.shop import service as shop
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/settings/payment")
@owner_only
def payment_rules() -> Response:
    """Show how one may pay, and which paid orders wait."""
    return _render_rules(_filled())


@admin.post("/settings/payment")
@owner_only
def save_payment_rules() -> BaseResponse:
    """Save both."""
    form = PaymentRulesForm(request.form)
    form.from_amount.currency = shop.currency()
    if not form.validate():
        return _render_rules(form, status=422)
    with unit_of_work():
        changed = shop.save_transfer(
            form.transfer_details.data, form.transfer_details_zh.data, form.transfer_days.data
        )
        if changed:
            journal.write("shop", "shop.saved", texts=sorted(changed))
        reviewing.save_rules(
            from_amount=form.from_amount.amount or None,
            countries=form.country_codes,
            most_failures=form.failures.data,
            risk_level=form.risk_level.data,
        )
    flash(gettext("Saved."), "success")
    return go(url_for("admin.payment_rules"))


@admin.get("/blocked")
@owner_only
def list_blocked() -> Response:
    """Show who may not buy; the address may propose somebody."""
    who = request.args.get("who", "")[:254]
    return _render_blocked(BlockForm(None, who=who))


@admin.post("/blocked")
@owner_only
def block_buyer() -> BaseResponse:
    """Put somebody onto the list."""
    form = BlockForm(request.form)
    if not form.validate():
        return _render_blocked(form, status=422)
    try:
        kind, value = blocking.read_value(form.who.data)
    except blocking.NotToBlock as refusal:
        form.who.errors = [gettext(refusal.sentence)]
        return _render_blocked(form, status=422)
    with unit_of_work():
        blocking.block(kind, value, form.reason.data)
    flash(gettext("%(who)s can't begin a checkout any more.", who=value), "success")
    return go(url_for("admin.list_blocked"))


@admin.post(f"/blocked/<int(max={HIGHEST_ID}):block_id>/removal")
@owner_only
def unblock_buyer(block_id: int) -> BaseResponse:
    """Take somebody off the list."""
    with unit_of_work():
        blocking.unblock(block_id)
    flash(gettext("Taken off the list."), "success")
    return go(url_for("admin.list_blocked"))


def _filled() -> PaymentRulesForm:
    profile, rules = shop.get_profile(), reviewing.get_rules()
    form = PaymentRulesForm(
        None,
        transfer_details=profile.transfer_details,
        transfer_details_zh=in_chinese(profile, "transfer_details"),
        transfer_days=profile.transfer_days,
        from_amount=Money(rules.from_amount, profile.currency).plain if rules.from_amount else "",
        countries=", ".join(rules.countries.split()),
        failures=rules.failures,
        risk_level=rules.risk_level,
    )
    form.from_amount.currency = profile.currency
    return form


def _render_rules(form: PaymentRulesForm, *, status: int = 200) -> Response:
    return render_page("admin/payment_rules.html", form=form, status=status)


def _render_blocked(form: BlockForm, *, status: int = 200) -> Response:
    return render_page("admin/blocked.html", form=form, blocked=blocking.blocked_buyers(), status=status)
