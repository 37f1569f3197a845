"""Who left before paying is written to once, if they may be; the link brings the cart back, on any device."""

import re

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from storefront.analytics.recovery import figures
from storefront.cart.models import CartLine
from storefront.catalog.models import Product, Variant
from storefront.checkout import blocking, recovering, settling, sweeping
from storefront.checkout.jobs import recover_checkouts
from storefront.checkout.models import BlockKind, CheckoutRecovery
from storefront.checkout.states import RecoveryOutcome
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.notifications.models import Message
from storefront.notifications.rendering import find_renderer
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import PaymentState
from storefront.payments import service as payments
from storefront.payments.states import PaymentStatus
from storefront.shop import service as shop
from storefront.shop.reminding import save_recovery
from storefront.shop.states import Reminder
from tests.checkout.buying import Work, count, go_to_pay, mails, orders, sell, stripe
from tests.selling import BUYER, Till, check_out, path_of, put_into_cart, send


def test_who_agreed_gets_one_mail_whose_link_fills_the_cart_elsewhere(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    _ask(Reminder.CONSENT)
    with time_machine.travel(now(), tick=True) as clock:
        product = sell(title="A book", amount=1900)
        _leave(app, client, product, clock, remind="1")
        assert _recover(app) == 0  # too early
        clock.shift(timedelta(hours=4))
        assert [_recover(app), _recover(app)] == [1, 0]
        work()
        assert mails() == ["abandoned_checkout"]
        with db.unit_of_work() as session:
            session.execute(update(Variant).values(price_amount=2500))
        elsewhere, link = app.test_client(), _link(app, "saved")
        page = elsewhere.get(link).text
        assert "A book" in page
        assert BUYER not in page
        for _ in range(2):
            assert send(elsewhere, link).status_code == 303
        assert "€25.00" in elsewhere.get("/cart").text
        db.close_reader()
        assert set(db.session().scalars(select(CartLine.quantity))) == {1}
        till.pay(check_out(elsewhere, email="other@example.org").headers["Location"])
        _settle_all(app)
        assert _recover(app) == 0
        found = figures()
        assert (found.sent, found.opened, found.recovered, [each.amount for each in found.income]) == (
            1, 1, 1, [2500],
        )  # fmt: skip
        clock.shift(timedelta(days=8))
        assert elsewhere.get(link).status_code == 410
        assert send(elsewhere, link, "/account/login").headers["Location"].endswith(link)


def test_link_that_was_never_sent_is_unknown(app: Flask, client: FlaskClient) -> None:
    _ask(Reminder.CONSENT)
    put_into_cart(client, sell())
    check_out(client, remind="1")
    db.close_reader()
    guess = db.session().scalars(select(CheckoutRecovery.public_id)).one()
    assert [client.get(f"/cart/saved/{each}").status_code for each in (guess, "x" * 22)] == [404, 404]
    assert client.get("/cart/reminders/forged").status_code == 404


@pytest.mark.parametrize(
    ("rule", "box", "is_noted"),
    [
        (Reminder.OFF, {"remind": "1"}, False),
        (Reminder.CONSENT, {}, False),
        (Reminder.CONSENT, {"remind": "1"}, True),
        (Reminder.OBJECTION, {}, True),
        (Reminder.OBJECTION, {"no_reminder": "1"}, False),
    ],
)
def test_only_who_may_be_written_to_is_noted(
    client: FlaskClient, rule: Reminder, box: dict[str, str], is_noted: bool
) -> None:
    _ask(rule)
    put_into_cart(client, sell())
    page = client.get("/cart").text
    assert ('name="remind"' in page, 'name="no_reminder"' in page) == (
        rule is Reminder.CONSENT,
        rule is Reminder.OBJECTION,
    )
    assert not re.search(r"<input[^>]*remind[^>]*checked", page)
    check_out(client, **box)
    assert count(CheckoutRecovery) == is_noted


def test_box_that_is_no_longer_ticked_takes_it_back(client: FlaskClient) -> None:
    _ask(Reminder.CONSENT)
    put_into_cart(client, sell())
    check_out(client, remind="1")
    check_out(client)
    assert count(CheckoutRecovery) == 0


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("bought", RecoveryOutcome.BOUGHT),
        ("began again", RecoveryOutcome.AGAIN),
        ("opted out", RecoveryOutcome.OPTED_OUT),
        ("had one", RecoveryOutcome.ASKED_BEFORE),
        ("refunded", RecoveryOutcome.MONEY_BACK),
        ("sold out", RecoveryOutcome.NOTHING_LEFT),
        ("too late", RecoveryOutcome.TOO_LATE),
        ("gave up", RecoveryOutcome.CALLED_OFF),
        ("blocked", RecoveryOutcome.BLOCKED),
    ],
)
def test_nobody_is_written_to_who_should_not_be(
    app: Flask, client: FlaskClient, till: Till, work: Work, case: str, outcome: RecoveryOutcome
) -> None:
    _ask(Reminder.CONSENT)
    product = sell(stock=5)
    with time_machine.travel(now(), tick=True) as clock:
        if case == "refunded":
            _buy(app, till, product)
            with db.unit_of_work() as session:
                session.execute(update(Order).values(payment_state=PaymentState.REFUNDED, paid_at=now()))
            clock.shift(timedelta(hours=1))
        if case == "had one":
            _leave(app, app.test_client(), product, clock, remind="1")
            clock.shift(timedelta(hours=5))
            assert _recover(app) == 1
        if case == "gave up":
            put_into_cart(client, product)
            check_out(client, remind="1")
            _call_off()
        else:
            _leave(app, client, product, clock, remind="1")
        if case == "bought":
            _buy(app, till, product)
        elif case == "began again":
            go_to_pay(app.test_client(), product)
        elif case == "opted out":
            with app.app_context(), db.unit_of_work():
                recovering.opt_out(recovering.hashed(BUYER.upper()))
        elif case == "blocked":
            with app.app_context(), db.unit_of_work():
                blocking.block(BlockKind.DOMAIN, "example.org", "Never pays.")
        elif case == "sold out":
            with db.unit_of_work() as session:
                session.execute(update(Variant).values(stock=0, received=Variant.reserved + Variant.sold))
        clock.shift(timedelta(days=4) if case == "too late" else timedelta(hours=5))
        assert _recover(app) == 0
        db.close_reader()
        newest = select(CheckoutRecovery.outcome).order_by(CheckoutRecovery.order_id.desc())
        assert db.session().scalars(newest).first() is outcome


def test_mail_that_waited_until_they_had_bought_is_not_sent(
    app: Flask, client: FlaskClient, till: Till, work: Work
) -> None:
    _ask(Reminder.CONSENT)
    product = sell()
    with time_machine.travel(now(), tick=True) as clock:
        _leave(app, client, product, clock, remind="1")
        clock.shift(timedelta(hours=5))
        assert _recover(app) == 1
        _buy(app, till, product)
        db.close_reader()
        with app.app_context():
            order_id = orders()[0].id
            renderer = find_renderer(recovering.KIND)
            assert renderer is not None
            assert renderer({"order_id": order_id}, "en") is None


def test_one_click_and_a_button_end_these_mails(app: Flask, client: FlaskClient, work: Work) -> None:
    _ask(Reminder.OBJECTION)
    with time_machine.travel(now(), tick=True) as clock:
        _leave(app, client, sell(), clock)
        clock.shift(timedelta(hours=5))
        assert _recover(app) == 1
        link = _link(app, "reminders")
        assert BUYER not in link
        client.get(link)
        with app.app_context():
            assert not recovering.has_opted_out(BUYER)
        assert "No more of these mails" in send(client, link).text
        with app.app_context():
            assert recovering.has_opted_out(BUYER)


def test_owner_decides_and_sees_what_came_of_it(owner_client: FlaskClient) -> None:
    assert send(owner_client, "/admin/recovery", recovery="consent", hours="0").status_code == 422
    assert send(owner_client, "/admin/recovery", recovery="consent", hours="6").status_code == 303
    db.close_reader()
    profile = shop.get_profile()
    assert (profile.recovery, profile.recovery_hours) == (Reminder.CONSENT, 6)
    assert 'id="sent">0<' in owner_client.get("/admin/recovery").text


def _ask(rule: Reminder) -> None:
    with db.unit_of_work():
        save_recovery(rule, 4)


def _leave(
    app: Flask, client: FlaskClient, product: Product, clock: time_machine.Traveller, **box: str
) -> None:
    """Begin to pay, and be away until the payment page has expired."""
    go_to_pay(client, product, **box)
    clock.shift(timedelta(minutes=50))
    _settle(app)
    assert orders()[-1].cancelled_at is not None


def _settle(app: Flask) -> None:
    with app.app_context():
        sweeping.sweep(stripe(app))


def _recover(app: Flask) -> int:
    with app.app_context():
        return recover_checkouts()


def _buy(app: Flask, till: Till, product: Product) -> None:
    till.pay(go_to_pay(app.test_client(), product))
    _settle_all(app)


def _settle_all(app: Flask) -> None:
    with app.app_context():
        for order in orders():
            live = payments.find_live(order.id)
            if live is not None and live.session_id:
                settling.settle(live.session_id, stripe(app))


def _call_off() -> None:
    """The buyer, or the owner, ends it on purpose."""
    with db.unit_of_work():
        order = moving.lock(orders()[0].id)
        for payment in payments.payments_of(order.id):
            payments.move(payment, PaymentStatus.CANCELLED)
        settling.call_off(order, "cancelled by the customer")


def _link(app: Flask, kind: str) -> str:
    """Return the path of a link in the mail that is written."""
    db.close_reader()
    message = db.session().scalars(
        select(Message).where(Message.kind == recovering.KIND).order_by(Message.id.desc())
    ).first()  # fmt: skip
    renderer = find_renderer(recovering.KIND)
    assert message is not None
    assert renderer is not None
    with app.app_context():
        mail = renderer(message.args, "en")
    assert mail is not None
    found = re.findall(rf"http\S+/cart/{kind}/\S+", mail.text)
    return path_of(found[0])
