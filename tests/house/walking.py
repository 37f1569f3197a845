"""Every address of the shop, with things that exist in place of the variable parts."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Category, Chapter, Content, Lesson
from storefront.catalog.service import collections, tags
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.licensing import pool
from storefront.licensing.models import Activation
from storefront.notifications.models import Message
from storefront.orders.models import Order
from storefront.web.access import Access, access_of
from tests.selling import check_out, make_product, put_into_cart, variant_of

_SHELVES = ("/admin/categories/", "/admin/tags/", "/admin/collections/", "/collections/")

Route = tuple[str, str, str]
"""Endpoint, method, path."""


def furnish(client: FlaskClient, work: Callable[[], int]) -> dict[str, str]:
    """Sell a free course by this browser, and return what may stand in addresses, by the name of the part."""
    with db.unit_of_work():
        product = make_product("A course", amount=0)
        variant_id = variant_of(product).id
        db.session().add(Category(slug="shelf", name="Shelf", description="", position=1, translations={}))
        tags.set_tags(product.id, ["Shelf"])
        collection = collections.create(collections.CollectionInput("Shelf"))
        collections.add_product(collection, product.slug)
        collections.publish(collection)
        collections.put_on_home(collection)
        lesson = Lesson(title="One", body="Words.", duration_seconds=0, position=0, translations={})
        chapter = Chapter(title="First", position=0, translations={}, lessons=[lesson])
        course = Content(product_id=product.id, kind=ContentKind.COURSE, title="Course", body="", position=1)
        course.translations = {}
        db.session().add(course)
        db.session().flush()
        chapter.content_id = course.id
        db.session().add(chapter)
        licence = Content(
            product_id=product.id,
            kind=ContentKind.LICENCE,
            title="Licence",
            pattern="****-****-****",
            position=2,
        )
        licence.translations = {}
        db.session().add(licence)
        db.session().flush()
        looked = pool.look_at(licence, "A-KEY")
    put_into_cart(client, product)
    assert check_out(client).status_code == 303
    work()
    with db.unit_of_work() as session:
        key = session.scalars(select(LicenceKey)).one()
        session.add(Activation(licence_key_id=key.id, instance="A machine"))
    session = db.session()
    order, entitlement = session.scalars(select(Order)).one(), session.scalars(select(Entitlement)).one()
    found = {
        "slug": product.slug,
        "variant_id": str(variant_id),
        "number": order.number,
        "content_id": session.scalars(
            select(Content.public_id).where(Content.kind == ContentKind.COURSE)
        ).one(),
        "chapter_id": session.scalars(select(Chapter.public_id)).one(),
        "licence_id": licence.public_id,
        "key_id": key.public_id,
        "key_import_id": looked.public_id,
        "activation_id": session.scalars(select(Activation.public_id)).one(),
        "lesson_id": session.scalars(select(Lesson.public_id)).one(),
        "message_id": str(session.scalars(select(Message.id)).first()),
        "mail_kind": "order_paid",
        "mail_language": "en",
        "order": order.public_id,
        "entitlement": entitlement.public_id,
    }
    db.close_reader()
    return found


def routes(app: Flask, *methods: str, things: dict[str, str] | None = None) -> list[Route]:
    """Return every route of these methods, with ``things`` or with invented words in the variable parts."""
    return sorted(
        (rule.endpoint, method, _filled(rule.rule, things or {}))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & set(methods)
    )


def routes_for(
    app: Flask, access: Access, *methods: str, things: dict[str, str] | None = None
) -> list[Route]:
    """Return the routes that say they are for these people."""
    with app.app_context():
        return [route for route in routes(app, *methods, things=things) if access_of(route[0]) is access]


def _filled(rule: str, things: dict[str, str]) -> str:
    """Public ids are of orders below /orders, and of entitlements elsewhere; what holds products has a slug, too."""
    known = {
        **things,
        "public_id": things.get("order" if rule.startswith("/orders/") else "entitlement", "x"),
    }
    if rule.startswith(_SHELVES) and things:
        known["slug"] = "shelf"

    if "<content_id>/keys" in rule:
        known["content_id"] = things.get("licence_id", "x")

    def part(match: re.Match[str]) -> str:
        name = match[2]
        return known.get(name) or ("1" if match[1] else "x")

    return re.sub(r"<(?:(int|path|string)[^:>]*:)?(\w+)>", part, rule)
