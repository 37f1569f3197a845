"""Accounts: making them, logging in, and changing what belongs to them. Nothing here commits."""

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from storefront.accounts import proofs, sessions
from storefront.accounts.addresses import find_normal, normalise_email
from storefront.accounts.models import Account
from storefront.accounts.passwords import hash_password, matches, needs_rehash
from storefront.accounts.proofs import CodeCheck
from storefront.accounts.states import Role, TokenPurpose
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import Refused
from storefront.jobs.service import enqueue
from storefront.journal.service import write
from storefront.notifications.service import tell

Hook = Callable[[Account], None]

_after_login: list[Hook] = []
_on_mailbox_proven: list[Hook] = []


class EmailTaken(Refused):
    """There is an account with this e-mail address already."""


def after_login(hook: Hook) -> None:
    """Have ``hook(account)`` called in the unit of every login, such as for merging the visitor's cart."""
    if hook not in _after_login:
        _after_login.append(hook)


def on_mailbox_proven(hook: Hook) -> None:
    """Have ``hook(account)`` called in the unit in which a mailbox is proven to be the account's.

    Only then may what guests bought with that address become the account's. It may be called again for the
    same account.
    """
    if hook not in _on_mailbox_proven:
        _on_mailbox_proven.append(hook)


def find_account(account_id: int) -> Account | None:
    """Return the account with this internal id."""
    return db.session().get(Account, account_id)


def find_account_by_email(email: str) -> Account | None:
    """Return the account with this address, however it is spelled."""
    address = find_normal(email)
    return db.session().scalar(select(Account).where(Account.email == address)) if address else None


def authenticate(email: str, password: str) -> Account | None:
    """Return the account when the password is right; takes as long when there is no such account.

    Must run outside of a unit, since checking a password takes its time.
    """
    account = find_account_by_email(email)
    is_right = matches(account.password_hash if account else None, password)
    return account if account and is_right and account.disabled_at is None else None


def log_in(account: Account, password: str | None = None) -> None:
    """Log this browser in and call the hooks. With the password, a hash of weaker times is made anew."""
    if password is not None and needs_rehash(account.password_hash):
        _kept(account.id).password_hash = hash_password(password)
    sessions.start(account)
    write(_topic(account), "logged_in", actor=actor_of(account))
    for hook in _after_login:
        hook(account)


def log_out(account: Account) -> None:
    """Log this browser out."""
    sessions.end()
    write(_topic(account), "logged_out")


def register(email: str, password_hash: str, name: str, language: str) -> Account:
    """Return a new account of a customer, and mail a code that proves the mailbox.

    Raises:
        EmailTaken: the address has an account already.
    """
    account = Account(email=normalise_email(email), password_hash=password_hash, name=name, language=language)
    try:
        with db.session().begin_nested():
            db.session().add(account)
    except IntegrityError as error:
        if "email" in db.constraint_of(error):
            raise EmailTaken from error
        raise
    write(_topic(account), "registered", actor=actor_of(account))
    send_code(account)
    return account


def send_code(account: Account) -> None:
    """Mail a new code for proving the mailbox; those before it are worth nothing any more."""
    _tell(account, "verify_email", seed=proofs.issue_code(account.id))


def prove_mailbox(account_id: int, typed: str) -> CodeCheck:
    """Compare the typed code, and take note that the mailbox is the account's when it is right."""
    check = proofs.use_code(account_id, typed)
    if check is CodeCheck.RIGHT:
        _note_mailbox_proven(_kept(account_id))
    return check


def ask_for_reset(email: str) -> None:
    """Have a link for a new password mailed, if there is such an account.

    The work is put down in either case, so that the answer takes as long.
    """
    account = find_account_by_email(email)
    enqueue("accounts.mail_reset", account_id=account.id if account else 0)


def mail_reset(account_id: int) -> None:
    """Mail a link for a new password, if there is such an account and it may log in."""
    account = find_account(account_id)
    if account and account.disabled_at is None:
        write(_topic(account), "password_reset_asked")
        _tell(account, "password_reset", seed=proofs.issue_reset(account.id))


def reset_password(token: str, password_hash: str) -> Account | None:
    """Set a new password by a mailed link, which also proves the mailbox; None when the link is not good.

    All sessions end. Whoever registered with an address that is not theirs is out.
    """
    account_id = proofs.use_reset(token)
    account = db.session().get(Account, account_id) if account_id else None
    if account is None or account.disabled_at is not None:
        return None
    _set_password(account, password_hash)
    proofs.cancel(account.id, TokenPurpose.RESET, TokenPurpose.VERIFY)
    write(_topic(account), "password_reset", actor=actor_of(account))
    _tell(account, "password_changed")
    _note_mailbox_proven(account)
    return account


def change_password(account_id: int, password_hash: str) -> Account:
    """Set a new password and end all sessions; the caller logs this browser in anew. Mails a notice."""
    account = _kept(account_id)
    _set_password(account, password_hash)
    proofs.cancel(account.id, TokenPurpose.RESET)
    write(_topic(account), "password_changed")
    _tell(account, "password_changed")
    return account


def change_details(account_id: int, name: str, language: str) -> None:
    """Set what the shop calls them, and the language of their mails."""
    account = _kept(account_id)
    if (account.name, account.language) == (name, language):
        return
    account.name, account.language = name, language
    write(_topic(account), "details_changed", language=language)


def end_session(account: Account, handle: str) -> bool:
    """Log one browser of the account out; False when there is no such."""
    is_ended = sessions.end_one(account.id, handle)
    if is_ended:
        write(_topic(account), "session_ended")
    return is_ended


def end_other_sessions(account: Account) -> None:
    """Log the account out everywhere but here."""
    sessions.end_all(account.id, but_this=True)
    write(_topic(account), "other_sessions_ended")


def disable(account_id: int) -> None:
    """Let the account log in no more, and log it out everywhere."""
    account = _kept(account_id)
    if account.disabled_at is None:
        account.disabled_at = now()
        sessions.end_all(account_id)
        proofs.cancel(account_id, TokenPurpose.RESET, TokenPurpose.VERIFY)
        write(_topic(account), "disabled")


def owner_exists() -> bool:
    """Whether the shop has an owner who can log in."""
    owner = select(Account.id).where(Account.role == Role.OWNER, Account.disabled_at.is_(None))
    return db.session().scalar(owner.limit(1)) is not None


def create_owner(email: str, password: str | None = None) -> str:
    """Make the account with this address the owner's, new or not, and return its password.

    The password is a random one if none is given. This is also the way back in for an owner who lost both
    password and mailbox: whoever may start it has the database anyway.

    Raises:
        BadAddressError: the text is no e-mail address.
    """
    address = normalise_email(email)
    chosen = password or secrets.token_urlsafe(12)
    account = find_account_by_email(address)
    if account is None:
        account = Account(email=address, password_hash="")
        db.session().add(account)
    account.role, account.disabled_at = Role.OWNER, None
    account.email_verified_at = account.email_verified_at or now()
    db.session().flush()
    _set_password(account, hash_password(chosen))
    write(_topic(account), "owner_created")
    return chosen


def actor_of(account: Account) -> str:
    """Return how the journal names this account when it acts: ``owner:1``, ``customer:8``."""
    return f"{account.role.value}:{account.id}"


def _set_password(account: Account, password_hash: str) -> None:
    account.password_hash = password_hash
    account.password_changed_at = now()
    sessions.end_all(account.id)


def _note_mailbox_proven(account: Account) -> None:
    if account.email_verified_at is None:
        account.email_verified_at = now()
        write(_topic(account), "mailbox_proven", actor=actor_of(account))
    db.session().flush()
    for hook in _on_mailbox_proven:
        hook(account)


def _tell(account: Account, kind: str, **args: str) -> None:
    ids: dict[str, Any] = {"account_id": account.id, **args}
    tell(kind, account.email, account.language, topic=_topic(account), **ids)


def _kept(account_id: int) -> Account:
    """The row as it is now, locked until the unit ends."""
    return db.get_or_404(Account, Account.id == account_id, for_update=True)


def _topic(account: Account) -> str:
    return f"account:{account.id}"
