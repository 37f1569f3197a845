"""What tests of licence keys do again and again: sell a licence, fill a pool, ask as an application would."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from storefront.catalog.models import Content, Product
from storefront.catalog.states import ContentKind, ProductKind
from storefront.core import db
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.licensing import pool
from tests.selling import make_product


def licence(title: str = "A program", limit: int | None = None, keys: str = "", **words: Any) -> Product:
    """Put a program with licence keys on sale: made by a pattern, or those of a pool."""
    with db.unit_of_work() as session:
        product = make_product(title, kind=ProductKind.LICENCE, content=ContentKind.LICENCE, **words)
        session.execute(
            update(Content)
            .where(Content.product_id == product.id)
            .values(activation_limit=limit, keys_from_pool=bool(keys), low_pool_at=1)
        )
    if keys:
        fill(product, keys)
    return product


def content_of(product: Product) -> Content:
    """Return the licence of a product, as it is now."""
    db.close_reader()
    return db.session().scalars(select(Content).where(Content.product_id == product.id)).one()


def fill(product: Product, keys: str) -> None:
    """Import keys, as the owner and the worker do."""
    content = content_of(product)
    with db.unit_of_work():
        looked = pool.look_at(content, keys)
        pool.begin_import(content, looked.public_id)
    pool.run_import(looked.id)


def keys(state: KeyState | None = KeyState.ACTIVE) -> list[str]:
    """Return all keys in a state, in the order in which they came."""
    db.close_reader()
    statement = select(LicenceKey.key).order_by(LicenceKey.id)
    return list(
        db.session().scalars(statement if state is None else statement.where(LicenceKey.state == state))
    )


def library() -> str:
    """Return the address of the only thing that was bought."""
    db.close_reader()
    return f"/library/{db.session().scalars(select(Entitlement.public_id)).one()}"


def ask(client: FlaskClient, what: str, product: Product, key: str, **more: str) -> TestResponse:
    """Ask the shop as an application does."""
    return client.post(f"/api/licences/{what}", json={"key": key, "product": product.slug, **more})


def outcome(answer: TestResponse) -> tuple[int, str | None]:
    """Return the status and the code of an answer."""
    assert answer.json is not None
    return answer.status_code, answer.json.get("error")
