"""The words of the shop's mails: seen on a real order, changed, tried, and put back."""

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.admin.blueprint import admin
from storefront.admin.forms.mail_words import MailWordsForm, mail_words_form, words_state
from storefront.admin.views.asking import ask, choose_between
from storefront.admin.views.messages import as_mail
from storefront.catalog.service.mistakes import SavedMeanwhile
from storefront.core.clock import now
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.core.settings import LANGUAGES
from storefront.notifications import emails, own_words, rendering
from storefront.notifications.rendering import MailKind
from storefront.notifications.service import tell
from storefront.notifications.writing import BrokenSource, Source
from storefront.web.access import owner_only
from storefront.web.language import NAMES
from storefront.web.pages import go, render_page


@admin.get("/messages/words")
@owner_only
def list_mail_words() -> Response:
    """Show all kinds of mail, and which of them have own words."""
    own = {(words.kind, words.language): words for words in own_words.all_words()}
    return render_page(
        "admin/messages/words.html", kinds=rendering.kinds(), own=own, languages=LANGUAGES, names=NAMES
    )


@admin.get("/messages/words/<mail_kind>/<mail_language>")
@owner_only
def edit_mail_words(mail_kind: str, mail_language: str) -> Response:
    """Show the words of a kind of mail in one language, to be changed."""
    kind = _kind(mail_kind, mail_language)
    return _render(kind, mail_language, mail_words_form(_in_use(kind, mail_language)))


@admin.post("/messages/words/<mail_kind>/<mail_language>")
@owner_only
def save_mail_words(mail_kind: str, mail_language: str) -> BaseResponse:
    """Use these words from now on."""
    kind = _kind(mail_kind, mail_language)
    form = mail_words_form(_in_use(kind, mail_language), request.form)
    if not form.validate_for(kind):
        return _render(kind, mail_language, form, status=422)
    try:
        with unit_of_work():
            form.require(words_state(_in_use(kind, mail_language)))
            own_words.save(kind.name, mail_language, form.source)
    except SavedMeanwhile:
        saved = mail_words_form(_in_use(kind, mail_language))
        return choose_between(form, saved, rendering.title_of(kind.name))
    flash(gettext("Saved. Mails are written with these words from now on."), "success")
    return go(_page(kind, mail_language))


@admin.get("/messages/words/<mail_kind>/<mail_language>/preview")
@owner_only
def show_mail_preview(mail_kind: str, mail_language: str) -> Response:
    """Show how the mail looks with the words in use, for the frame in its page."""
    return _preview(_kind(mail_kind, mail_language), mail_language, None)


@admin.post("/messages/words/<mail_kind>/<mail_language>/preview")
@owner_only
def preview_mail_words(mail_kind: str, mail_language: str) -> Response:
    """Show how the mail would look with the words that are being written; nothing is saved."""
    kind = _kind(mail_kind, mail_language)
    form = MailWordsForm(request.form)
    form.validate_for(kind)
    wrong = [error for field in (form.subject, form.body) for error in field.errors]
    return _refuse_preview(wrong) if wrong else _preview(kind, mail_language, form.source)


@admin.post("/messages/words/<mail_kind>/<mail_language>/trial")
@owner_only
def send_mail_trial(mail_kind: str, mail_language: str) -> BaseResponse:
    """Send the mail as it is now to the owner herself."""
    kind, owner = _kind(mail_kind, mail_language), current_account()
    assert owner is not None
    with unit_of_work():
        tell(emails.TRIAL, owner.email, mail_language, kind_of_mail=kind.name, asked_at=now().isoformat())
    flash(gettext("It is on its way to %(email)s.", email=owner.email), "success")
    return go(_page(kind, mail_language))


@admin.get("/messages/words/<mail_kind>/<mail_language>/reset")
@owner_only
def ask_to_reset_mail_words(mail_kind: str, mail_language: str) -> Response:
    """Ask before own words are thrown away."""
    kind = _kind(mail_kind, mail_language)
    return ask(
        gettext("Back to the shop's words?"),
        gettext("Your own words for this mail will be gone for good."),
        action=url_for("admin.reset_mail_words", mail_kind=kind.name, mail_language=mail_language),
        button=gettext("Use the shop's words"),
        back=_page(kind, mail_language),
    )


@admin.post("/messages/words/<mail_kind>/<mail_language>/reset")
@owner_only
def reset_mail_words(mail_kind: str, mail_language: str) -> BaseResponse:
    """Use the shop's words again."""
    kind = _kind(mail_kind, mail_language)
    with unit_of_work():
        own_words.forget(kind.name, mail_language)
    flash(gettext("This mail has the shop's words again."), "success")
    return go(_page(kind, mail_language))


def _kind(name: str, language: str) -> MailKind:
    if language not in LANGUAGES:
        raise NotFound
    return rendering.get_kind(name)


def _in_use(kind: MailKind, language: str) -> Source:
    return own_words.find(kind.name, language) or rendering.shops_source(kind, language)


def _page(kind: MailKind, language: str) -> str:
    return url_for("admin.edit_mail_words", mail_kind=kind.name, mail_language=language)


def _preview(kind: MailKind, language: str, source: Source | None) -> Response:
    try:
        written = rendering.preview(kind, language, source)
    except BrokenSource as broken:
        return _refuse_preview([gettext(broken.sentence, **broken.values)])
    return as_mail(written.html)


def _refuse_preview(sentences: list[str]) -> Response:
    return as_mail(render_template("admin/messages/no_preview.html", sentences=sentences), status=422)


def _render(kind: MailKind, language: str, form: MailWordsForm, status: int = 200) -> Response:
    own = next(
        (words for words in own_words.all_words() if (words.kind, words.language) == (kind.name, language)),
        None,
    )
    return render_page(
        "admin/messages/edit_words.html",
        status=status,
        kind=kind,
        title=rendering.title_of(kind.name) or kind.name,
        mail_language=language,
        languages=LANGUAGES,
        names=NAMES,
        own=own,
        form=form,
    )
