"""Proofs that a mailbox is somebody's: a link to reset the password, and a code to type in.

Neither lies in the database, nor in the arguments of a message: there a *seed* waits until the mail is
written, and seed and the shop's key together make the secret. So a copy of the database opens no account, and
a mail that is sent again says the same. A mailbox is proven by a code that is typed, because mail scanners
follow links.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, select, update

from storefront.accounts.models import AccountToken
from storefront.accounts.states import TokenPurpose
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.web.setup import settings

RESET_LIFE = timedelta(hours=1)
CODE_LIFE = timedelta(minutes=30)
MAX_FAILURES = 5


class CodeCheck(StrEnum):
    """What a typed code turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"


def issue_reset(account_id: int) -> str:
    """Keep a link for resetting the password, in the current unit, and return the seed for its mail."""
    seed = secrets.token_urlsafe(16)
    _keep(account_id, TokenPurpose.RESET, _hash_of_link(reset_token(seed)), RESET_LIFE, now())
    return seed


def reset_token(seed: str) -> str:
    """Return the secret part of the link that the seed stands for."""
    return urlsafe_b64encode(_derive(settings().signing_keys[0], "reset", seed)).decode().rstrip("=")


def find_reset(token: str) -> int | None:
    """Return the account that the link would reset, without using it up; None when it is not good."""
    return db.session().scalar(select(AccountToken.account_id).where(_is_good(token)))


def use_reset(token: str) -> int | None:
    """Use the link up, in the current unit, and return its account; None when it is not good (any more)."""
    used = update(AccountToken).where(_is_good(token)).values(used_at=now())
    return db.session().scalar(
        used.returning(AccountToken.account_id).execution_options(synchronize_session=False)
    )


def issue_code(account_id: int) -> str:
    """Keep a code, in the current unit, in place of those before it, and return the seed for its mail."""
    seed = secrets.token_urlsafe(16)
    moment = now()
    cancel(account_id, TokenPurpose.VERIFY)
    hashed = _hash_of_code(settings().signing_keys[0], account_id, moment, code(seed))
    _keep(account_id, TokenPurpose.VERIFY, hashed, CODE_LIFE, moment)
    return seed


def code(seed: str) -> str:
    """Return the six digits that the seed stands for."""
    number = int.from_bytes(_derive(settings().signing_keys[0], "code", seed)) % 1_000_000
    return f"{number:06}"


def use_code(account_id: int, typed: str) -> CodeCheck:
    """Compare the typed digits with the newest code, in the current unit; five wrong ones end it."""
    kept = _open_code(account_id)
    if kept is None:
        return CodeCheck.SPENT
    if _is_code(kept, typed):
        kept.used_at = now()
        return CodeCheck.RIGHT
    kept.failures += 1
    return CodeCheck.WRONG if kept.failures < MAX_FAILURES else CodeCheck.SPENT


def find_code(account_id: int, seed: str) -> str | None:
    """Return the digits that the seed stands for; None when they can't be used (any more)."""
    kept, digits = _open_code(account_id), code(seed)
    return digits if kept is not None and _is_code(kept, digits) else None


def cancel(account_id: int, *purposes: TokenPurpose) -> None:
    """Make every open proof of these purposes worthless, in the current unit."""
    statement = delete(AccountToken).where(
        AccountToken.account_id == account_id,
        AccountToken.purpose.in_(purposes),
        AccountToken.used_at.is_(None),
    )
    db.session().execute(statement.execution_options(synchronize_session=False))


def forget_old() -> None:
    """Delete the proofs whose time is over for a day, in the current unit."""
    statement = delete(AccountToken).where(AccountToken.expires_at < now() - timedelta(days=1))
    db.session().execute(statement.execution_options(synchronize_session=False))


def _keep(account_id: int, purpose: TokenPurpose, hashed: str, life: timedelta, moment: datetime) -> None:
    token = AccountToken(account_id=account_id, purpose=purpose, token_hash=hashed)
    token.created_at, token.expires_at = moment, moment + life
    db.session().add(token)
    db.session().flush()


def _open_code(account_id: int) -> AccountToken | None:
    """The newest code that may still be typed in, locked while in a unit."""
    statement = (
        select(AccountToken)
        .where(
            AccountToken.account_id == account_id,
            AccountToken.purpose == TokenPurpose.VERIFY,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now(),
            AccountToken.failures < MAX_FAILURES,
        )
        .order_by(AccountToken.id.desc())
        .limit(1)
    )
    return db.session().scalar(statement.with_for_update() if db.in_unit() else statement)


def _is_good(token: str) -> ColumnElement[bool]:
    return and_(
        AccountToken.token_hash == _hash_of_link(token),
        AccountToken.purpose == TokenPurpose.RESET,
        AccountToken.used_at.is_(None),
        AccountToken.expires_at > now(),
    )


def _is_code(kept: AccountToken, typed: str) -> bool:
    """Compared under every key, since the first may have been changed after the mail."""
    hashes = [_hash_of_code(key, kept.account_id, kept.created_at, typed) for key in settings().signing_keys]
    return any(hmac.compare_digest(hashed, kept.token_hash) for hashed in hashes)


def _hash_of_link(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hash_of_code(key: str, account_id: int, moment: datetime, digits: str) -> str:
    """With the shop's key and what only this row has; a million codes are tried in a second otherwise."""
    return _derive(key, "code hash", f"{account_id} {moment.isoformat()} {digits}").hex()


def _derive(key: str, purpose: str, seed: str) -> bytes:
    return hmac.new(key.encode(), f"accounts {purpose} {seed}".encode(), hashlib.sha256).digest()
