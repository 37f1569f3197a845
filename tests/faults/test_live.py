"""A whole shop as its operator runs it, with the parts around it failing, and the power cut."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.jobs.models import Heartbeat
from storefront.jobs.service import count_waiting
from storefront.orders.models import Order
from storefront.orders.states import PaymentState
from tests.checkout.buying import complaints
from tests.faults.patience import Buyer
from tests.faults.shops import connect_to, mails_to, put_on_shelf
from tests.servers.shop import LiveShop
from tests.servers.smtp import SmtpServer
from tests.servers.valkey import ValkeyServer

ROOT = Path(__file__).parents[2]
# The heading once the goods are there; while they are not, it says a little more.
GRANTED = ">Thank you!<"
_numbers = count(1)


def test_power_cut_between_any_two_steps_of_a_buyer_loses_and_doubles_nothing(fresh_shop: LiveShop) -> None:
    fresh_shop.start()
    with connect_to(fresh_shop):
        variant_id = put_on_shelf(3)
    emails = []
    for cut_after in range(3):
        buyer = _new_buyer(fresh_shop)
        emails.append(buyer.email)
        buyer.put_into_cart(variant_id)
        payment_page = buyer.check_out()
        if cut_after == 0:
            _cut_power(fresh_shop)
            assert buyer.check_out() == payment_page
        way_back = buyer.pay(payment_page)
        if cut_after == 1:
            _cut_power(fresh_shop)
        order_page = buyer.come_back(way_back)
        if cut_after == 2:
            _cut_power(fresh_shop)
        # A job that was in the dead worker's hands is free again after half a minute.
        buyer.wait_for(GRANTED, order_page, 60)
    _expect_one_of_everything(fresh_shop, emails)


def test_redis_wiped_or_gone_and_two_workers_change_nothing(
    fresh_shop: LiveShop, own_redis: ValkeyServer
) -> None:
    fresh_shop.environment["REDIS_URL"] = own_redis.url
    fresh_shop.start()
    with connect_to(fresh_shop):
        variant_id = put_on_shelf(9)
    emails = []
    with _second_worker(fresh_shop):
        for trouble in (lambda: None, own_redis.wipe, own_redis.kill, own_redis.start):
            trouble()
            emails.append(_buy(fresh_shop, variant_id))
    _expect_one_of_everything(fresh_shop, emails)


def test_mail_server_that_is_down_or_slow_costs_no_order(
    fresh_shop: LiveShop, smtp_server: SmtpServer
) -> None:
    fresh_shop.environment["MAIL_URL"] = smtp_server.url
    smtp_server.down()
    fresh_shop.start()
    with connect_to(fresh_shop):
        variant_id = put_on_shelf(9)
    emails = [_buy(fresh_shop, variant_id)]
    smtp_server.up()
    smtp_server.slow(1.0)
    emails.append(_buy(fresh_shop, variant_id))
    smtp_server.mend()
    received = smtp_server.wait_for(2, timeout=45)
    assert sorted(str(mail.message["To"]) for mail in received) == sorted(emails)
    with connect_to(fresh_shop):
        assert complaints() == {}


@pytest.fixture(autouse=True)
def _leave_the_database_alone() -> Iterator[None]:
    """Other tests find this process connected to nothing."""
    yield
    db.disconnect()


def _new_buyer(shop: LiveShop) -> Buyer:
    return Buyer(shop.url, f"patient-{next(_numbers)}@example.org")


def _buy(shop: LiveShop, variant_id: int) -> str:
    """Buy one unit and see it handed over; return the buyer's address."""
    buyer = _new_buyer(shop)
    buyer.put_into_cart(variant_id)
    buyer.wait_for(GRANTED, buyer.come_back(buyer.pay(buyer.check_out())))
    return buyer.email


def _cut_power(shop: LiveShop) -> None:
    shop.kill()
    shop.start()


def _expect_one_of_everything(shop: LiveShop, emails: list[str]) -> None:
    """One paid order, one grant, one mail for each buyer; and a healthy shop."""
    with connect_to(shop):
        _wait_until_done()
        for email in emails:
            paid = select(func.count()).where(Order.email == email, Order.payment_state == PaymentState.PAID)
            granted = select(func.count()).where(Entitlement.email == email)
            counts = (db.session().scalar(paid), db.session().scalar(granted))
            different = {str(mail["Message-ID"]) for mail in mails_to(shop, email)}
            assert (counts, len(different)) == ((1, 1), 1), email
        assert complaints() == {}


@contextmanager
def _second_worker(shop: LiveShop) -> Iterator[None]:
    """Run ``storefront worker`` beside the worker that the shop has."""
    command = [sys.executable, "-m", "storefront", "worker"]
    with shop.log.open("ab") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=shop.environ(), stdout=log, stderr=log)
    try:
        _wait_for_worker(shop, worker.pid)
        yield
    finally:
        worker.terminate()
        assert worker.wait(30) == 0


def _wait_for_worker(shop: LiveShop, pid: int, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    is_alive = select(func.count()).select_from(Heartbeat).where(Heartbeat.name.like(f"worker:%:{pid}"))
    with connect_to(shop):
        while not db.session().scalar(is_alive):
            assert time.monotonic() < end, "the second worker did not start"
            db.close_reader()
            time.sleep(0.1)


def _wait_until_done(seconds: float = 60.0) -> None:
    """Wait until no work is left; what a dead worker had in its hands is free again after half a minute."""
    end = time.monotonic() + seconds
    while count_waiting():
        assert time.monotonic() < end, "work is left"
        db.close_reader()
        time.sleep(0.1)
    db.close_reader()
