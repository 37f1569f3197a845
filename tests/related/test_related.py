"""What stands beside a product: alike by category and tags, or bought together."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from storefront.catalog.models import Category, Product, ProductRelated, RelatedWalk, Variant
from storefront.catalog.service.tags import set_tags
from storefront.catalog.stamp import read_stamp
from storefront.catalog.states import Kinship, ProductState
from storefront.core import db
from storefront.core.ids import new_public_id
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import PaymentState
from storefront.related.walking import ALIKE, BOUGHT, Route, walk
from tests.house.test_queries import queries_of
from tests.selling import make_product


@pytest.fixture(autouse=True)
def _in_the_shop(app: Flask) -> object:
    with app.app_context():
        yield


def beside(product: Product, kind: Kinship) -> list[int]:
    """Return what is written down, best first."""
    statement = (
        select(ProductRelated.other_id)
        .where(ProductRelated.product_id == product.id, ProductRelated.kind == kind)
        .order_by(ProductRelated.rank)
    )
    return list(db.session().scalars(statement))


def walk_anew(route: Route) -> int:
    """Walk as if the last time were long ago."""
    with db.unit_of_work() as session:
        session.execute(delete(RelatedWalk))
    return walk(route)


def order(*products: Product, state: PaymentState = PaymentState.PAID) -> None:
    """Write an order down as a checkout would leave it; must run within a unit."""
    session = db.session()
    made = Order(
        checkout_key=new_public_id(),
        fingerprint="",
        email="anna@example.org",
        language="en",
        currency="EUR",
        subtotal_amount=0,
        total_amount=0,
        payment_state=state,
    )
    session.add(made)
    session.flush()
    for product in products:
        variant_id = session.scalar(select(Variant.id).where(Variant.product_id == product.id))
        facts = {"title": product.title, "variant_title": "", "sku": "S", "requires_shipping": False}
        amounts = {"unit_amount": 0, "quantity": 1, "total_amount": 0}
        session.add(
            OrderLine(order_id=made.id, product_id=product.id, variant_id=variant_id, **facts, **amounts)
        )
    session.flush()


def test_common_tags_count_more_than_the_category_and_drafts_are_left_out() -> None:
    with db.unit_of_work() as session:
        shelf = Category(slug="books", name="Books")
        session.add(shelf)
        session.flush()
        ink, pen, book, draft, other = [make_product(title) for title in ("Ink", "Pen", "Book", "Draft", "X")]
        for product in (ink, book):
            product.category_id = shelf.id
        set_tags(ink.id, ["Blue", "Writing"])
        set_tags(pen.id, ["Writing", "Blue"])
        set_tags(draft.id, ["Blue", "Writing"])
        draft.state = ProductState.DRAFT

    walk(ALIKE)

    assert beside(ink, Kinship.ALIKE) == [pen.id, book.id]
    assert beside(book, Kinship.ALIKE) == [ink.id]
    assert beside(draft, Kinship.ALIKE) == beside(other, Kinship.ALIKE) == []


def test_bought_together_takes_two_paid_orders_of_which_no_money_went_back() -> None:
    with db.unit_of_work():
        ink, pen, paper, card = [make_product(title) for title in ("Ink", "Pen", "Paper", "Card")]
        order(ink, pen)
        order(ink, pen, paper)
        order(ink, paper, state=PaymentState.REFUNDED)
        order(ink, paper, state=PaymentState.PARTLY_REFUNDED)
        order(ink, card, state=PaymentState.UNPAID)
        order(ink, card)

    walk(BOUGHT)

    assert beside(ink, Kinship.BOUGHT) == [pen.id]
    assert beside(pen, Kinship.BOUGHT) == [ink.id]
    assert beside(paper, Kinship.BOUGHT) == beside(card, Kinship.BOUGHT) == []


def test_a_refund_takes_back_what_was_bought_together() -> None:
    with db.unit_of_work() as session:
        ink, pen = make_product("Ink"), make_product("Pen")
        order(ink, pen)
        order(ink, pen)
    walk(BOUGHT)
    with db.unit_of_work() as session:
        session.execute(update(Order).values(payment_state=PaymentState.REFUNDED))

    walk_anew(BOUGHT)

    assert beside(ink, Kinship.BOUGHT) == []


def test_a_walk_that_changes_something_raises_the_stamp_and_one_that_does_not_leaves_it() -> None:
    with db.unit_of_work():
        for title in ("Ink", "Pen"):
            set_tags(make_product(title).id, ["Blue"])
    before = read_stamp()

    assert walk(ALIKE) == 2
    assert read_stamp() > before
    after = read_stamp()
    assert walk_anew(ALIKE) == 0
    assert read_stamp() == after


def test_a_walk_stops_when_its_time_is_over_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storefront.related.walking._AT_ONCE", 2)
    with db.unit_of_work():
        for number in range(5):
            set_tags(make_product(f"Ink {number}").id, ["Blue"])

    assert [walk(ALIKE, seconds=0) for _ in range(4)] == [2, 2, 1, 0]
    assert walk(ALIKE, seconds=0) == 0


def test_page_shows_what_stands_beside_the_product_without_another_query(client: FlaskClient) -> None:
    with db.unit_of_work():
        ink, pen, paper = make_product("Ink"), make_product("Pen"), make_product("Paper")
        for product in (ink, pen, paper):
            set_tags(product.id, ["Blue <b>"])
        order(ink, pen)
        order(ink, pen)
    walk(ALIKE)
    walk(BOUGHT)
    db.close_reader()

    asked = queries_of(client, ink.path)
    page = client.get(f"/en{ink.path}").text
    chinese = client.get(f"/zh{ink.path}").text

    assert len(asked) <= 3
    together, alike = page.index("Often bought together"), page.index("You may also like")
    assert together < page.index(f'href="/en{pen.path}"') < alike < page.index(f'href="/en{paper.path}"')
    assert page.count(f'href="/en{pen.path}"') == 1
    assert "Blue &lt;b&gt;</a>" in page
    assert f'href="/zh{pen.path}"' in chinese


def test_what_is_withdrawn_is_gone_from_pages_at_once(client: FlaskClient) -> None:
    with db.unit_of_work():
        ink, pen = make_product("Ink"), make_product("Pen")
        for product in (ink, pen):
            set_tags(product.id, ["Blue"])
    walk(ALIKE)
    with db.unit_of_work() as session:
        session.execute(update(Product).where(Product.id == pen.id).values(state=ProductState.DRAFT))
    db.close_reader()

    assert "You may also like" not in client.get(ink.path).text
