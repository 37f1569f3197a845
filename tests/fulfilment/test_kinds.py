"""One content model: what is added today reaches earlier buyers, what is removed goes, and kinds ask nobody else."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.catalog.models import Content, Product
from storefront.catalog.service import contents
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment import service
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.jobs.models import Job
from storefront.orders.service import moving
from tests.fulfilment.owning import Work, have, sell
from tests.selling import check_out, put_into_cart, send


def _active_keys() -> int:
    db.close_reader()
    return len(list(db.session().scalars(select(LicenceKey.id).where(LicenceKey.state == KeyState.ACTIVE))))


def _product(product: Product) -> Product:
    return db.session().get_one(Product, product.id)


def test_licence_added_later_gives_keys_to_earlier_buyers_and_a_link_shows_itself(
    client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    product = sell()
    bought = have(client, work, product, 2)
    page = f"/admin/products/{product.slug}/contents/new"
    fields = {"title": "Your key", "pattern": "NEW-****-****-****"}
    assert send(owner_client, f"{page}/licence", **fields).status_code == 303
    wrong = send(owner_client, f"{page}/link", title="The room", url="javascript:alert(1)")
    assert wrong.status_code == 422
    room = "https://rooms.example.org/quiet"
    assert send(owner_client, f"{page}/link", title="The room", url=room).status_code == 303
    work()
    work()
    assert _active_keys() == 2
    shown = client.get(f"/library/{bought.public_id}").text
    assert (shown.count("NEW-"), f'href="{room}"' in shown) == (2, True)
    with db.unit_of_work():
        locked = _product(product)
        link = db.session().scalars(select(Content).where(Content.kind == ContentKind.LINK)).one()
        contents.remove(locked, contents.get_content(product.id, link.public_id))
    assert room not in client.get(f"/library/{bought.public_id}").text


def test_content_that_is_for_other_variants_now_is_taken_back(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    product = sell(content=ContentKind.LICENCE)
    have(client, work, product)
    assert _active_keys() == 1
    elsewhere = sell()
    with app.app_context(), db.unit_of_work() as session:
        other = session.scalars(select(Product).where(Product.id == elsewhere.id)).one()
        variant_id = session.scalars(select(Entitlement.variant_id)).one() + 1
        session.execute(update(Content).where(Content.product_id == product.id).values(variant_id=variant_id))
        assert other.id != product.id
        contents.reach_buyers(session.scalars(select(Content).where(Content.product_id == product.id)).one())
    work()
    assert _active_keys() == 0


def test_kind_that_needs_the_owner_rests_with_its_reason(app: Flask, client: FlaskClient, work: Work) -> None:
    product = sell(content=ContentKind.LICENCE)
    with db.unit_of_work() as session:
        session.execute(update(Content).values(pattern="SAME-FOR-ALL"))
    have(client, work, product)
    put_in = have_without_keys(client, work, product)
    assert put_in.kind == "grant_order"
    with app.app_context(), db.unit_of_work():
        order_id = db.session().scalars(select(Entitlement.order_id)).one()
        service.revoke(moving.lock(order_id), "refunded")
    assert _active_keys() == 0


def have_without_keys(client: FlaskClient, work: Work, product: Product) -> Job:
    """Buy what can't be delivered, and return the work that rests."""
    put_into_cart(client, product)
    assert check_out(client).status_code == 303
    work()
    db.close_reader()
    return db.session().scalars(select(Job).where(Job.resting_since.is_not(None))).one()
