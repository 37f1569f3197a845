"""Licence keys from a pattern: ``*`` is a letter or digit without look-alikes, ``#`` a digit, the rest stays."""

import secrets

from sqlalchemy import select, update

from storefront.catalog.models import Content
from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import READABLE_LETTERS
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.jobs.registry import NeedsAttention

_DIGITS = "0123456789"
_TRIES = 20


class LicenceKeys:
    """Licence keys, as many as were bought; burnt when they are taken back."""

    def grant(self, entitlement: Entitlement, content: Content) -> None:
        """Give as many keys as were bought; those that are there stay."""
        for position in range(entitlement.quantity):
            _insert_key(entitlement, content, position)

    def revoke(self, entitlement: Entitlement, content: Content) -> None:
        """Burn the keys."""
        _set_keys(entitlement, content, KeyState.BURNT)

    def restore(self, entitlement: Entitlement, content: Content) -> None:
        """Let the keys count again."""
        _set_keys(entitlement, content, KeyState.ACTIVE)


def new_key(pattern: str) -> str:
    """Return a fresh random key of that form."""
    return "".join(_fill(sign) for sign in pattern)


def _insert_key(entitlement: Entitlement, content: Content, position: int) -> None:
    """A key that somebody has already (one in 10**12) is refused by the database, and another is made."""
    place = {"entitlement_id": entitlement.id, "content_id": content.id, "position": position}
    known = select(LicenceKey.id).filter_by(**place)
    for _ in range(_TRIES):
        if db.session().scalar(known) is not None:
            return
        values = {**place, "key": new_key(content.pattern), "state": KeyState.ACTIVE, "issued_at": now()}
        if insert_once(LicenceKey, values) is not None:
            return
    raise NeedsAttention(
        f"The pattern of the licence keys ({content.pattern!r}) makes no new ones. Please make it longer."
    )


def _set_keys(entitlement: Entitlement, content: Content, state: KeyState) -> None:
    db.session().execute(
        update(LicenceKey)
        .where(LicenceKey.entitlement_id == entitlement.id, LicenceKey.content_id == content.id)
        .values(state=state)
    )


def _fill(sign: str) -> str:
    if sign == "*":
        return secrets.choice(READABLE_LETTERS)
    return secrets.choice(_DIGITS) if sign == "#" else sign
