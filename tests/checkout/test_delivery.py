"""Where a parcel goes, and its price, which is known before anything is paid."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.cart.models import Cart
from storefront.core import db
from storefront.orders.states import OrderState
from storefront.shipping import zoning
from tests.admin.desk import errors_of
from tests.checkout.buying import Work, come_back, complaints, go_to_pay, orders, sell, the_order
from tests.selling import ADDRESS, Till, check_out, checkout_fields, log_in, put_into_cart, send, ship


def poster(**other: object) -> object:
    return sell(title="Poster", requires_shipping=True, stock=5, content=None, **other)


def total_of(text: str) -> str:
    found = re.search(r'totals__sum"[^>]*><dt>Total</dt><dd>([^<]*)</dd>', text)
    assert found, text[:3000]
    return found[1]


def test_price_of_sending_follows_the_place_before_anything_personal_is_asked(client: FlaskClient) -> None:
    with db.unit_of_work():
        ship("DE", 490, free_from_amount=5000)
        ship("US-HI", 3900)
    put_into_cart(client, poster())
    cart = client.get("/cart").text
    assert total_of(cart) == "€23.90"
    assert "E-mail" not in cart

    there = send(client, "/cart/destination", page="/cart", country="US", state="OR")
    assert there.status_code == 303
    refused = client.get("/cart").text
    assert "We do not ship to United States." in refused
    send(client, "/cart/destination", page="/cart", country="US", state="HI")
    assert total_of(client.get("/cart").text) == "€58.00"
    piece = client.post(
        "/cart/destination",
        data={**checkout_fields(client), "country": "DE"},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    ).text
    assert piece.lstrip().startswith('<div class="stack" id="checkout-form">')
    assert total_of(piece) == "€23.90"
    put_into_cart(client, poster(amount=3200))
    assert total_of(client.get("/cart").text) == "€51.00"


def test_only_parcels_ask_for_an_address_and_mistakes_stand_at_their_fields(client: FlaskClient) -> None:
    with db.unit_of_work():
        ship(amount=490)
    put_into_cart(client, sell())
    assert 'name="country"' not in client.get("/checkout").text
    put_into_cart(client, poster())
    wrong = check_out(client, name="", postal_code="7743")
    assert wrong.status_code == 422
    assert errors_of(wrong) == {
        "name": "Please fill in: Full name.",
        "postal_code": "Please enter it as in 26133.",
    }
    assert 'value="Lindenweg 3"' in wrong.text
    nowhere = check_out(client, method="")
    assert nowhere.status_code in (409, 422)
    assert orders() == []


def test_another_place_than_was_priced_is_priced_again_before_paying(client: FlaskClient, till: Till) -> None:
    with db.unit_of_work():
        near, far = ship("DE", 490), ship("FR", 1290)
    put_into_cart(client, poster())
    place = {"country": "FR", "postal_code": "33380"}
    changed = check_out(client, **place)
    assert changed.status_code == 409
    assert total_of(changed.text) == "€31.90"
    forged = check_out(client, **place, method=near.public_id, total="2390")
    assert forged.status_code == 409
    assert check_out(client, **{**ADDRESS, "country": "IT", "postal_code": "00100"}).status_code == 422
    assert orders() == []
    paid = check_out(client, **place, method=far.public_id, total="3190")
    assert paid.status_code == 303
    order = the_order()
    assert (order.total_amount, order.shipping_address["country"], order.delivery["zone"][:4]) == (
        3190,
        "FR",
        "Zone",
    )  # type: ignore[index]  # both are there


def test_other_address_is_another_order_and_the_old_page_dies(client: FlaskClient, till: Till) -> None:
    with db.unit_of_work():
        ship(amount=490)
    old = go_to_pay(client, poster())
    assert check_out(client).headers["Location"] == old
    assert 'value="Lindenweg 3"' in client.get("/checkout").text, "the order that waits knows the address"
    new = check_out(client, line1="Am Markt 1").headers["Location"]
    assert new != old
    assert [order.state for order in orders()] == [OrderState.CANCELLED, OrderState.PENDING]


def test_pick_up_costs_nothing_and_asks_no_address(client: FlaskClient, till: Till, work: Work) -> None:
    with db.unit_of_work():
        words = zoning.PickupInput("The workshop", "Kade 12\nZutphen", "Saturdays")
        place = zoning.save_pickup_place(None, words)
    put_into_cart(client, poster())
    fields = checkout_fields(client)
    assert fields["method"] == place.public_id
    kept = {name: value for name, value in fields.items() if name not in ADDRESS}
    paid = client.post("/checkout", data={**kept, "email": "anna@example.org", "country": ""})
    order_page = come_back(client, till.pay(paid.headers["Location"]))
    work()
    order = the_order()
    assert (order.shipping_amount, order.shipping_address, order.is_picked_up) == (0, None, True)
    assert "Kade 12, Zutphen" in client.get(order_page).text
    assert complaints() == {}


def test_usual_address_is_filled_in_and_a_new_one_is_kept_on_request(client: FlaskClient, till: Till) -> None:
    send(client, "/account/register", email="mei@example.org", password="a quiet garden wall")
    with db.unit_of_work():
        ship(amount=490)
    put_into_cart(client, poster())
    assert check_out(client, keep="1").status_code == 303
    put_into_cart(client, poster())
    page = client.get("/checkout").text
    assert 'value="Lindenweg 3"' in page
    address_id = re.search(r'name="use" value="([^"]+)"', page)
    assert address_id
    chosen = client.post(
        "/checkout/destination", data={**checkout_fields(client), "line1": "x", "use": address_id[1]}
    )
    assert 'value="Lindenweg 3"' in chosen.text


def test_cart_keeps_its_destination_at_login(client: FlaskClient) -> None:
    with db.unit_of_work():
        ship("DE, FR", 490)
    send(client, "/account/register", email="mei@example.org", password="a quiet garden wall")
    put_into_cart(client, poster())
    send(client, "/account/logout", page="/account")
    put_into_cart(client, poster())
    send(client, "/cart/destination", page="/cart", country="FR")
    log_in(client, "mei@example.org", "a quiet garden wall")
    db.close_reader()
    assert db.session().scalars(select(Cart.ship_country)).all() == ["FR"]
