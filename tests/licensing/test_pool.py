"""Keys of a pool: imported once, given once, waited for, never resold; killed in the middle."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.checkout import delivering
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.fulfilment import service as fulfilment
from storefront.fulfilment.models import Entitlement, KeyState
from storefront.gateways import mail
from storefront.jobs import worker
from storefront.licensing import pool
from storefront.licensing.models import KeyImport
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import FulfilmentState, OrderState
from tests.checkout.buying import Work, buy, complaints, count, go_to_pay, orders, sell, the_order
from tests.licensing.having import ask, content_of, fill, keys, licence, outcome
from tests.selling import BUYER, OWNER, Till, check_out, put_into_cart, send


def told_owner() -> list[str]:
    """Return the subjects of the mails to the owner."""
    return [one.subject for one in mail.list_outbox() if one.recipient == OWNER]


def test_import_takes_each_key_once_and_says_what_it_leaves_out(work_database: str) -> None:
    product = licence(keys="A-1\nA-2")
    content = content_of(product)
    with db.unit_of_work():
        looked = pool.look_at(content, "\ufeffkey;note\r\nB-1;x\r\nA-2;y\r\nB-1;z\r\n\r\n\x07;q\r\nB-2\r\n")
        assert (looked.lines, looked.total, looked.repeated, looked.known, looked.odd) == (5, 2, 1, 1, 1)
        pool.begin_import(content, looked.public_id)
        pool.begin_import(content, looked.public_id)
    pool.run_import(looked.id)
    pool.run_import(looked.id)
    assert keys(KeyState.FREE) == ["A-1", "A-2", "B-1", "B-2"]
    with db.unit_of_work():
        pool.look_at(content, "C-1")
        pool.forget_looks()
    assert count(KeyImport) == 3
    with time_machine.travel(now() + timedelta(days=2)), db.unit_of_work():
        pool.forget_looks()
    assert count(KeyImport) == 2, "what was only looked at does not lie there"
    with db.unit_of_work(), pytest.raises(pool.NoKeys):
        pool.look_at(content, "B-1\nB-2")


def test_empty_pool_keeps_the_order_open_and_a_refill_delivers_it(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    product, other = licence(keys="K-1\nK-2\nK-3"), sell()
    put_into_cart(client, other)
    buy(client, till, product, 4)
    work()
    order = the_order()
    assert keys() == ["K-1", "K-2", "K-3"]
    assert (order.state, order.fulfilment_state) == (OrderState.OPEN, FulfilmentState.PARTLY)
    assert order.attention is not None
    assert "pool of licence keys" in order.attention
    page = client.get(order.path).text
    assert "The secret words." in page, "the rest of the order is there"
    assert "The shop is getting new keys." in page
    assert complaints() == {}
    assert told_owner() == ["No licence keys left: What you get"]
    fill(product, "K-4\nK-5")
    work()
    order = the_order()
    assert keys() == ["K-1", "K-2", "K-3", "K-4"]
    assert (order.state, order.fulfilment_state, order.attention) == (
        OrderState.COMPLETED,
        FulfilmentState.FULFILLED,
        None,
    )
    subjects = [one.subject for one in mail.list_outbox() if one.recipient == BUYER]
    assert subjects.count(f"Your licence keys for order {order.number} are here") == 1
    assert "K-4" in client.get(f"/library/{_holding(product.id)}").text


def test_refunded_key_of_a_pool_is_never_sold_again(
    client: FlaskClient, owner_client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(keys="K-1\nK-2")
    buy(client, till, product)
    work()
    assert told_owner() == ["Only 1 licence keys left: What you get"]
    send(owner_client, f"/admin/orders/{the_order().number}/refund", page="/admin/orders")
    work()
    assert (keys(KeyState.BURNT), keys(KeyState.FREE)) == (["K-1"], ["K-2"])
    buy(client, till, product)
    work()
    assert (keys(KeyState.BURNT), keys()) == (["K-1"], ["K-2"])
    with db.unit_of_work(), pytest.raises(pool.NoKeys):
        pool.look_at(content_of(product), "K-1")
    assert outcome(ask(client, "verify", product, "K-1")) == (409, "revoked")


def test_eight_orders_at_once_share_five_keys(app: object, client: FlaskClient, work: Work) -> None:
    product = licence(keys="\n".join(f"K-{number}" for number in range(5)), amount=0)
    for number in range(8):
        buyer = client.application.test_client()
        put_into_cart(buyer, product)
        assert check_out(buyer, f"buyer{number}@example.org").status_code == 303

    def deliver(order_id: int) -> None:
        def once() -> None:
            with db.unit_of_work():
                delivering.deliver(moving.lock(order_id))

        db.again_on_conflict(once)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(deliver, [order.id for order in orders()]))
    assert (len(keys()), keys(KeyState.FREE)) == (5, [])
    states = sorted(order.fulfilment_state.value for order in orders())
    assert states == ["fulfilled"] * 5 + ["unfulfilled"] * 3
    assert sum(order.attention is not None for order in orders()) == 3
    fill(product, "L-1\nL-2\nL-3\nL-4")
    worker.drain()
    assert {order.fulfilment_state for order in orders()} == {FulfilmentState.FULFILLED}
    assert (keys(KeyState.FREE), complaints()) == (["L-4"], {})


def test_process_killed_with_a_key_in_its_hands_loses_none_and_gives_none_twice(
    app: object, client: FlaskClient, work_database: str
) -> None:
    go_to_pay(client, licence(keys="K-1\nK-2", amount=0))
    with db.unit_of_work():
        order = moving.lock(the_order().id)
    program = (
        "import sys\n"
        "from storefront import schema\n"
        "from storefront.catalog.states import ContentKind\n"
        "from storefront.core import db\n"
        "from storefront.fulfilment import kinds, service\n"
        "from storefront.licensing.giving import LicenceKeys\n"
        "from storefront.orders.service import moving\n"
        "kinds.register(ContentKind.LICENCE, LicenceKeys())\n"
        "db.connect(sys.argv[1])\n"
        "with db.unit_of_work():\n"
        "    service.grant(moving.lock(int(sys.argv[2])))\n"
    )
    url = work_database.replace("postgresql:", "postgresql+psycopg:", 1)
    killed = subprocess.run(
        [sys.executable, "-c", program, url, str(order.id)],
        env={"STOREFRONT_FAULT": "licensing.key_taken", "PYTHONPATH": ":".join(sys.path)},
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (keys(), keys(KeyState.FREE)) == ([], ["K-1", "K-2"])
    for _ in range(2):
        with db.unit_of_work():
            fulfilment.grant(moving.lock(order.id))
    assert (keys(), keys(KeyState.FREE)) == (["K-1"], ["K-2"])


def _holding(product_id: int) -> str:
    db.close_reader()
    statement = select(Entitlement.public_id).join(Order).where(Entitlement.product_id == product_id)
    return db.session().scalars(statement).one()
