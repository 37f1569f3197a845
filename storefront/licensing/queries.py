"""What the owner reads of licence keys."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from storefront.core import db
from storefront.core.clock import datetime
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.licensing.models import Activation, ImportState, KeyImport
from storefront.orders.models import Order


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that was given out, to whom, and on how many machines it is in use."""

    id: int
    public_id: str
    key: str
    state: KeyState
    burnt_reason: str | None
    issued_at: datetime | None
    email: str
    order_number: str
    activations: int


_ACTIVATIONS = (
    select(func.count())
    .where(Activation.licence_key_id == LicenceKey.id)
    .correlate(LicenceKey)
    .scalar_subquery()
)
_ROW = (
    select(
        LicenceKey.id,
        LicenceKey.public_id,
        LicenceKey.key,
        LicenceKey.state,
        LicenceKey.burnt_reason,
        LicenceKey.issued_at,
        Entitlement.email,
        Order.number,
        _ACTIVATIONS.label("activations"),
    )
    .join(Entitlement, Entitlement.id == LicenceKey.entitlement_id)
    .join(Order, Order.id == Entitlement.order_id)
)


def list_keys(content_id: int, words: str, before_id: int | None, limit: int) -> list[KeyRow]:
    """Return keys of a content that were given out, newest first; ``words`` is a part of a key or an address."""
    statement = _ROW.where(LicenceKey.content_id == content_id).order_by(LicenceKey.id.desc()).limit(limit)
    if words:
        is_meant = LicenceKey.key.icontains(words, autoescape=True) | Entitlement.email.icontains(
            words, autoescape=True
        )
        statement = statement.where(is_meant)
    if before_id is not None:
        statement = statement.where(LicenceKey.id < before_id)
    return _rows(statement)


def find_row(key_id: int) -> KeyRow | None:
    """Return one key that was given out."""
    found = _rows(_ROW.where(LicenceKey.id == key_id))
    return found[0] if found else None


def recent_imports(content_id: int) -> list[KeyImport]:
    """Return the imports of a content that have begun, newest first."""
    statement = (
        select(KeyImport)
        .where(KeyImport.content_id == content_id, KeyImport.state != ImportState.LOOKED_AT)
        .order_by(KeyImport.id.desc())
        .limit(5)
    )
    return list(db.session().scalars(statement))


def _rows(statement: Any) -> list[KeyRow]:
    return [KeyRow(*row) for row in db.session().execute(statement)]
