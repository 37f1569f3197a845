"""What the shop writes to people about their account."""

from typing import Any

from storefront.accounts import proofs
from storefront.accounts.service import find_account
from storefront.core.clock import timedelta
from storefront.notifications.rendering import Mail, mail, render_mail
from storefront.web.links import absolute_url, path_for


@mail("verify_email")
def verify_email(args: dict[str, Any], language: str) -> Mail | None:
    """The code that proves the mailbox; nothing when it was used or replaced meanwhile."""
    code = proofs.find_code(args["account_id"], args["seed"])
    if code is None:
        return None
    page = absolute_url(path_for("accounts.verification"), language)
    return render_mail("verify_email", language, code=code, page=page, minutes=_minutes(proofs.CODE_LIFE))


@mail("password_reset")
def password_reset(args: dict[str, Any], language: str) -> Mail | None:
    """The link for a new password; nothing when it is too old meanwhile."""
    token = proofs.reset_token(args["seed"])
    if proofs.find_reset(token) is None:
        return None
    link = absolute_url(path_for("accounts.reset_password", token=token), language)
    return render_mail("password_reset", language, link=link, minutes=_minutes(proofs.RESET_LIFE))


@mail("password_changed")
def password_changed(args: dict[str, Any], language: str) -> Mail | None:
    """A notice, so that a change by somebody else does not stay unseen."""
    account = find_account(args["account_id"])
    if account is None:
        return None
    link = absolute_url(path_for("accounts.forgot_password"), language)
    return render_mail("password_changed", language, changed_at=account.password_changed_at, link=link)


def _minutes(life: timedelta) -> int:
    return int(life.total_seconds()) // 60
