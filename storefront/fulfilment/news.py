"""Telling buyers of a new version: one mail each, by the worker in batches, and none to who does not want them."""

import hashlib
from dataclasses import replace
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Content, ContentVersion, NewsOptOut, Product
from storefront.catalog.service.versions import TELL
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import is_active
from storefront.jobs.registry import job
from storefront.jobs.service import enqueue
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.web.language import in_language
from storefront.web.links import absolute_url
from storefront.web.setup import settings

KIND = "new_version"
_BATCH = 200


@job(TELL)
def tell_batch(version_id: int, after_id: int) -> None:
    """Put down the mails for the next buyers, and the work for those after them."""
    session = db.session()
    version = session.get(ContentVersion, version_id)
    content = session.get(Content, version.content_id) if version else None
    if version is None or content is None or version.withdrawn_at is not None:
        return
    statement = (
        select(Entitlement, Order.language)
        .join(Order, Order.id == Entitlement.order_id)
        .where(Entitlement.product_id == content.product_id, Entitlement.id > after_id)
        .order_by(Entitlement.id)
        .limit(_BATCH)
    )
    if content.variant_id is not None:
        statement = statement.where(Entitlement.variant_id == content.variant_id)
    rows = list(session.execute(statement))
    for entitlement, language in rows:
        if is_active(entitlement) and not has_opted_out(content.product_id, entitlement.email):
            _tell(version, content, entitlement, language)
    if len(rows) == _BATCH:
        last = rows[-1][0].id
        enqueue(TELL, unique_key=f"{TELL}:{version_id}:{last}", version_id=version_id, after_id=last)


def _example() -> dict[str, Any] | None:
    """Return the newest version that was told, and somebody who has it."""
    statement = (
        select(ContentVersion.id, Entitlement.id)
        .join(Content, Content.id == ContentVersion.content_id)
        .join(Entitlement, Entitlement.product_id == Content.product_id)
        .where(Entitlement.revoked_at.is_(None), ContentVersion.withdrawn_at.is_(None))
        .order_by(ContentVersion.id.desc(), Entitlement.id.desc())
        .limit(1)
    )
    row = db.session().execute(statement).one_or_none()
    return {"version_id": row[0], "entitlement_id": row[1]} if row else None


@mail(
    KIND,
    title=N_("A new version of a file"),
    variables={
        "product_title": Variable(N_("The title of the product"), N_("A small book")),
        "content_title": Variable(N_("The title of the file"), N_("The guide")),
        "version_name": Variable(N_("The number or name of the version"), N_("2.0")),
        "what_is_new": Variable(N_("What is new in it"), N_("Two more chapters.\nFewer mistakes.")),
        "library_url": Variable(N_("The page of what was bought"), "/library/example", needed=True),
        "leave_url": Variable(N_("The page to hear no more of it"), "/library/news/example", needed=True),
    },
    example=_example,
)
def new_version(args: dict[str, Any], language: str) -> Mail | None:
    """Say what is new; nothing when it was withdrawn, the access has ended or the person wants no more of these."""
    session = db.session()
    entitlement = session.get(Entitlement, args["entitlement_id"])
    version = session.get(ContentVersion, args["version_id"])
    content = session.get(Content, version.content_id) if version else None
    if entitlement is None or version is None or content is None or version.withdrawn_at is not None:
        return None
    if not is_active(entitlement) or has_opted_out(content.product_id, entitlement.email):
        return None
    leave_url = absolute_url(opt_out_path(content.product_id, entitlement.email), language)
    written = render_mail(
        KIND,
        language,
        product_title=in_language(session.get_one(Product, content.product_id), "title", language),
        content_title=in_language(content, "title", language),
        version_name=version.name,
        what_is_new=block("_what_is_new", language, notes=version.notes) if version.notes else "",
        library_url=absolute_url(f"/library/{entitlement.public_id}", language),
        leave_url=leave_url,
    )
    return replace(written, unsubscribe_url=leave_url)


def opt_out_path(product_id: int, email: str) -> str:
    """Return the signed address, without language, at which a mailbox ends these mails; it names nobody."""
    return f"/library/news/{_signer().dumps([product_id, _hashed(email)])}"


def read_opt_out(token: str) -> tuple[Product, str]:
    """Return which product and mailbox the address stands for, the latter as a hash.

    Raises:
        NotFound: it was not signed by us, or the product is gone.
    """
    try:
        product_id, hashed = _signer().loads(token)
    except (BadSignature, ValueError) as error:
        raise NotFound from error
    return db.get_or_404(Product, Product.id == int(product_id)), str(hashed)


def opt_out(product_id: int, hashed_email: str) -> None:
    """Note in the current unit that the mailbox wants no news of the product; harmless when repeated."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"product_id": product_id, "email_sha256": hashed_email, "created_at": now()}
    db.session().execute(insert(NewsOptOut).values(**row).on_conflict_do_nothing())


def has_opted_out(product_id: int, email: str) -> bool:
    """Whether the mailbox wants no news of the product."""
    return db.session().get(NewsOptOut, (product_id, _hashed(email))) is not None


def _tell(version: ContentVersion, content: Content, entitlement: Entitlement, language: str) -> None:
    """One mail to a mailbox, however often it has bought the product."""
    tell(
        KIND,
        entitlement.email,
        language,
        unique_key=f"{KIND}:{version.id}:{_hashed(entitlement.email)}",
        topic=f"product:{content.product_id}",
        version_id=version.id,
        entitlement_id=entitlement.id,
    )


def _signer() -> URLSafeSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    return URLSafeSerializer(list(reversed(settings().signing_keys)), salt="fulfilment.news")


def _hashed(email: str) -> str:
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()
