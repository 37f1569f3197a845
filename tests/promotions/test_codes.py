"""A discount code on its way: typed or followed, counted once for an order, given back when that came to nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.cart.models import Cart
from storefront.cart.reading import view_of
from storefront.catalog.models import Category, Product
from storefront.checkout import settling
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.orders.models import CodeUse
from storefront.orders.service.codes import CodeGone, CodeUsedByYou
from storefront.orders.service.placing import HeldCode, Item, Wish, place
from storefront.orders.states import CodeUseState, OrderState, PaymentState
from storefront.payments.models import Payment
from storefront.promotions import service
from storefront.promotions.models import DiscountCode
from storefront.promotions.queries import ScopeNames
from storefront.promotions.service import CodeInput
from storefront.promotions.spelling import customer_of, key_of
from storefront.promotions.states import CodeKind
from storefront.shop import service as shop
from tests.checkout.buying import Work, charges, come_back, complaints, orders, sell, the_order
from tests.selling import Till, check_out, put_into_cart, send


def make_code(code: str = "SPRING", **other: Any) -> DiscountCode:
    """Put a code into the shop: 20 percent off, unless something else is said."""
    wanted = {"kind": CodeKind.PERCENT, "percent": 2000, **other}
    with db.unit_of_work():
        return service.create(CodeInput(code, **wanted))


def used(code: DiscountCode) -> int:
    """Return how many uses are counted now."""
    db.close_reader()
    return db.session().scalars(select(DiscountCode.used).where(DiscountCode.id == code.id)).one()


def type_code(client: FlaskClient, code: str) -> Any:
    return send(client, "/cart/code", page="/cart", code=code)


def test_one_spelling_for_each_code_and_customer() -> None:
    assert key_of(" spring-20 ") == key_of("ＳＰＲＩＮＧ－20") == "SPRING-20"
    same = {"a.n.n.a+shop@gmail.com", "anna@googlemail.com", "Anna+2@Gmail.com"}
    assert {customer_of(address) for address in same} == {"anna@gmail.com"}
    assert customer_of("a.b+c@example.org") == "a.b@example.org"


def test_typed_code_is_taken_off_charged_and_kept(client: FlaskClient, till: Till, work: Work) -> None:
    code = make_code(most_uses=2)
    put_into_cart(client, sell(amount=1900), 3)
    assert type_code(client, "spring").status_code == 303
    assert "−€11.40" in client.get("/cart").text
    page = check_out(client).headers["Location"]
    order = the_order()
    assert (order.subtotal_amount, order.discount_amount, order.total_amount) == (5700, 1140, 4560)
    assert (order.code, order.lines[0].discount_amount, used(code)) == ("SPRING", 1140, 1)
    come_back(client, till.pay(page))
    work()
    assert [charge["amount"] for charge in charges(till)] == [4560]
    with db.unit_of_work() as session:
        assert session.scalars(select(CodeUse.state)).one() is CodeUseState.USED
    assert (the_order().payment_state, used(code), complaints()) == (PaymentState.PAID, 1, {})
    assert "Code SPRING" not in client.get("/cart").text


def test_wrong_code_is_told_at_its_field_and_changes_nothing(client: FlaskClient) -> None:
    make_code("OLD", ends_at=now() - timedelta(days=1))
    put_into_cart(client, sell())
    for typed, said in (
        ("nobody", "We do not know this code."),
        ("old", "This code is over."),
        ("", "enter a code"),
    ):
        answer = type_code(client, typed)
        assert (answer.status_code, said in answer.text) == (422, True)
        assert 'aria-describedby="code-error"' in answer.text
    assert check_out(client).status_code == 303
    assert the_order().discount_amount == 0


def test_link_with_a_code_is_remembered_and_kept_pages_stay_the_same(app: Flask, client: FlaskClient) -> None:
    make_code()
    product = sell()
    plain = app.test_client().get("/products").text
    answer = client.get("/products?code=spring&sort=price")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/products?sort=price")
    assert "code=SPRING" in answer.headers["Set-Cookie"]
    assert client.get("/products").text == plain
    put_into_cart(client, product)
    assert "−€3.80" in client.get("/cart").text
    shown = app.test_client().get("/codes/spring")
    assert (shown.status_code, "20 % off." in shown.text) == (200, True)
    assert app.test_client().get("/codes/nobody").status_code == 404


def test_code_covers_what_lies_below_its_category(client: FlaskClient) -> None:
    with db.unit_of_work() as session:
        top = Category(slug="books", name="Books", translations={})
        session.add(top)
        session.flush()
        below = Category(slug="poems", name="Poems", parent_id=top.id, translations={})
        session.add(below)
        session.flush()
        shelf = below.id
    poem, other = sell(amount=1000), sell(amount=5000)
    with db.unit_of_work() as session:
        session.get_one(Product, poem.id).category_id = shelf
    make_code(scope=ScopeNames((), ("books",), ()), minimums={"EUR": 2000})
    put_into_cart(client, other)
    type_code(client, "SPRING")
    assert "Nothing in your cart belongs to this code." in client.get("/cart").text
    put_into_cart(client, poem)
    assert "This code counts from €20.00 on" in client.get("/cart").text
    put_into_cart(client, poem)
    assert "−€4.00" in client.get("/cart").text


def test_code_to_nothing_needs_no_payment(client: FlaskClient, work: Work) -> None:
    make_code(percent=10_000)
    put_into_cart(client, sell())
    type_code(client, "SPRING")
    assert "Get it free" in client.get("/cart").text
    check_out(client)
    work()
    assert (the_order().payment_state, the_order().total_amount, complaints()) == (PaymentState.PAID, 0, {})


def test_limits_see_through_aliases(app: Flask) -> None:
    make_code(most_per_customer=1)
    for number, email in enumerate(["anna@gmail.com", "A.nna+1@gmail.com", "ben@gmail.com"]):
        client = app.test_client()
        put_into_cart(client, sell())
        type_code(client, "SPRING")
        answer = check_out(client, email)
        assert answer.status_code == (409 if number == 1 else 303), email
    assert len(orders()) == 2


def test_order_that_came_to_nothing_gives_its_use_back_and_a_late_payment_takes_another(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    code = make_code(most_uses=1)
    put_into_cart(client, sell())
    type_code(client, "SPRING")
    page = check_out(client).headers["Location"]
    # The own order holds the last use: whoever comes back is not told that it is gone.
    assert "This code has been used up." not in client.get("/cart").text
    with db.unit_of_work() as session:
        payment = session.scalars(select(Payment)).one()
    settling.cancel_unpayable(payment)
    assert (the_order().state, used(code)) == (OrderState.CANCELLED, 0)
    other = app.test_client()
    put_into_cart(other, sell())
    type_code(other, "SPRING")
    assert check_out(other, "ben@example.org").status_code == 303
    come_back(client, till.pay(page))
    work()
    late = orders()[0]
    assert (late.payment_state, late.state) == (PaymentState.REFUNDED, OrderState.CANCELLED)
    assert (used(code), complaints()) == (1, {})


def test_fifty_buyers_of_the_last_use_and_one_gets_it(app: Flask) -> None:
    code = make_code(most_uses=1)
    product = sell(stock=None)
    client = app.test_client()
    put_into_cart(client, product)
    type_code(client, "SPRING")
    wishes = _wishes(app, client, code, 50)
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda wish: _place(app, wish), wishes))
    assert (sum(got), used(code), len(orders())) == (1, 1, 1)
    assert complaints() == {}


def test_one_customer_in_fifty_windows_uses_a_code_once(app: Flask) -> None:
    code = make_code(most_per_customer=1)
    product = sell(stock=None)
    client = app.test_client()
    put_into_cart(client, product)
    type_code(client, "SPRING")
    wishes = _wishes(app, client, code, 20, email="anna+{}@example.org")
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda wish: _place(app, wish), wishes))
    assert (sum(got), used(code)) == (1, 1)


def _wishes(
    app: Flask, client: FlaskClient, code: DiscountCode, number: int, email: str = "buyer-{}@example.org"
) -> list[Wish]:
    with app.test_request_context("/"):
        view = view_of(db.session().scalars(select(Cart)).one(), "EUR")
        db.close_reader()
    items = tuple(Item(line.variant, line.product, line.quantity, line.unit.amount) for line in view.lines)
    held = HeldCode(code.id, code.code, code.most_per_customer, 380)
    return [
        Wish(f"key-{place_}", items, view.quote, email.format(place_), None, "en", "EUR", code=held)
        for place_ in range(number)
    ]


def _place(app: Flask, wish: Wish) -> bool:
    def work() -> None:
        with db.unit_of_work():
            place(wish, now() + timedelta(minutes=45))

    with app.app_context():
        try:
            db.again_on_conflict(work)
        except (CodeGone, CodeUsedByYou):
            return False
        finally:
            db.close_reader()
    return True


@pytest.mark.parametrize("currency", ["JPY", "BHD"])
def test_stripe_is_asked_for_exactly_our_total(
    client: FlaskClient, till: Till, work: Work, currency: str
) -> None:
    with db.unit_of_work():
        shop.get_profile().currency = currency
    shop.forget()
    make_code(percent=3333)
    put_into_cart(client, sell(amount=1990, currency=currency), 3)
    type_code(client, "SPRING")
    come_back(client, till.pay(check_out(client).headers["Location"]))
    work()
    order = the_order()
    assert order.total_amount == 5970 - order.discount_amount
    assert [charge["amount"] for charge in charges(till)] == [order.total_amount]
    assert (order.payment_state, complaints()) == (PaymentState.PAID, {})
    shop.forget()
