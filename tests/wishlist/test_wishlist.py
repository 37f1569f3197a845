"""A wishlist: kept without an account, taken along at login, true about what changed, and shared only on request."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Product, Variant
from storefront.catalog.states import ProductState
from storefront.catalog.stock import set_stock
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.wishlist import service
from storefront.wishlist.models import Wishlist, WishlistEntry
from tests.cart.test_cart import in_cart
from tests.checkout.buying import count, sell
from tests.house.test_queries import counted
from tests.selling import OWNER, log_in, token_of, variant_of

FRAGMENT = {"HX-Request": "true"}


def save(client: FlaskClient, product: Product, **fields: str) -> None:
    """Press the heart of a card."""
    answer = client.post("/wishlist/entries", data={"product": product.slug, **fields})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/wishlist")


def press(client: FlaskClient, action: str) -> str:
    """Press a button of the list and return the page that follows."""
    token = token_of(client.get("/wishlist?undo=1"))
    answer = client.post(f"/wishlist/{action}", data={"csrf_token": token})
    assert answer.status_code == 303, answer.text[:2000]
    return client.get(answer.headers["Location"]).text


def entry_id() -> int:
    """Return the only entry there is."""
    db.close_reader()
    return db.session().scalars(select(WishlistEntry.id)).one()


def change(product: Product, **values: object) -> None:
    with db.unit_of_work() as session:
        variant = session.get_one(Variant, variant_of(product).id)
        if "stock" in values:
            set_stock(variant, values.pop("stock"))  # type: ignore[arg-type]
        for name, value in values.items():
            setattr(variant, name, value)
        refresh_card(product.id)


def test_heart_stands_on_kept_pages_and_works_without_scripts(app: Flask, client: FlaskClient) -> None:
    product = sell(title="Atlas")
    for path in ("/en/products", f"/en{product.path}"):
        page = client.get(path).text
        assert '<form id="save" method="post" action="/en/wishlist/entries"' in page
        assert f'form="save" name="product" value="{product.slug}"' in page
        assert "data-saved" not in page.replace('data-saved=""', "")
    save(client, product)
    save(client, product)
    own = client.get("/wishlist")
    assert own.text.count(f'href="{product.path}"') == 1
    assert own.headers["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in own.text
    assert f'data-saved="{product.slug}"' in client.get("/me").text
    assert 'data-saved=""' in app.test_client().get("/me").text


def test_second_press_of_a_heart_takes_it_off(client: FlaskClient) -> None:
    product = sell(title="Atlas")
    answer = client.post("/wishlist/entries", data={"product": product.slug}, headers=FRAGMENT)
    assert f'data-saved="{product.slug}"' in answer.text
    answer = client.post("/wishlist/entries", data={"unwanted": product.slug}, headers=FRAGMENT)
    assert 'data-saved=""' in answer.text
    assert "Atlas was removed from your wishlist." in answer.text
    for odd in ({}, {"product": "nothing-of-that-name"}, {"product": "\0"}, {"unwanted": "x"}):
        assert client.post("/wishlist/entries", data=odd, headers=FRAGMENT).status_code in (200, 400, 422)


def test_list_says_what_changed_since(client: FlaskClient) -> None:
    product = sell(title="Atlas", amount=2000, stock=3)
    save(client, product)
    assert "when you saved it" not in client.get("/wishlist").text
    change(product, price_amount=1500)
    assert "Costs less than when you saved it: €20.00 then." in client.get("/wishlist").text
    change(product, price_amount=2500)
    assert "Costs more than when you saved it: €20.00 then." in client.get("/wishlist").text
    change(product, stock=0)
    page = client.get("/wishlist").text
    assert "Sold out at the moment." in page
    assert f"/wishlist/entries/{entry_id()}/cart" not in page
    with db.unit_of_work() as session:
        session.execute(update(Product).values(state=ProductState.ARCHIVED))
    page = client.get("/wishlist").text
    assert "This is not on offer any more." in page
    assert "Atlas" in page


def test_thing_that_came_back_into_stock_is_said(client: FlaskClient) -> None:
    product = sell(stock=0)
    save(client, product)
    change(product, stock=2)
    assert "It can be had again." in client.get("/wishlist").text


def test_moving_to_the_cart_takes_it_off_only_when_it_is_there(client: FlaskClient) -> None:
    product = sell(title="Atlas", stock=1)
    save(client, product)
    page = press(client, f"entries/{entry_id()}/cart")
    assert "Atlas is in the cart." in page
    assert "Nothing saved yet" in page
    assert in_cart() == {variant_of(product).id: 1}
    save(client, product)
    token = token_of(client.get("/wishlist"))
    answer = client.post(f"/wishlist/entries/{entry_id()}/cart", data={"csrf_token": token}, headers=FRAGMENT)
    assert (answer.status_code, "There are only 1 of Atlas." in answer.text) == (422, True)
    assert f"/wishlist/entries/{entry_id()}/cart" in client.get("/wishlist").text


def test_product_with_several_variants_is_chosen_first_unless_one_was_meant(client: FlaskClient) -> None:
    product = sell()
    with db.unit_of_work() as session:
        second = Variant(product_id=product.id, sku="SECOND", title="Large", price_amount=900, currency="EUR")
        set_stock(second, None)
        session.add(second)
    save(client, product)
    page = client.get("/wishlist").text
    assert f"/wishlist/entries/{entry_id()}/cart" not in page
    save(client, product, variant_id=str(second.id))
    page = client.get("/wishlist").text
    assert f'href="{product.path}?variant={second.id}"' in page
    press(client, f"entries/{entry_id()}/cart")
    assert in_cart() == {second.id: 1}


def test_removed_thing_comes_back_as_it_was(client: FlaskClient) -> None:
    product = sell(title="Atlas", amount=2000)
    save(client, product)
    change(product, price_amount=1500)
    page = press(client, f"entries/{entry_id()}/removal")
    assert "Nothing saved yet" in page
    assert f"/wishlist/entries/{entry_id()}/return" in page
    assert "€20.00 then" in press(client, f"entries/{entry_id()}/return")


def test_nobody_touches_the_list_of_another(app: Flask, client: FlaskClient) -> None:
    save(client, sell())
    stranger = app.test_client()
    save(stranger, sell(title="Other"))
    other = db.session().scalars(select(WishlistEntry.id).order_by(WishlistEntry.id)).first()
    token = token_of(stranger.get("/wishlist"))
    assert stranger.post(f"/wishlist/entries/{other}/cart", data={"csrf_token": token}).status_code == 404
    stranger.post(f"/wishlist/entries/{other}/removal", data={"csrf_token": token})
    assert "A small book" in client.get("/wishlist").text
    assert (
        client.post("/wishlist/entries", data={}, headers={"Origin": "https://evil.example"}).status_code
        == 400
    )
    for value in ("x", "a.b", "é", "." * 3000):
        stranger.set_cookie("wishlist", value)
        assert stranger.get("/wishlist").status_code == 200


def test_shared_list_is_read_only_nameless_and_can_be_withdrawn(
    app: Flask, owner_client: FlaskClient
) -> None:
    save(owner_client, sell(title="Atlas"))
    assert "/lists/" not in owner_client.get("/wishlist").text
    page = press(owner_client, "share")
    address = re.search(r"/en(/lists/[\w-]{22})", page)
    assert address
    assert press(owner_client, "share").count(address[1]) == 1
    seen = app.test_client().get(address[1])
    assert "Atlas" in seen.text
    assert OWNER not in seen.text
    assert (seen.headers["Cache-Control"], seen.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "<form" not in seen.text[seen.text.index("<main") : seen.text.index("</main")]
    press(owner_client, "share/withdrawal")
    assert app.test_client().get(address[1]).status_code == 404


def test_list_of_a_visitor_joins_that_of_the_account(client: FlaskClient, owner_client: FlaskClient) -> None:
    both, mine, theirs = sell(title="Both"), sell(title="Mine"), sell(title="Theirs")
    for product in (both, theirs):
        save(owner_client, product)
    for product in (both, mine):
        save(client, product)
    log_in(client, OWNER)
    page = client.get("/wishlist").text
    assert all(title in page for title in ("Both", "Mine", "Theirs"))
    assert (count(Wishlist), count(WishlistEntry)) == (1, 3)


def test_list_is_bounded_and_old_ones_of_visitors_are_forgotten(app: Flask, client: FlaskClient) -> None:
    save(client, sell(title="Atlas"))
    with db.unit_of_work() as session:
        wishlist = session.scalars(select(Wishlist)).one()
        session.add_all(
            WishlistEntry(wishlist_id=wishlist.id, title="x", amount=1, currency="EUR", was_available=True)
            for _ in range(service.MOST_ENTRIES - 1)
        )
    answer = client.post("/wishlist/entries", data={"product": sell().slug}, headers=FRAGMENT)
    assert (answer.status_code, "at most 200 things" in answer.text) == (422, True)
    with db.unit_of_work() as session:
        session.execute(update(Wishlist).values(updated_at=now() - service.KEPT_FOR - timedelta(days=1)))
    assert "Nothing saved yet" in client.get("/wishlist").text
    with db.unit_of_work():
        service.forget_old()
    assert (count(Wishlist), count(WishlistEntry)) == (0, 0)


def test_list_asks_equally_often_for_one_and_three_things(client: FlaskClient) -> None:
    counts = []
    for more in (1, 2):
        for _ in range(more):
            save(client, sell())
        client.get("/wishlist")
        with counted() as asked:
            client.get("/wishlist")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 4
