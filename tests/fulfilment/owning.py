"""Having things: bought for nothing, which is a purchase like any other, and looked at as they are now."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Product
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from tests.selling import BUYER, check_out, make_product, put_into_cart

Work = Callable[[], int]


def sell(**words: Any) -> Product:
    """Put a product that costs nothing into the shop."""
    with db.unit_of_work():
        return make_product(**{"amount": 0, **words})


def have(
    client: FlaskClient, work: Work, product: Product, quantity: int = 1, email: str = BUYER
) -> Entitlement:
    """Buy so many, and return what the buyer then has."""
    known = set(db.session().scalars(select(Entitlement.id)))
    put_into_cart(client, product, quantity)
    assert check_out(client, email=email).status_code == 303
    work()
    db.close_reader()
    new = select(Entitlement).where(Entitlement.id.not_in(known), Entitlement.parent_id.is_(None))
    return db.session().scalars(new).one()


def again(entitlement: Entitlement) -> Entitlement:
    """Return it as it is now."""
    db.close_reader()
    return db.session().get_one(Entitlement, entitlement.id)


def seats_of(entitlement: Entitlement) -> list[Entitlement]:
    """Return all places that were ever given away of it, as they are now."""
    db.close_reader()
    found = select(Entitlement).where(Entitlement.parent_id == entitlement.id).order_by(Entitlement.id)
    return list(db.session().scalars(found))
