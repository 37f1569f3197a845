"""Mails about licence keys: to the owner when a pool runs low, to a buyer about new keys."""

from typing import Any

from sqlalchemy import select

from storefront.catalog.models import Content, Product
from storefront.core import db
from storefront.core.errors import N_
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.licensing import pool, replacing
from storefront.notifications.rendering import Mail, Variable, mail, render_mail
from storefront.notifications.writing import Fact
from storefront.orders.mailing import ORDER_VARIABLES, newest_order, order_facts
from storefront.orders.queries import get_order
from storefront.web.language import in_language
from storefront.web.links import absolute_url

DELIVERED = "licence_keys_delivered"

_TITLE = Variable(N_("The title of the licence"), N_("A licence"))
_POOL = {
    "title": _TITLE,
    "product": Variable(N_("The title of the product"), N_("A small program")),
    "free": Variable(N_("How many keys are free"), "3"),
    "pool_url": Variable(N_("The page to import keys"), "/admin/products"),
}


@mail(pool.LOW, title=N_("Few licence keys left, for you"), variables=_POOL)
def licence_pool_low(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that a pool runs low; nothing when it was refilled meanwhile, or is empty, which is told apart."""
    facts = _pool_facts(args["content_id"], language)
    return render_mail(pool.LOW, language, **facts) if facts and facts["free"] else None


@mail(pool.EMPTY, title=N_("No licence keys left, for you"), variables=_POOL)
def licence_pool_empty(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner that a pool is empty; nothing when it was refilled meanwhile."""
    facts = _pool_facts(args["content_id"], language)
    return render_mail(pool.EMPTY, language, **facts) if facts and facts["free"] == 0 else None


@mail(
    replacing.KIND,
    title=N_("Licence key replaced"),
    variables={"title": _TITLE, "keys_url": Variable(N_("The page of the keys"), "/library/example/keys")},
)
def licence_key_replaced(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the buyer that a key was replaced, in case it was somebody else; nothing when it is gone again."""
    key = db.session().get(LicenceKey, args["key_id"])
    if key is None or key.state is not KeyState.ACTIVE or key.entitlement_id is None:
        return None
    entitlement = db.session().get_one(Entitlement, key.entitlement_id)
    content = db.session().get_one(Content, key.content_id)
    return render_mail(
        replacing.KIND,
        language,
        title=in_language(content, "title", language),
        keys_url=absolute_url(f"/library/{entitlement.public_id}/keys", language),
    )


@mail(
    DELIVERED,
    title=N_("Licence keys that had to be waited for"),
    variables=ORDER_VARIABLES,
    example=newest_order,
)
def licence_keys_delivered(args: dict[str, Any], language: str) -> Mail | None:
    """Tell a buyer that the keys that were lacking are there."""
    return render_mail(DELIVERED, language, **order_facts(get_order(args["order_id"]), language))


def _pool_facts(content_id: int, language: str) -> dict[str, Fact] | None:
    session = db.session()
    content = session.get(Content, content_id)
    if content is None or not content.keys_from_pool:
        return None
    free = pool.counts([content.id]).get(content.id, pool.PoolCount()).free
    if free > content.low_pool_at:
        return None
    slug, title = session.execute(
        select(Product.slug, Product.title).where(Product.id == content.product_id)
    ).one()
    return {
        "title": in_language(content, "title", language),
        "product": title,
        "free": free,
        "pool_url": absolute_url(f"/admin/products/{slug}/contents/{content.public_id}/keys", language),
    }
