"""Orders walk at random through everything that can happen to them; after each step the books must be right.

``STOREFRONT_WALKS=200`` takes so many walks of sixty steps each instead of the few short ones.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from storefront.catalog.models import Product, Variant
from storefront.catalog.states import ContentKind
from storefront.checkout import giving_back, refunding, starting, sweeping
from storefront.checkout.giving_back import RefundWish
from storefront.core import db, faults
from storefront.core.clock import now
from storefront.core.errors import ShopError
from storefront.core.ids import new_public_id
from storefront.fulfilment.models import Entitlement
from storefront.gateways.stripe import PaymentUnknown
from storefront.jobs import worker
from storefront.notifications.models import Message
from storefront.orders.models import Order, OrderLine
from storefront.orders.queries import get_order
from storefront.parcels import returning, sending
from storefront.parcels.returning import Arrived, ReturnInput
from storefront.parcels.sending import ParcelWish, Tracking
from storefront.parcels.states import ReturnReason, ReturnWish
from storefront.payments import balancing
from storefront.payments import service as payments
from storefront.payments.models import LedgerEntry, Payment
from storefront.promotions import service as codes
from storefront.promotions.service import CodeInput
from storefront.promotions.states import CodeKind
from tests.checkout.buying import complaints, events, post_event, session_id_of, stripe
from tests.fixtures.app import open_app, open_till, settings_for
from tests.selling import Till, check_out, make_product, put_into_cart, send, ship

WALKS = int(os.environ.get("STOREFRONT_WALKS", "0"))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = {"line1": "1 Lane", "city": "Bath", "postal_code": "BA1 1AA", "country": "GB"}
# Mails of which an order has one at most.
ONCE = ("order_paid", "order_received", "payment_failed", "order_refunded", "abandoned_checkout")
# Where the next step may break off, as if the process had died there.
POINTS = (
    "placing.order_written",
    "starting.before_first_commit",
    "starting.after_first_commit",
    "starting.after_stripe",
    "starting.after_second_commit",
    "giving_up.expired_at_stripe",
    "webhook.before_commit",
    "settling.asked",
    "settling.before_commit",
    "settling.after_commit",
    "job.claimed",
    "job.before_done",
    "job.after_done",
    "refunding.after_stripe",
)


@dataclass(frozen=True)
class Shop:
    """A shop that has just opened, with its till."""

    app: Flask
    till: Till


@dataclass(frozen=True)
class Sale:
    """Somebody's browser, and the payment page to which it was led."""

    client: FlaskClient
    session_id: str


class AnyWay(RuleBasedStateMachine):
    """Whatever happens, in whatever order, however often, and wherever the process dies."""

    open_shop: ClassVar[Callable[[], AbstractContextManager[Shop]]]
    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(START, tick=True))
        self.shop = self.stack.enter_context(type(self).open_shop())
        self.till = self.shop.till
        self.steps_with_death = 0
        self.heard: set[str] = set()
        with db.unit_of_work():
            ship(amount=490)
            codes.create(CodeInput("TWICE", kind=CodeKind.PERCENT, percent=2000, most_uses=2))
            self.things: list[Product] = [
                make_product("A text"),
                make_product("A program", content=ContentKind.LICENCE, stock=3),
                make_product("A parcel", stock=4, requires_shipping=True, content=None, weight_grams=200),
            ]

    # What buyers do

    @initialize(target=sales, thing=st.integers(0, 2), has_code=st.booleans())
    def sell(self, thing: int, has_code: bool) -> Sale | MultipleResults[Sale]:
        """Something was sold before, so that there is something to go wrong."""
        sale = self.begin(thing, 2, 1, has_code)
        if isinstance(sale, Sale):
            self.pay(sale, "pay")
            self.come_back(sale)
        return sale

    @rule(
        target=sales,
        thing=st.integers(0, 2),
        quantity=st.integers(1, 2),
        buyer=st.integers(1, 2),
        has_code=st.booleans(),
    )
    def begin(self, thing: int, quantity: int, buyer: int, has_code: bool) -> Sale | MultipleResults[Sale]:
        """Somebody puts something into the cart and checks out, as far as there is stock, perhaps with the code."""
        client = self.shop.app.test_client()
        put_into_cart(client, self.things[thing], quantity)
        if has_code:
            send(client, "/cart/code", "/cart", code="TWICE")
        try:
            answer = check_out(client, f"buyer-{buyer}@example.org")
        except ValueError:  # sold out, so that there is nothing to check out
            return multiple()
        if answer.status_code != 303 or "/pay/" not in answer.headers["Location"]:
            return multiple()
        return Sale(client, session_id_of(answer.headers["Location"]))

    @rule(sale=sales, how=st.sampled_from(["pay", "pay", "pay_delayed", "decline"]))
    def pay(self, sale: Sale, how: str) -> None:
        """They press a button of the payment page, also of one that has expired or was paid."""
        address = {"name": "Anna", "shipping_address": ADDRESS}
        self._at_stripe(f"sessions/{sale.session_id}/pay", action=how, **address)

    @rule(sale=sales)
    def come_back(self, sale: Sale) -> None:
        """They come back from the payment page."""
        sale.client.get(f"/checkout/return?session_id={sale.session_id}")

    @rule(sale=sales)
    def change_their_mind(self, sale: Sale) -> None:
        """They give up before they have paid."""
        live = payments.find_live(self._order_id(sale))
        db.close_reader()
        if live is not None:
            with self._breakable():
                starting.give_up(live, stripe(self.shop.app))

    # What Stripe and banks do

    @rule(sale=sales, end=st.sampled_from(["confirm", "fail"]))
    def end_delayed_payment(self, sale: Sale, end: str) -> None:
        """A bank debit arrives, or comes to nothing."""
        self._at_stripe(f"delayed/{sale.session_id}/{end}")

    @rule(seed=st.integers(0, 99), share=st.sampled_from([0.3, 1.0]))
    def hear(self, seed: int, share: float) -> None:
        """Events arrive: some of them, in any order, also those that came before."""
        dice = random.Random(seed)
        some = [event for event in events(self.till) if dice.random() < share]
        dice.shuffle(some)
        for event in some:
            self._post(event)

    @rule(sale=sales, amount=st.sampled_from([None, 300, 1000]))
    def refund_in_dashboard(self, sale: Sale, amount: int | None) -> None:
        """The owner refunds at Stripe, all or a part."""
        self._at_stripe(f"charges/{sale.session_id}/refund", **({"amount": amount} if amount else {}))

    @rule(outcome=st.sampled_from(["pending", "failed", "requires_action"]))
    def next_refund_goes_otherwise(self, outcome: str) -> None:
        """The bank will be slow about the next refund, or refuse it."""
        self._at_stripe("refunds/next", outcome=outcome)

    @rule(outcome=st.sampled_from(["succeeded", "failed"]))
    def settle_refunds(self, outcome: str) -> None:
        """The bank makes up its mind about refunds that are on their way."""
        found: Any = self.till.get("refunds", limit="100")["data"]
        for refund in found:
            if refund["status"] in ("pending", "requires_action"):
                self._at_stripe(f"refunds/{refund['id']}/settle", outcome=outcome)

    @rule(sale=sales)
    def dispute(self, sale: Sale) -> None:
        """A buyer's bank takes the money."""
        self._at_stripe(f"charges/{sale.session_id}/dispute")

    @rule(outcome=st.sampled_from(["won", "lost"]))
    def end_disputes(self, outcome: str) -> None:
        """The bank decides."""
        found: Any = self.till.get("disputes", limit="100")["data"]
        for dispute in found:
            self._at_stripe(f"disputes/{dispute['id']}/close", outcome=outcome)

    # What the shop does

    @rule(sale=sales)
    def refund(self, sale: Sale) -> None:
        """The owner gives all of it back."""
        order_id = self._order_id(sale)
        if order_id:
            self._may_be_refused(lambda: refunding.refund_in_full(order_id, "by the owner"))

    @rule(sale=sales, amount=st.sampled_from([300, 1000]))
    def refund_a_part(self, sale: Sale, amount: int) -> None:
        """The owner gives some of it back."""
        order_id = self._order_id(sale)
        if order_id:
            wish = RefundWish(new_public_id(), amount=amount)
            self._may_be_refused(lambda: giving_back.refund(order_id, wish))

    @rule(sale=sales, pieces=st.integers(1, 2))
    def send_parcel(self, sale: Sale, pieces: int) -> None:
        """The owner sends some pieces, if there are any to send."""
        order = self._order(sale)
        line = next((line for line in order.lines if line.requires_shipping), None) if order else None
        if line is not None:
            wish = ParcelWish(new_public_id(), {line.id: pieces}, Tracking())
            self._may_be_refused(lambda: sending.send(line.order_id, wish))

    @rule(sale=sales)
    def deliver(self, sale: Sale) -> None:
        """Every parcel of the order arrives."""
        order = self._order(sale)
        for shipment in sending.shipments_of(order.id) if order else ():
            self._may_be_refused(lambda shipment=shipment: sending.note_delivery(shipment.public_id))

    @rule(sale=sales, pieces=st.integers(1, 2))
    def ask_to_return(self, sale: Sale, pieces: int) -> None:
        """The buyer wants to send something back."""
        order = self._order(sale)
        line = next((line for line in order.lines if line.requires_shipping), None) if order else None
        if line is not None:
            wanted = ReturnInput(
                new_public_id(), {line.id: pieces}, ReturnReason.DAMAGED, ReturnWish.REFUND, "Torn."
            )
            self._may_be_refused(lambda: returning.ask(line.order_id, wanted))

    @rule(sale=sales, restocked=st.integers(0, 1))
    def take_back(self, sale: Sale, restocked: int) -> None:
        """The owner agrees, and a piece arrives, whole or not."""
        order = self._order(sale)
        for found in returning.returns_of(order.id) if order else ():
            public_id, line_id = found.public_id, found.lines[0].order_line_id
            self._may_be_refused(lambda public_id=public_id: returning.approve(public_id, "", "By post."))
            arrived = {line_id: Arrived(1, restocked)}
            self._may_be_refused(lambda wanted=(public_id, arrived): returning.receive(*wanted))

    @rule()
    def work(self) -> None:
        """The worker does what is due."""
        with self._breakable():
            worker.drain()

    @rule()
    def sweep(self) -> None:
        """The shop asks Stripe what is true."""
        with self._breakable():
            self._ask_stripe()

    @rule(minutes=st.sampled_from([15, 55, 60 * 30]))
    def time_passes(self, minutes: int) -> None:
        """Leases and payment pages expire; the shop is up meanwhile and does what it does every few minutes."""
        faults._armed = faults._Armed("")
        self.clock.shift(timedelta(minutes=minutes))
        self._catch_up()

    @rule(point=st.sampled_from(POINTS))
    def die_in_the_next_step(self, point: str) -> None:
        """The next step breaks off there, if it comes there."""
        faults._armed = faults._Armed(f"{point}:raise")
        self.steps_with_death = 2

    # What must be true at every moment

    @invariant()
    def nothing_is_wrong(self) -> None:
        """The doctor finds nothing, and the ledger is what was paid and refunded, on each day."""
        self.steps_with_death -= 1
        if self.steps_with_death <= 0:
            faults._armed = faults._Armed("")
        assert complaints() == {}
        assert [(day.day, day.numbers) for day in balancing.unbalanced_days()] == []

    @invariant()
    def no_order_owes_its_buyer_more_than_came(self) -> None:
        """What is left of each payment is never negative without a dispute, which may take money that went back."""
        db.close_reader()
        for order_id in db.session().scalars(select(Order.id)):
            assert payments.captured(order_id) >= payments.refunded(order_id)

    @invariant()
    def everything_happens_once(self) -> None:
        """One entitlement for each line, one mail of each kind about an order."""
        db.close_reader()
        session = db.session()
        granted = Counter(session.scalars(select(Entitlement.order_line_id)))
        lines = set(session.scalars(select(OrderLine.id)))
        assert {line for line, times in granted.items() if times > 1 or line not in lines} == set()
        mails = select(Message.kind, Message.topic).where(Message.kind.in_(ONCE))
        told = Counter(tuple(row) for row in session.execute(mails))
        assert [what for what, times in told.items() if times > 1] == []

    @invariant()
    def stock_adds_up(self) -> None:
        """On hand, reserved and sold are what was received; nothing is negative."""
        db.close_reader()
        for variant in db.session().scalars(select(Variant)):
            counted = (variant.stock, variant.reserved, variant.sold)
            assert all(each is None or each >= 0 for each in counted)
            if variant.stock is not None:
                assert sum(each or 0 for each in counted) == variant.received

    def teardown(self) -> None:
        """In the end, when all is heard and done, the books say what Stripe says."""
        try:
            faults._armed = faults._Armed("")
            self.clock.shift(timedelta(days=2))
            self._catch_up()
            assert self._at_stripe_now() == self._in_the_books()
            self.nothing_is_wrong()
        finally:
            faults._armed = faults._Armed("")
            self.stack.close()

    def _catch_up(self) -> None:
        """What a running shop does within some minutes: hear what Stripe has to say, ask for the rest, do the work."""
        for _ in range(2):
            for event in events(self.till):
                assert event["id"] in self.heard or self._post(event)
            self._ask_stripe()
            worker.drain()
            # What was put off waits for no more than these, as often as it takes.
            self.clock.shift(timedelta(minutes=3))
            worker.drain()

    def _post(self, event: dict[str, Any]) -> bool:
        """Let an event arrive; return whether it was taken in, so that Stripe need not send it again."""
        is_taken = post_event(self.shop.app.test_client(), event).status_code == 200
        self.heard |= {event["id"]} if is_taken else set()
        return is_taken

    def _ask_stripe(self) -> None:
        with self.shop.app.app_context():
            gateway = stripe(self.shop.app)
            sweeping.sweep(gateway)
            sweeping.sweep_strays(gateway)
            sweeping.reconcile(gateway, now() - timedelta(days=5))

    def _at_stripe_now(self) -> int:
        """What came less what went back and what banks hold, as Stripe's own lists say."""
        lists: dict[str, Any] = {
            name: self.till.get(name, limit="100")["data"] for name in ("charges", "refunds", "disputes")
        }
        came = sum(each["amount"] for each in lists["charges"] if each["status"] == "succeeded")
        back = sum(
            each["amount"] for each in lists["refunds"] if each["status"] not in ("failed", "canceled")
        )
        held = sum(each["amount"] for each in lists["disputes"] if each["status"] != "won")
        return int(came - back - held)

    def _in_the_books(self) -> int:
        db.close_reader()
        return int(db.session().scalar(select(func.coalesce(func.sum(LedgerEntry.amount), 0))) or 0)

    def _order_id(self, sale: Sale) -> int:
        found = db.session().scalar(select(Payment.order_id).where(Payment.session_id == sale.session_id))
        return found or 0

    def _order(self, sale: Sale) -> Order | None:
        order_id = self._order_id(sale)
        return get_order(order_id) if order_id else None

    def _may_be_refused(self, change: Callable[[], object]) -> None:
        """Change something in a unit of its own; that it is not possible now is an answer like any other."""
        db.close_reader()
        with suppress(ShopError), self._breakable(), db.unit_of_work():
            change()

    def _at_stripe(self, path: str, **fields: object) -> None:
        """Have something happen at Stripe, if it can."""
        headers = {"Authorization": f"Bearer {self.till.config.secret_key}"}
        requests.post(f"{self.till.url}/practice/{path}", json=fields, headers=headers, timeout=10)

    @contextmanager
    def _breakable(self) -> Iterator[None]:
        """The process may die in here, or find that Stripe does not answer."""
        try:
            with self.shop.app.app_context():
                yield
        except (faults.InjectedFault, PaymentUnknown, starting.PaymentPageUnavailable):
            faults._armed = faults._Armed("")
        finally:
            db.close_reader()


@pytest.mark.timeout(120 + 60 * WALKS)
def test_books_are_right_whatever_happens_to_orders(
    work_database: str, begin_again: Callable[[], None], tmp_path: Path
) -> None:
    @contextmanager
    def open_shop() -> Iterator[Shop]:
        begin_again()
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        with open_till(folder) as till, open_app(settings_for(work_database, folder, till)) as app:
            with app.app_context():
                yield Shop(app, till)
            db.disconnect()

    class Here(AnyWay):
        pass

    Here.open_shop = open_shop
    walk = settings(
        max_examples=WALKS or 6,
        stateful_step_count=60 if WALKS else 25,
        deadline=None,
        derandomize=not WALKS,
        # Twenty-five steps can be read; looking for fewer that fail, too, would take minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=False,
    )
    run_state_machine_as_test(Here, settings=walk)
