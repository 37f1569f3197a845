"""A draft is saved while the owner writes; what is published changes only by the button."""

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from storefront.catalog.models import Product
from storefront.catalog.states import ProductState
from storefront.core import db
from tests.admin.desk import Desk, fill
from tests.selling import make_product

_FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_draft_is_saved_while_writing(owner_client: FlaskClient) -> None:
    product = _make(ProductState.DRAFT)
    answer = _write(owner_client, product, "New words", version=product.version)
    assert answer.headers["X-Saved"] == "1"
    assert f'value="{product.version + 1}"' in answer.text
    assert _summary(product) == "New words"


def test_autosave_never_overwrites_another_window(owner_client: FlaskClient) -> None:
    product = _make(ProductState.DRAFT)
    _write(owner_client, product, "First window", version=product.version)
    answer = _write(owner_client, product, "Second window", version=product.version)
    assert "X-Saved" not in answer.headers
    assert "another window" in answer.text
    assert _summary(product) == "First window"


def test_published_product_is_not_changed_by_itself(owner_client: FlaskClient) -> None:
    product = _make(ProductState.PUBLISHED)
    before = _summary(product)
    assert "X-Saved" not in _write(owner_client, product, "Half a sent", version=product.version).headers
    assert _summary(product) == before


def _make(state: ProductState) -> Product:
    with db.unit_of_work():
        return make_product(state=state)


def _write(client: FlaskClient, product: Product, summary: str, *, version: int) -> TestResponse:
    path = f"/admin/products/{product.slug}"
    fields = Desk(client).form(path)
    fill(fields, {"summary": summary, "version": str(version)})
    return client.post(f"{path}/autosave", data=fields, headers=_FRAGMENT)


def _summary(product: Product) -> str:
    return db.session().scalars(select(Product.summary).where(Product.id == product.id)).one()
