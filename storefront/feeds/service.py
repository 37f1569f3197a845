"""Secrets of feeds: made, replaced, closed, and looked up.

A program that fetches a feed can't log in, so its address is the key: 256 random bits, of which only the hash is kept.
It opens what the entitlement opens, at the moment of each fetch: a refund, an end, a place that is taken back close it.
"""

import hashlib

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.core.ids import new_token
from storefront.feeds.models import FeedKey
from storefront.fulfilment.doors import require_open
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import Holding, holdings_of_account, read_holdings

_SEEN_EVERY = timedelta(minutes=10)


def open_podcast(entitlement_id: int) -> str:
    """Return a new secret for the podcast of an entitlement, in the current unit; the one before is worth nothing."""
    return _open("entitlement_id", entitlement_id)


def open_books(account_id: int) -> str:
    """Return a new secret for the books of an account, in the current unit; the one before is worth nothing."""
    return _open("account_id", account_id)


def close_podcast(entitlement_id: int) -> None:
    """Close the podcast of an entitlement, in the current unit; harmless when repeated."""
    _close(FeedKey.entitlement_id == entitlement_id)


def close_books(account_id: int) -> None:
    """Close the books of an account, in the current unit; harmless when repeated."""
    _close(FeedKey.account_id == account_id)


def find_podcast_key(entitlement_id: int) -> FeedKey | None:
    """Return what is known of the podcast of an entitlement, if it is open."""
    return db.session().scalar(select(FeedKey).where(FeedKey.entitlement_id == entitlement_id))


def find_books_key(account_id: int) -> FeedKey | None:
    """Return what is known of the books of an account, if they are open."""
    return db.session().scalar(select(FeedKey).where(FeedKey.account_id == account_id))


def get_podcast(token: str) -> Holding:
    """Return what the secret opens, if it may be used now.

    Raises:
        NotFound: nobody has this secret (any more), or it was taken back. NotOpen: not now.
    """
    key = _get(token)
    found = read_holdings(select(Entitlement).where(Entitlement.id == key.entitlement_id))
    if not found or not found[0].is_kept:
        raise NotFound
    require_open(found[0].entitlement)
    return found[0]


def get_books(token: str) -> tuple[int, list[Holding]]:
    """Return the account of the secret, and all that it may use now, newest first.

    Raises:
        NotFound: nobody has this secret (any more).
    """
    key = _get(token)
    if key.account_id is None:
        raise NotFound
    holdings = holdings_of_account(key.account_id)
    return key.account_id, [one for one in holdings if one.is_active and one.entitlement.asked_at is None]


def note_used(token: str) -> None:
    """Note in the current unit that a program has fetched the feed, now and then."""
    moment = now()
    is_old = FeedKey.used_at.is_(None) | (FeedKey.used_at < moment - _SEEN_EVERY)
    db.session().execute(
        update(FeedKey)
        .where(FeedKey.token_hash == _hashed(token), is_old)
        .values(used_at=moment)
        .execution_options(synchronize_session=False)
    )


def _open(column: str, owner_id: int) -> str:
    """Two clicks at once leave one secret: the later."""
    token = new_token()
    values = {"token_hash": _hashed(token), "created_at": now(), "used_at": None}
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    statement = insert(FeedKey).values({column: owner_id, **values})
    db.session().execute(statement.on_conflict_do_update(index_elements=[column], set_=values))
    return token


def _close(which: ColumnElement[bool]) -> None:
    db.session().execute(delete(FeedKey).where(which).execution_options(synchronize_session=False))


def _get(token: str) -> FeedKey:
    key = db.session().scalar(select(FeedKey).where(FeedKey.token_hash == _hashed(token)))
    if key is None:
        raise NotFound
    return key


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
