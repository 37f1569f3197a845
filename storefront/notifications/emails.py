"""The mail with which the owner tries her words."""

from dataclasses import replace
from typing import Any

from flask_babel import gettext

from storefront.core.errors import N_
from storefront.notifications.rendering import Mail, get_kind, mail, preview
from storefront.web.language import speaking

TRIAL = "mail_trial"


@mail(TRIAL, title=N_("A mail to try your words"))
def mail_trial(args: dict[str, Any], language: str) -> Mail | None:
    """Write another mail as it would be, on a real thing where there is one, and say so in its subject."""
    written = preview(get_kind(args["kind_of_mail"]), language)
    with speaking(language):
        return replace(written, subject=gettext("[A try] %(subject)s", subject=written.subject))
