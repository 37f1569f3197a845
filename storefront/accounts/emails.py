"""What the shop writes to people about their account."""

from typing import Any

from storefront.accounts import proofs
from storefront.accounts.service import find_account
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.errors import N_
from storefront.notifications.models import MailWords
from storefront.notifications.own_words import BROKEN
from storefront.notifications.rendering import Mail, Variable, mail, render_mail, title_of
from storefront.web.filters import moment, told
from storefront.web.language import speaking
from storefront.web.links import absolute_url, path_for

_MINUTES = Variable(N_("For how many minutes it works"), "30")
_PASSWORD_URL = Variable(N_("The page to choose a new password"), "/account/password/forgot", needed=True)


@mail(
    "verify_email",
    title=N_("Proof of the address"),
    variables={
        "code": Variable(N_("The code to type"), "123 456", needed=True),
        "code_url": Variable(N_("The page to type it"), "/account/verification"),
        "minutes": _MINUTES,
    },
)
def verify_email(args: dict[str, Any], language: str) -> Mail | None:
    """The code that proves the mailbox; nothing when it was used or replaced meanwhile."""
    code = proofs.find_code(args["account_id"], args["seed"])
    if code is None:
        return None
    page = absolute_url(path_for("accounts.verification"), language)
    return render_mail(
        "verify_email",
        language,
        code=f"{code[:3]} {code[3:]}",
        code_url=page,
        minutes=_minutes(proofs.CODE_LIFE),
    )


@mail(
    "password_reset",
    title=N_("New password"),
    variables={"password_url": _PASSWORD_URL, "minutes": _MINUTES},
)
def password_reset(args: dict[str, Any], language: str) -> Mail | None:
    """The link for a new password; nothing when it is too old meanwhile."""
    token = proofs.reset_token(args["seed"])
    if proofs.find_reset(token) is None:
        return None
    link = absolute_url(path_for("accounts.reset_password", token=token), language)
    return render_mail("password_reset", language, password_url=link, minutes=_minutes(proofs.RESET_LIFE))


@mail(
    "password_changed",
    title=N_("Password changed"),
    variables={
        "changed_at": Variable(N_("When it was changed"), N_("20 Nov 2026, 18:00")),
        "password_url": _PASSWORD_URL,
    },
)
def password_changed(args: dict[str, Any], language: str) -> Mail | None:
    """A notice, so that a change by somebody else does not stay unseen."""
    account = find_account(args["account_id"])
    if account is None:
        return None
    link = absolute_url(path_for("accounts.forgot_password"), language)
    with speaking(language):
        changed_at = moment(account.password_changed_at)
    return render_mail("password_changed", language, changed_at=changed_at, password_url=link)


@mail(
    BROKEN,
    title=N_("Your words for a mail can't be used"),
    variables={
        "mail_title": Variable(N_("The kind of the mail"), N_("Order paid, with the links")),
        "reason": Variable(N_("Why they can't be used"), N_("That did not work.")),
        "words_url": Variable(N_("The page of your words"), "/admin/messages/words"),
    },
)
def mail_words_broken(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that a mail went out with the shop's words; nothing when hers were changed meanwhile."""
    words = db.session().get(MailWords, (args["kind_of_mail"], args["words_language"]))
    if words is None or words.broken_at is None:
        return None
    with speaking(language):
        title, reason = title_of(words.kind), told(words.broken_reason)
    page = absolute_url(f"/admin/messages/words/{words.kind}/{words.language}", language)
    return render_mail(BROKEN, language, mail_title=title or words.kind, reason=reason, words_url=page)


def _minutes(life: timedelta) -> int:
    return int(life.total_seconds()) // 60
