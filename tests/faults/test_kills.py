"""The process killed between any two steps of a sale; the buyer is patient, and everything happens once."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from practice_stripe import PracticeConfig
from practice_stripe.serving import PracticeServer
from practice_stripe.webhooks import count_waiting as webhooks_waiting
from storefront.checkout import refunding
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.jobs.service import count_waiting
from storefront.orders.models import Order
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import Payment
from tests.checkout.buying import complaints
from tests.faults.patience import Buyer
from tests.selling import make_product, variant_of
from tests.servers.process import free_port

ROOT = Path(__file__).parents[2]
KEY, SECRET = "sk_test_of_kills", "whsec_of_kills"

# Every point of a sale, with the buyer who comes there, and how often on the way it may be killed there. The jobs of a
# sale are several: the event, the grant, the mail.
SALE: dict[str, tuple[str, int]] = {
    "placing.order_written": ("buyer", 1),
    "starting.before_first_commit": ("buyer", 1),
    "starting.after_first_commit": ("buyer", 1),
    "starting.after_stripe": ("buyer", 1),
    "starting.after_second_commit": ("buyer", 1),
    "giving_up.expired_at_stripe": ("waverer", 1),
    "webhook.before_commit": ("buyer", 2),
    "settling.asked": ("buyer", 2),
    "settling.before_commit": ("buyer", 2),
    "settling.after_commit": ("buyer", 2),
    "job.claimed": ("buyer", 3),
    "job.before_done": ("buyer", 3),
    "job.after_done": ("buyer", 3),
    "mail.sent": ("buyer", 1),
    "refunding.before_stripe": ("returner", 1),
    "refunding.after_stripe": ("returner", 1),
    "refunding.before_commit": ("returner", 1),
}
ELSEWHERE = {
    "copy.made",
    "importing.batch",
    "licensing.batch_brought",
    "licensing.key_taken",
    "media.made",
    "pack.made",
    "parcels.counted",
    "pictures.size_stored",
    "pictures.sized",
    "pictures.stored",
    "returns.line_received",
    "storage.uploaded",
    "taking_back.exchange_placed",
    "taking_back.refund_asked",
}
KILLS = [(f"{point}#{n}", who) for point, (who, times) in SALE.items() for n in range(1, times + 1)]


def test_every_point_of_the_sale_is_in_the_list() -> None:
    named = {
        point
        for path in (ROOT / "storefront").rglob("*.py")
        for point in re.findall(r"\breach\(\"([^\"]+)\"\)", path.read_text())
    }
    assert named == set(SALE) | ELSEWHERE


class KillableShop:
    """The shop of ``program.py``, with practice Stripe beside it in this process."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.config = PracticeConfig(folder / "stripe.sqlite", KEY, SECRET, f"{self.url}/webhooks/stripe")
        self.stripe = PracticeServer(self.config).start()
        self.deaths = 0
        environment = {
            "PATH": "",
            "DATABASE_URL": database_url,
            "VAR_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "STRIPE_API_BASE": self.stripe.address,
            "SECRET_KEYS": "a-key-for-tests-that-is-long-enough-0123456789",
            "LOG_LEVEL": "ERROR",
        }
        self._log = (folder / "log").open("wb")
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("program.py"))],
            env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip

    def run(self, fault: str = "") -> None:
        """Run the shop from now on, with a fault that waits for it; one that runs is killed."""
        assert self._order(fault) == "started"

    def look_after(self) -> None:
        """Start it again when it was killed."""
        found = self._order("?")
        if found != "alive":
            assert found == "-9", (found, (self.folder / "log").read_text()[-3000:])
            self.deaths += 1
            self.run()
            self._hurry()

    def wait_for_death(self, seconds: float = 15.0) -> None:
        """Wait until the ordered fault has struck."""
        end = time.monotonic() + seconds
        while not self.deaths and time.monotonic() < end:
            self.look_after()
            time.sleep(0.05)

    def close(self) -> None:
        """End everything."""
        assert self._program.stdin
        self._program.stdin.close()
        self._program.wait(10)
        self.stripe.stop()
        self._log.close()

    def get(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return a list of Stripe's."""
        headers = {"Authorization": f"Bearer {KEY}"}
        address = f"{self.stripe.address}/v1/{path}"
        found = requests.get(address, params={**query, "limit": "100"}, headers=headers, timeout=10).json()[
            "data"
        ]
        return list(found)

    def mails_to(self, email: str) -> list[tuple[str, str]]:
        """Return subject and Message-ID of the mails that were sent to somebody."""
        parser = BytesParser(policy=policy.default)
        found = [
            parser.parsebytes(path.read_bytes()) for path in (self.folder / "var" / "outbox").glob("*.eml")
        ]
        return [(str(mail["Subject"]), str(mail["Message-ID"])) for mail in found if email in str(mail["To"])]

    def _hurry(self) -> None:
        """What the dead shop did not take in comes again at once, and not after half a minute."""
        headers = {"Authorization": f"Bearer {KEY}"}
        requests.post(f"{self.stripe.address}/practice/webhooks/hurry", headers=headers, timeout=10)

    def _order(self, line: str) -> str:
        assert self._program.stdin
        assert self._program.stdout
        self._program.stdin.write(f"{line}\n")
        self._program.stdin.flush()
        return self._program.stdout.readline().strip()


@pytest.fixture
def shop(work_database: str, tmp_path: Path) -> Iterator[KillableShop]:
    """A shop that is not running yet."""
    made = KillableShop(work_database, tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(300)
def test_process_killed_between_any_two_steps_of_the_sale_loses_and_doubles_nothing(
    shop: KillableShop,
) -> None:
    numbers = count(1)
    unscathed, took = [], []
    for fault, who in KILLS:
        began = time.monotonic()
        email = f"buyer-{next(numbers)}@example.org"
        shop.deaths = 0
        shop.run(fault)
        with db.unit_of_work():
            wanted = variant_of(make_product(stock=1)).id
            other = variant_of(make_product(stock=1)).id
        _buy(shop, Buyer(shop.url, email, shop.look_after), who, wanted, other)
        shop.wait_for_death()
        if not shop.deaths:
            unscathed.append(fault)
        _wait_until_done(shop)
        took.append((round(time.monotonic() - began, 1), fault))
        assert _outcome(shop, email, who) == _expected(who), fault
    assert unscathed == []
    assert shop.get("checkout/sessions", status="open") == []
    assert complaints() == {}, sorted(took)[-5:]


def _buy(shop: KillableShop, buyer: Buyer, who: str, wanted: int, other: int) -> None:
    buyer.put_into_cart(wanted)
    payment_page = buyer.check_out()
    if who == "waverer":
        buyer.put_into_cart(other)
        payment_page = buyer.check_out()
    order_page = buyer.come_back(buyer.pay(payment_page))
    buyer.wait_for(">Thank you!<", order_page)
    if who == "returner":
        with db.unit_of_work():
            order_id = db.session().scalars(select(Order.id).where(Order.email == buyer.email)).one()
            refunding.refund_in_full(order_id, "by the owner")
        buyer.wait_for("This order was refunded", order_page)


def _wait_until_done(shop: KillableShop, seconds: float = 20.0) -> None:
    """Wait until no work is left, neither here nor at Stripe."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        shop.look_after()
        db.close_reader()
        if not count_waiting() and not webhooks_waiting(shop.config):
            return
        time.sleep(0.1)
    raise AssertionError("work is left")


def _expected(who: str) -> dict[str, object]:
    is_back = who == "returner"
    return {
        "orders": [(OrderState.COMPLETED, PaymentState.REFUNDED if is_back else PaymentState.PAID)],
        "charges": [1900 * 2 if who == "waverer" else 1900],
        "refunded": 1900 if is_back else 0,
        "entitlements": [not is_back] * (2 if who == "waverer" else 1),
        "mails": 2 if is_back else 1,
    }


def _outcome(shop: KillableShop, email: str, who: str) -> dict[str, object]:
    """Return what is true for one buyer: orders that were paid, charges, refunds, things granted, different mails."""
    db.close_reader()
    session = db.session()
    orders = list(
        session.scalars(select(Order).where(Order.email == email, Order.payment_state != PaymentState.UNPAID))
    )
    intents = set(
        session.scalars(
            select(Payment.payment_intent_id)
            .join(Order, Order.id == Payment.order_id)
            .where(Order.email == email)
        )
    )
    charges = [charge for charge in shop.get("charges") if charge["payment_intent"] in intents]
    granted = session.scalars(select(Entitlement).where(Entitlement.email == email))
    return {
        "orders": [(order.state, order.payment_state) for order in orders],
        "charges": [charge["amount"] for charge in charges],
        "refunded": sum(charge["amount_refunded"] for charge in charges),
        "entitlements": [entitlement.revoked_at is None for entitlement in granted],
        "mails": len(set(shop.mails_to(email))),
    }
