"""Somebody who has bought files and a lesson, without a checkout."""

import io
from dataclasses import dataclass

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Content, Lesson, Product
from storefront.catalog.service import contents, courses
from storefront.core import db
from storefront.fulfilment import service
from storefront.fulfilment.models import Entitlement
from storefront.orders.models import Order
from storefront.storage import service as storage
from tests.admin.ordering import make_order
from tests.selling import BUYER, make_product


@dataclass
class Purchase:
    """One purchase and what was bought, by ids that people see."""

    product_id: int
    order_id: int
    entitlement_id: int
    public_id: str

    @property
    def page(self) -> str:
        """Where the buyer finds it."""
        return f"/library/{self.public_id}"

    def content(self, title: str) -> Content:
        """Return a content as it is now."""
        db.close_reader()
        statement = select(Content).where(Content.product_id == self.product_id, Content.title == title)
        return db.session().scalars(statement).one()

    def file_path(self, title: str) -> str:
        """Where the buyer downloads a file."""
        return f"/downloads/{self.public_id}/{self.content(title).public_id}"

    def refund(self) -> None:
        """Take everything back."""
        with db.unit_of_work() as session:
            service.revoke(session.get_one(Order, self.order_id), "refunded")


def product_with(*files: tuple[bytes, str]) -> int:
    """Put a product with these files into the shop; returns its id."""
    uploads = [storage.upload(io.BytesIO(data), name) for data, name in files]
    with db.unit_of_work():
        product = make_product(content=None)
        for upload in uploads:
            contents.add_file(product, upload)
        return product.id


def add_lesson(product_id: int, film: bytes, filename: str = "film.mp4") -> str:
    """Add a course with one lesson that plays the film; returns the lesson's public id."""
    upload = storage.upload(io.BytesIO(film), filename)
    with db.unit_of_work() as session:
        product = session.get_one(Product, product_id)
        chapter = courses.add_chapter(product, contents.add_course(product, "Course"), "One")
        lesson = courses.add_lesson(product, chapter, "First lesson")
        courses.set_media(product, courses.get_lesson(product_id, lesson.public_id), upload, None)
        return lesson.public_id


def lesson_of(public_id: str) -> Lesson:
    """Return a lesson as it is now."""
    db.close_reader()
    return db.session().scalars(select(Lesson).where(Lesson.public_id == public_id)).one()


def bought(product_id: int, email: str = BUYER) -> Purchase:
    """Let somebody have a product."""
    with db.unit_of_work() as session:
        order = make_order(session.get_one(Product, product_id), email=email)
        service.grant(order)
        session.flush()
        given = session.scalars(select(Entitlement).where(Entitlement.order_id == order.id)).one()
        return Purchase(product_id, order.id, given.id, given.public_id)


def fetched(client: FlaskClient, path: str, **headers: str) -> bytes:
    """Follow a download to its bytes."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 302, answer.text[:2000]
    sent = client.get(answer.headers["Location"])
    assert sent.status_code == 200, sent.text[:500]
    return bytes(sent.data)
