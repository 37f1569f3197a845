"""Fifty buyers at once, against a running shop over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from sqlalchemy import select, update

from storefront.catalog.models import Variant
from storefront.core import db
from storefront.orders.models import Order
from storefront.orders.states import PaymentState
from tests.checkout.buying import complaints
from tests.faults.patience import Buyer, Trouble
from tests.faults.shops import connect_to, put_on_shelf
from tests.servers.shop import LiveShop

BUYERS = 50
POLITE = ("sold out", "has changed meanwhile", "Your cart is empty")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("units", [10, 1])
def test_fifty_buyers_at_once_get_what_there_is_and_the_others_are_told(
    live_shop: LiveShop, units: int
) -> None:
    with connect_to(live_shop):
        variant_id = put_on_shelf(units)
    buyers = [Buyer(live_shop.url, f"crowd-{units}-{number}@example.org") for number in range(BUYERS)]
    with ThreadPoolExecutor(BUYERS) as pool:
        list(pool.map(lambda buyer: buyer.put_into_cart(variant_id), buyers))
        pages = [page for page in pool.map(_press, buyers) if page]
        assert len(pages) == units
        ways_back = list(pool.map(lambda both: both[0].pay(both[1]), pages))
        paid = list(pool.map(lambda both: both[0][0].come_back(both[1]), zip(pages, ways_back, strict=True)))
        done = list(
            pool.map(lambda both: both[0][0].wait_for(">Thank you!<", both[1]), zip(pages, paid, strict=True))
        )
    assert len(done) == units
    with connect_to(live_shop):
        variant = db.session().scalars(select(Variant).where(Variant.id == variant_id)).one()
        assert (variant.stock, variant.reserved, variant.sold, variant.received) == (0, 0, units, units)
        ours = select(Order.payment_state).where(Order.email.like(f"crowd-{units}-%"))
        assert list(db.session().scalars(ours)) == [PaymentState.PAID] * units
        assert complaints() == {}


def _press(buyer: Buyer) -> tuple[Buyer, str] | None:
    """Press the button once: a payment page, or a sentence."""
    try:
        answer = buyer.try_to_check_out()
    except Trouble as trouble:
        raise AssertionError(f"no polite answer: {trouble}") from trouble
    if answer.status_code == 303 and "/pay/" in answer.headers["Location"]:
        return buyer, answer.headers["Location"]
    page: Any = answer if answer.status_code != 303 else requests.get(f"{buyer.url}/cart", timeout=30)
    assert page.status_code in (200, 409), page.status_code
    assert any(words in page.text for words in POLITE), page.text[:3000]
    return None


def test_crowd_leaves_room_for_the_next_buyer(live_shop: LiveShop) -> None:
    """What is received later can be bought as if nothing had happened."""
    with connect_to(live_shop):
        variant_id = put_on_shelf(0)
        with db.unit_of_work() as session:
            session.execute(update(Variant).where(Variant.id == variant_id).values(stock=1, received=1))
    buyer = Buyer(live_shop.url, "later@example.org")
    buyer.put_into_cart(variant_id)
    buyer.wait_for(">Thank you!<", buyer.come_back(buyer.pay(buyer.check_out())))
