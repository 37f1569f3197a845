"""What an application asks of a key: is it good, may it be used here, is it no longer used here."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, update

from storefront.catalog.models import Content, OldSlug, Product
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.fulfilment.access import note
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.fulfilment.states import Deed
from storefront.journal import service as journal
from storefront.licensing import signing
from storefront.licensing.models import Activation

LONGEST_INSTANCE = 200
LONGEST_LABEL = 120
# Where the owner set no limit, so that nobody who has seen a key fills the database with it.
MOST_ACTIVATIONS = 1000


class NotGood(Exception):
    """A key can't be used for this now. ``code`` is stable, the sentence is for the programmer who reads it."""

    def __init__(self, code: str, sentence: str, status: int = 409, **more: Any) -> None:
        super().__init__(sentence)
        self.code, self.status, self.more = code, status, more


@dataclass(frozen=True, slots=True)
class Standing:
    """A key that may be used: whose, of what, on how many machines."""

    key: LicenceKey
    entitlement: Entitlement
    content: Content
    product: Product


def verify(key: str, product: str, instance: str | None) -> dict[str, Any]:
    """Return what an application may know of a good key. Must run in a unit: it notes that the instance was seen.

    Raises:
        NotGood: there is no such key of this product, or it does not count now.
    """
    good = _find(key, product)
    if instance is not None:
        db.session().execute(
            update(Activation)
            .where(Activation.licence_key_id == good.key.id, Activation.instance == instance)
            .values(seen_at=now())
        )
    return _facts(good, instance)


def activate(key: str, product: str, instance: str, label: str) -> dict[str, Any]:
    """Take a seat of the key for this instance; one that has a seat keeps it. Must run in a unit.

    Raises:
        NotGood: there is no such key of this product, it does not count now, or all its seats are taken.
    """
    good = _find(key, product, for_update=True)
    session = db.session()
    held = session.scalar(
        select(Activation).where(Activation.licence_key_id == good.key.id, Activation.instance == instance)
    )
    if held is not None:
        held.seen_at, held.label = now(), label or held.label
        session.flush()
    else:
        limit, used = good.content.activation_limit, _used(good.key)
        if used >= (limit or MOST_ACTIVATIONS):
            raise NotGood(
                "no_seats",
                "All activations of this key are in use. Deactivate one, or ask the buyer to free one in the library.",
                activations={"used": used, "limit": limit},
            )
        session.add(Activation(licence_key_id=good.key.id, instance=instance, label=label))
        session.flush()
        journal.write(_topic(good.entitlement), "key.activated", instance=instance)
        note(good.entitlement, Deed.KEY, good.content.title)
    file = signing.licence_file(good.key, good.entitlement, good.product, instance)
    return {**_facts(good, instance), "activated": held is None, "file": file}


def deactivate(key: str, product: str, instance: str) -> dict[str, Any]:
    """Give the seat of this instance back; one that has none changes nothing. Must run in a unit.

    Raises:
        NotGood: there is no such key of this product, or it does not count now.
    """
    good = _find(key, product, for_update=True)
    held = db.session().scalar(
        select(Activation).where(Activation.licence_key_id == good.key.id, Activation.instance == instance)
    )
    if held is not None:
        _free(good.entitlement, held)
    return {**_facts(good, instance), "deactivated": held is not None}


def free_seat(key: LicenceKey, entitlement: Entitlement, activation_id: str) -> None:
    """Free a seat of a key by hand, in the current unit; harmless when it is free already."""
    db.session().execute(select(LicenceKey.id).where(LicenceKey.id == key.id).with_for_update())
    held = db.session().scalar(
        select(Activation).where(Activation.licence_key_id == key.id, Activation.public_id == activation_id)
    )
    if held is not None:
        _free(entitlement, held)


def activations_of(key_ids: list[int]) -> dict[int, list[Activation]]:
    """Return where keys are in use, the oldest first (one query)."""
    found: dict[int, list[Activation]] = {}
    statement = select(Activation).where(Activation.licence_key_id.in_(key_ids)).order_by(Activation.id)
    for activation in db.session().scalars(statement):
        found.setdefault(activation.licence_key_id, []).append(activation)
    return found


def get_key(
    public_id: str, *, entitlement_id: int | None = None, content_id: int | None = None
) -> LicenceKey:
    """Return a key of this buyer or of this content; one that was replaced is gone.

    Raises:
        NotFound: there is none of that name.
    """
    conditions = [LicenceKey.public_id == public_id]
    if entitlement_id is not None:
        conditions += [LicenceKey.entitlement_id == entitlement_id, LicenceKey.position.is_not(None)]
    if content_id is not None:
        conditions.append(LicenceKey.content_id == content_id)
    if len(conditions) == 1:
        raise NotFound
    return db.get_or_404(LicenceKey, *conditions)


def _find(key: str, product: str, *, for_update: bool = False) -> Standing:
    """A key of another product is answered like one that is not there, so that nobody learns what a key is for."""
    was_called = exists().where(OldSlug.product_id == Product.id, OldSlug.slug == product)
    statement = (
        select(LicenceKey, Entitlement, Content, Product)
        .join(Entitlement, Entitlement.id == LicenceKey.entitlement_id)
        .join(Content, Content.id == LicenceKey.content_id)
        .join(Product, Product.id == Content.product_id)
        .where(LicenceKey.key == key, (Product.slug == product) | was_called)
    )
    if for_update:
        # Who activates waits for whoever does so with the same key: the limit is counted by one after the other.
        statement = statement.with_for_update(of=LicenceKey).execution_options(populate_existing=True)
    row = db.session().execute(statement).one_or_none()
    if row is None:
        raise NotGood("unknown_key", "There is no such key for this product.", 404)
    good = Standing(*row)
    _check(good)
    return good


def _check(good: Standing) -> None:
    entitlement, moment = good.entitlement, now()
    if good.key.state is KeyState.SUSPENDED:
        raise NotGood("suspended", "The payment for this key is disputed; it may count again later.")
    if good.key.state is not KeyState.ACTIVE or entitlement.revoked_at is not None:
        raise NotGood("revoked", "This key does not count any more: it was refunded or replaced.")
    if entitlement.starts_at > moment:
        raise NotGood(
            "not_yet_valid",
            "This key counts later.",
            starts_at=entitlement.starts_at.isoformat(timespec="seconds"),
        )
    if entitlement.ends_at is not None and entitlement.ends_at <= moment:
        raise NotGood(
            "expired",
            "The time of this key is over.",
            expires_at=entitlement.ends_at.isoformat(timespec="seconds"),
        )


def _facts(good: Standing, instance: str | None) -> dict[str, Any]:
    ends_at = good.entitlement.ends_at
    facts: dict[str, Any] = {
        "valid": True,
        "product": good.product.slug,
        "expires_at": ends_at.isoformat(timespec="seconds") if ends_at else None,
        "activations": {"used": _used(good.key), "limit": good.content.activation_limit},
    }
    if instance is not None:
        statement = select(func.count()).where(
            Activation.licence_key_id == good.key.id, Activation.instance == instance
        )
        facts["instance"] = {"name": instance, "active": bool(db.session().scalar(statement))}
    return facts


def _used(key: LicenceKey) -> int:
    statement = select(func.count()).where(Activation.licence_key_id == key.id)
    return db.session().scalar(statement) or 0


def _free(entitlement: Entitlement, held: Activation) -> None:
    db.session().delete(held)
    db.session().flush()
    journal.write(_topic(entitlement), "key.deactivated", instance=held.instance)


def _topic(entitlement: Entitlement) -> str:
    return f"order:{entitlement.order_id}"
