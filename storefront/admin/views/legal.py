"""The texts that buyers agree to, and where they are asked for."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.invoicing import LegalForm
from storefront.journal.service import write as journal
from storefront.shop import legal
from storefront.shop import service as shop
from storefront.shop.legal import LegalKind
from storefront.shop.service import LegalFacts
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/legal")
@owner_only
def edit_legal() -> Response:
    """Show the texts and switches."""
    facts = shop.legal_facts()
    values = {
        "asks_terms": facts.asks_terms,
        "asks_waiver": facts.asks_waiver,
        "offers_withdrawal": facts.offers_withdrawal,
    }
    proposed = dict(zip(("waiver", "waiver_zh"), legal.default_waiver(), strict=True))
    for kind in LegalKind:
        text = legal.find_text(kind)
        if text is not None:
            proposed |= {
                kind.value: text.body,
                f"{kind.value}_zh": text.translations.get("zh", {}).get("body", ""),
            }
    return _render(LegalForm(None, data={**proposed, **values}))


@admin.post("/legal")
@owner_only
def save_legal() -> BaseResponse:
    """Save them; a text that says something else is a new version."""
    form = LegalForm(request.form)
    if not form.validate():
        return _render(form, status=422)
    change_catalogue(lambda: _save(form))
    flash(gettext("Saved."), "success")
    return go(url_for("admin.edit_legal"))


def _save(form: LegalForm) -> None:
    """The footer of all pages leads to the withdrawal, so they are made anew."""
    for kind in LegalKind:
        version = legal.save_text(kind, form[kind.value].data or "", form[f"{kind.value}_zh"].data or "")
        if version is not None:
            journal(legal.TOPIC, "legal.text", text=kind.value, version=version)
    wanted = LegalFacts(
        bool(form.offers_withdrawal.data), bool(form.asks_terms.data), bool(form.asks_waiver.data)
    )
    changed = shop.save_legal_facts(wanted)
    if changed:
        journal(legal.TOPIC, "legal.saved", changed=changed)


def _render(form: LegalForm, *, status: int = 200) -> Response:
    versions = {kind.value: text.version for kind in LegalKind if (text := legal.find_text(kind))}
    return render_page("admin/legal/edit.html", form=form, versions=versions, status=status)
