"""A thing that was bought, and its review, as a buyer makes them over HTTP."""

import io
from collections.abc import Callable
from dataclasses import dataclass

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from storefront.catalog.models import Product
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.orders.models import Order
from tests.selling import BUYER, check_out, make_product, put_into_cart, token_of


@dataclass
class Bought:
    """What a buyer has: the product, its order, and the address of the thing."""

    product: Product
    order: Order
    public_id: str

    @property
    def review_path(self) -> str:
        """The page on which the buyer reviews it."""
        return f"/library/{self.public_id}/review"


def buy(
    client: FlaskClient, work: Callable[[], int], *, email: str = BUYER, product: Product | None = None
) -> Bought:
    """Buy a product that costs nothing, which is a purchase like any other."""
    if product is None:
        with db.unit_of_work():
            product = make_product(amount=0)
    known = set(db.session().scalars(select(Entitlement.id)))
    put_into_cart(client, product)
    assert check_out(client, email=email).status_code == 303
    work()
    db.close_reader()
    entitlement = db.session().scalars(select(Entitlement).where(Entitlement.id.not_in(known))).one()
    order = db.session().get_one(Order, entitlement.order_id)
    return Bought(product, order, entitlement.public_id)


def review(
    client: FlaskClient, bought: Bought, rating: int = 5, pictures: int = 0, **fields: str
) -> TestResponse:
    """Fill in the form and send it."""
    data: dict[str, object] = {
        "csrf_token": token_of(client.get(bought.review_path)),
        "rating": str(rating),
        **fields,
    }
    data["pictures"] = [(picture_bytes(), f"{number}.jpg") for number in range(pictures)]
    return client.post(bought.review_path, data=data, content_type="multipart/form-data")


def picture_bytes() -> io.BytesIO:
    """Return a small photograph."""
    made = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(made, "JPEG")
    made.seek(0)
    return made


def counted(product_id: int) -> tuple[int, int]:
    """Return what the product says of its reviews now: how many, and all their stars."""
    db.close_reader()
    product = db.session().get_one(Product, product_id)
    return product.review_count, product.rating_sum
