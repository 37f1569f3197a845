"""For how long, and from when: promised at the purchase, told in time, and said in words when it is over."""

from datetime import UTC, datetime, timedelta

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.admin.changing import change_product
from storefront.catalog.models import Product
from storefront.catalog.service.windows import set_windows
from storefront.catalog.windows import Window
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment import windows
from storefront.fulfilment.jobs import release, tell_of_ends
from storefront.notifications.models import Message
from tests.fulfilment.owning import Work, again, have, sell
from tests.selling import BUYER, token_of, variant_of

SOON = now().replace(microsecond=0) + timedelta(days=10)


def _limit(product: Product, own: Window = Window(), opens_at: datetime | None = None, **by: Window) -> None:  # noqa: B008 - a tuple
    variants = {variant_of(product).id: by["variant"]} if "variant" in by else {}
    change_product(product.slug, lambda locked: set_windows(locked, own, opens_at, variants))


def _mails(kind: str) -> list[str]:
    db.close_reader()
    return list(db.session().scalars(select(Message.recipient).where(Message.kind == kind)))


def test_days_a_last_day_or_the_variants_own_word_end_access(client: FlaskClient, work: Work) -> None:
    product = sell()
    assert have(client, work, product).ends_at is None
    _limit(product, Window(days=30))
    bought = have(client, work, product)
    assert bought.ends_at == bought.starts_at + timedelta(days=30)
    _limit(product, Window(until=SOON))
    assert have(client, work, product).ends_at == SOON
    _limit(product, Window(until=SOON), variant=Window(days=365))
    licensed = have(client, work, product)
    assert licensed.ends_at == licensed.starts_at + timedelta(days=365)
    assert again(bought).ends_at == bought.ends_at
    _limit(product, Window(until=SOON))
    assert "Until" in client.get(f"/products/{product.slug}").text
    with time_machine.travel(SOON + timedelta(days=1)):
        assert have(client, work, product).ends_at is None


def test_end_is_told_once_and_once_more_when_it_was_put_off(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    product = sell()
    _limit(product, Window(days=20))
    bought = have(client, work, product)
    assert bought.ends_at is not None
    with app.app_context(), time_machine.travel(bought.ends_at - timedelta(days=8)):
        assert tell_of_ends() == 0
    with app.app_context(), time_machine.travel(bought.ends_at - timedelta(days=6)):
        assert (tell_of_ends(), tell_of_ends()) == (1, 0)
        with db.unit_of_work():
            windows.extend(bought.id, bought.ends_at + timedelta(days=5))
        assert tell_of_ends() == 0
    with app.app_context(), time_machine.travel(bought.ends_at - timedelta(days=1)):
        assert (tell_of_ends(), tell_of_ends()) == (1, 0)
        work()
    assert _mails("access_ends") == [BUYER, BUYER]


def test_what_ended_says_so_and_offers_itself_again(client: FlaskClient, work: Work) -> None:
    product = sell()
    _limit(product, Window(days=20))
    bought = have(client, work, product)
    page = f"/library/{bought.public_id}"
    assert "The secret words." in client.get(page).text
    with time_machine.travel(now() + timedelta(days=21)):
        ended = client.get(page)
    assert (ended.status_code, "The secret words." in ended.text) == (403, False)
    assert "Your access ended on" in ended.text
    assert f'href="/products/{product.slug}"' in ended.text


def test_pre_order_opens_on_its_day_follows_a_moved_release_and_is_told_once(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    product = sell()
    _limit(product, Window(days=10), opens_at=SOON)
    assert f"{SOON.day}" in client.get(f"/products/{product.slug}").text
    bought = have(client, work, product)
    assert (bought.starts_at, bought.ends_at) == (SOON, SOON + timedelta(days=10))
    closed = client.get(f"/library/{bought.public_id}")
    assert (closed.status_code, "It opens on" in closed.text) == (403, True)
    later = SOON + timedelta(days=3)
    _limit(product, Window(days=10), opens_at=later)
    work()
    assert again(bought).starts_at == later
    with app.app_context(), time_machine.travel(SOON + timedelta(days=1)):
        assert release() == 0
    with app.app_context(), time_machine.travel(later + timedelta(minutes=1)):
        assert (release(), release()) == (1, 0)
        assert "The secret words." in client.get(f"/library/{bought.public_id}").text
        work()
    db.close_reader()
    assert db.session().scalars(select(Product.opens_at)).one() is None
    assert _mails("access_opens") == [BUYER]


def test_owner_sets_windows_by_the_form(owner_client: FlaskClient, client: FlaskClient, work: Work) -> None:
    product = sell()
    page = f"/admin/products/{product.slug}/access"
    token = {"csrf_token": token_of(owner_client.get(page))}
    wrong = owner_client.post(page, data={**token, "own-days": "30", "own-until": "2099-01-01T00:00"})
    assert (wrong.status_code, "not both" in wrong.text) == (422, True)
    past = owner_client.post(page, data={**token, "own-until": "2001-01-01T00:00"})
    assert (past.status_code, "still to come" in past.text) == (422, True)
    assert owner_client.post(page, data={**token, "own-days": "30"}).status_code == 303
    bought = have(client, work, product)
    assert bought.ends_at == bought.starts_at + timedelta(days=30)
    there = f"/admin/buyers/{bought.public_id}"
    ended = owner_client.post(f"{there}/end", data={**token, "until": "2001-01-01T00:00"})
    assert (ended.status_code, "still to come" in ended.text) == (422, True)
    assert owner_client.post(f"{there}/end", data={**token, "until": "2099-01-01T00:00"}).status_code == 303
    assert again(bought).ends_at == datetime(2099, 1, 1, tzinfo=UTC)
