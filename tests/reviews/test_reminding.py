"""Buyers are asked once, when they have had it for a while, and never when they do not want to be."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.fulfilment.models import Entitlement
from storefront.journal.models import JournalEntry
from storefront.notifications.models import Message
from storefront.notifications.rendering import find_renderer
from storefront.orders.models import Order
from storefront.orders.states import FulfilmentState
from storefront.reviews import reminding
from storefront.reviews.jobs import remind_buyers
from storefront.reviews.models import ReviewReminder
from storefront.shop.service import get_profile
from tests.reviews.buying import Bought, buy, review
from tests.selling import make_product, path_of, send

Work = Callable[[], int]


def test_buyer_is_asked_once_after_the_days(app: Flask, client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    assert _remind(app) == 0
    _let_pass(9)
    assert _remind(app) == 0
    _let_pass(2)
    assert _remind(app) == 1
    assert _remind(app) == 0
    work()
    text = _mail(app, bought)
    assert bought.review_path in text
    assert client.get(path_of(re.findall(r"http\S+/review\b", text)[0])).status_code == 200


@pytest.mark.parametrize(
    "case", ["off", "reviewed", "opted out", "refunded", "too long ago", "parcel just came"]
)
def test_buyer_is_not_asked(app: Flask, client: FlaskClient, work: Work, case: str) -> None:
    bought = buy(client, work)
    if case == "reviewed":
        review(client, bought, 5)
    _let_pass(100 if case == "too long ago" else 11)
    with app.app_context(), db.unit_of_work() as session:
        if case == "off":
            get_profile().review_reminder_days = 0
        elif case == "opted out":
            reminding.opt_out(reminding._hashed(bought.order.email.upper()))
        elif case == "refunded":
            session.execute(update(Entitlement).values(revoked_at=now(), revoked_reason="refunded"))
        elif case == "parcel just came":
            topic, action = bought.order.topic, "order.fulfilment_state"
            session.add(JournalEntry(topic=topic, action=action, actor="owner:1", data={}))
    assert _remind(app) == 0
    is_decided = case in ("reviewed", "opted out", "refunded")
    assert len(list(db.session().scalars(select(ReviewReminder)))) == is_decided


def test_parcel_on_its_way_is_not_asked_about(app: Flask, client: FlaskClient, work: Work) -> None:
    with db.unit_of_work():
        product = make_product(amount=0)
    buy(client, work, product=product)
    _let_pass(11)
    with db.unit_of_work() as session:
        session.execute(update(Order).values(fulfilment_state=FulfilmentState.PARTLY))
    assert _remind(app) == 0


def test_one_click_and_a_button_end_the_reminders(app: Flask, client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    _let_pass(11)
    assert _remind(app) == 1
    path = path_of(re.findall(r"http\S+/opt-out/\S+", _mail(app, bought))[0])
    assert bought.order.email not in path
    page = client.get(path)
    assert page.status_code == 200
    assert not _has_opted_out(app, bought), "mail programs follow links: looking must not decide"
    assert client.get(path + "x").status_code == 404
    assert send(client, path).status_code == 200
    assert _has_opted_out(app, bought)
    # What was put down before is not sent any more.
    with app.app_context():
        renderer = find_renderer(reminding.KIND)
        assert renderer is not None
        assert renderer({"order_id": bought.order.id}, "en") is None


def _remind(app: Flask) -> int:
    db.close_reader()
    with app.app_context():
        return remind_buyers()


def _let_pass(days: int) -> None:
    """Move what happened into the past, which is the same as waiting."""
    with db.unit_of_work() as session:
        for order in session.scalars(select(Order)):
            order.placed_at -= timedelta(days=days)
        for entitlement in session.scalars(select(Entitlement)):
            entitlement.granted_at -= timedelta(days=days)
        for entry in session.scalars(select(JournalEntry)):
            entry.at -= timedelta(days=days)


def _mail(app: Flask, bought: Bought) -> str:
    message = db.session().scalars(select(Message).where(Message.kind == reminding.KIND)).one()
    assert message.recipient == bought.order.email
    with app.app_context():
        renderer = find_renderer(message.kind)
        assert renderer is not None
        written = renderer(message.args, message.language)
    assert written is not None
    return written.text


def _has_opted_out(app: Flask, bought: Bought) -> bool:
    db.close_reader()
    with app.app_context():
        return reminding.has_opted_out(bought.order.email)
