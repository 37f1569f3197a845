"""Telling the owner of the shop."""

from typing import Any

from sqlalchemy import select

from storefront.accounts.models import Account
from storefront.accounts.states import Role
from storefront.core import db
from storefront.notifications.models import MailWords
from storefront.notifications.own_words import BROKEN
from storefront.notifications.service import tell


def tell_owners(kind: str, about: str, *, topic: str | None = None, **args: Any) -> None:
    """Put down in the current unit a mail to each owner, in her language; once for each thing that it is about."""
    owners = select(Account.email, Account.language).where(
        Account.role == Role.OWNER, Account.disabled_at.is_(None)
    )
    for email, language in db.session().execute(owners):
        tell(kind, email, language, unique_key=f"{kind}:{about}:{email}"[:200], topic=topic, **args)


def tell_of_broken_words(words: MailWords) -> None:
    """Tell the owner that her words for a mail could not be used."""
    about = f"{words.kind}:{words.language}:{words.saved_at.isoformat()}"
    tell_owners(BROKEN, about, kind_of_mail=words.kind, words_language=words.language)
