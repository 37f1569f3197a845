"""Closing what somebody has, for a reason, and opening it again when no reason is left."""

from sqlalchemy import delete, select

from storefront.catalog.models import Content
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.kinds import handler_of
from storefront.fulfilment.models import Entitlement, EntitlementClosing
from storefront.journal.service import write as journal


def close(entitlement: Entitlement, reason: str) -> None:
    """Close one entitlement for a reason, in the current unit; harmless when repeated.

    Kinds hear of each reason, since one may weigh more than another: a dispute suspends a key, a refund burns it.
    """
    row = {"entitlement_id": entitlement.id, "reason": reason, "closed_at": now()}
    if insert_once(EntitlementClosing, row) is None:
        return
    entitlement.revoked_at, entitlement.revoked_reason = entitlement.revoked_at or now(), reason
    for content in contents_of(entitlement):
        handler_of(content.kind).revoke(entitlement, content)
    journal(topic_of(entitlement), "access.revoked", reason=reason)


def reopen(entitlement: Entitlement, reason: str) -> None:
    """Take a reason away, in the current unit; it is open again when none is left."""
    session = db.session()
    gone = session.execute(
        delete(EntitlementClosing)
        .where(EntitlementClosing.entitlement_id == entitlement.id, EntitlementClosing.reason == reason)
        .execution_options(synchronize_session=False)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]  # CursorResult
        return
    left = select(EntitlementClosing.reason).where(EntitlementClosing.entitlement_id == entitlement.id)
    other = session.scalar(left.order_by(EntitlementClosing.id).limit(1))
    if other is not None:
        entitlement.revoked_reason = other
        return
    entitlement.revoked_at = entitlement.revoked_reason = None
    for content in contents_of(entitlement):
        handler = handler_of(content.kind)
        handler.restore(entitlement, content)
        handler.grant(entitlement, content)  # what was added while it was closed
    journal(topic_of(entitlement), "access.restored", reason=reason)


def contents_of(entitlement: Entitlement) -> list[Content]:
    """Return what comes with what was bought, as it is now."""
    statement = select(Content).where(Content.product_id == entitlement.product_id).order_by(Content.id)
    return [content for content in db.session().scalars(statement) if belongs(content, entitlement)]


def belongs(content: Content, entitlement: Entitlement) -> bool:
    """Whether the content is for the variant that was bought."""
    return content.product_id == entitlement.product_id and content.variant_id in (
        None,
        entitlement.variant_id,
    )


def topic_of(entitlement: Entitlement) -> str:
    """Return how the journal names the order that it came with."""
    return f"order:{entitlement.order_id}"
