"""Giving what was paid for, once; and licence keys that can't be made."""

from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.catalog.models import Content
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment import service
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.jobs.models import Job
from storefront.orders.service import moving
from tests.checkout.buying import Work, buy, count, go_to_pay, sell, the_order
from tests.selling import Till


def test_granting_twice_gives_one_entitlement_and_as_many_keys_as_were_bought(
    client: FlaskClient, till: Till, work: Work
) -> None:
    go_to_pay(client, sell(amount=0, content=ContentKind.LICENCE), 3)
    work()
    before = _keys()
    with db.unit_of_work():
        service.grant(moving.lock(the_order().id))
    assert (count(Entitlement), len(before), _keys()) == (1, 3, before)
    assert all(key.startswith("TEST-") for key in before)


def test_pattern_without_room_ends_in_words_and_not_in_an_endless_loop(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = sell(content=ContentKind.LICENCE)
    with db.unit_of_work() as session:
        session.execute(update(Content).values(pattern="SAME-FOR-ALL"))
    buy(client, till, product)
    work()
    buy(client, till, product)
    work()
    db.close_reader()
    (resting,) = db.session().scalars(select(Job).where(Job.resting_since.is_not(None)))
    assert (resting.kind, len(_keys())) == ("grant_order", 1)
    assert resting.last_error is not None
    assert "SAME-FOR-ALL" in resting.last_error


def _keys() -> list[str]:
    db.close_reader()
    return list(db.session().scalars(select(LicenceKey.key).order_by(LicenceKey.id)))
