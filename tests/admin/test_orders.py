"""Orders, mails, work and health at the owner's desk."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.admin.views import practice
from storefront.checkout import doctor
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.gateways.practice import PracticeDesk
from storefront.jobs.models import Job
from storefront.jobs.service import enqueue
from storefront.notifications.models import Message
from storefront.notifications.service import tell
from storefront.notifications.states import MessageState
from storefront.orders import queries as orders_queries
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.orders.states import PaymentState
from storefront.payments.models import Refund
from tests.admin.desk import Desk, words_of
from tests.admin.ordering import make_order
from tests.admin.test_products import counted_queries
from tests.selling import BUYER, Till, check_out, make_product, path_of, put_into_cart, token_of

Work = Callable[[], int]


def buy(client: FlaskClient, till: Till, work: Work, action: str = "pay", **facts: object) -> Order:
    """Buy one new product as a guest."""
    with db.unit_of_work():
        product = make_product(**facts)  # type: ignore[arg-type]  # passed on
    put_into_cart(client, product)
    back = path_of(till.pay(check_out(client).headers["Location"], action))
    client.get(back)
    work()
    return the_order()


def the_order() -> Order:
    """Return the newest order as it is now."""
    db.close_reader()
    return db.session().scalars(select(Order).order_by(Order.id.desc()).limit(1)).one()


def test_an_order_shows_everything_about_it(desk: Desk, client: FlaskClient, till: Till, work: Work) -> None:
    order = buy(client, till, work, title="Ink & <b>paper</b>", amount=1900)

    page = desk.open(f"/admin/orders/{order.number}")
    words = words_of(page)

    for part in (
        "Ink & <b>paper</b>",
        "€19.00",
        BUYER,
        "Has access",
        "Paid",
        "Payment arrived",
        "Access given",
    ):
        assert part in words, part
    assert "<b>paper</b>" not in page.text
    assert "€19.00 can be refunded." in words
    assert order.number in words_of(desk.open("/admin"))
    assert "Today: 1 order, €19.00." in words_of(desk.open("/admin"))


def test_a_refund_asks_names_the_amount_and_closes_the_door(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work, amount=1900)
    here = f"/admin/orders/{order.number}"

    question = words_of(desk.open(f"{here}/refund"))
    assert f"Refund order {order.number}" in question
    assert f"{BUYER} can get €19.00 back." in question
    token = desk.form(f"{here}/refund")
    desk.press(f"{here}/refund", f"{here}/refund")
    assert desk.client.post(f"{here}/refund", data=token).status_code == 409
    work()

    assert the_order().payment_state is PaymentState.REFUNDED
    assert db.session().scalars(select(Refund.amount)).all() == [1900]
    assert db.session().scalars(select(Entitlement)).one().revoked_at is not None
    page = words_of(desk.open(here))
    assert "Taken back" in page
    assert "can be refunded" not in page
    desk.open(f"{here}/refund", status=409)


def test_what_needs_the_owner_is_shown_first_and_resolved(desk: Desk) -> None:
    with db.unit_of_work():
        order = make_order(make_product())
        make_order(make_product())
        moving.call_for_attention(order, "The amount does not fit.")
    here = f"/admin/orders/{order.number}"

    assert "1 order needs your attention." in words_of(desk.open("/admin"))
    found = desk.open("/admin/orders?attention=1").text
    assert found.count('href="/admin/orders/') == 1
    assert "The amount does not fit." in words_of(desk.open(here))
    desk.press(f"{here}/attention", here)
    assert "needs your attention" not in words_of(desk.open("/admin"))


def test_orders_are_found_by_number_mail_title_and_state(desk: Desk) -> None:
    with db.unit_of_work():
        one = make_order(make_product(title="Quiet Pages"), email="mei@example.org")
        other = make_order(make_product(title="Loud Pages"), paid=False)

    for query, numbers in (
        (f"q={one.number.lower()}", [one.number]),
        ("q=mei@", [one.number]),
        ("q=quiet", [one.number]),
        ("state=pending", [other.number]),
        ("payment=paid", [one.number]),
        ("q=%25", []),
        ("state=nonsense&payment=%00&q=%00", [one.number, other.number]),
    ):
        page = desk.open(f"/admin/orders?{query}").text
        assert [
            number for number in (one.number, other.number) if f"/admin/orders/{number}" in page
        ] == numbers, query


def test_the_list_of_orders_costs_the_same_with_one_and_with_three(desk: Desk) -> None:
    with db.unit_of_work():
        product = make_product()
        make_order(product)
    desk.open("/admin/orders")
    with counted_queries() as with_one:
        desk.open("/admin/orders")
    with db.unit_of_work():
        make_order(product)
        make_order(product)
    with counted_queries() as with_three:
        desk.open("/admin/orders")

    assert len(with_one) == len(with_three) <= 4


def test_a_mail_is_read_and_sent_again(desk: Desk, client: FlaskClient, till: Till, work: Work) -> None:
    order = buy(client, till, work)
    message = db.session().scalars(select(Message)).one()
    here = f"/admin/messages/{message.id}"

    page = desk.open(here)
    assert '<a href="http' in page.text  # the links of the mail can be followed
    frame = desk.open(f"{here}/mail")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert order.number in frame.text
    with db.unit_of_work() as session:
        session.get_one(Message, message.id).state = MessageState.FAILED
    assert "1 mail could not be delivered." in words_of(desk.open("/admin"))
    back = desk.send(f"{here}/resending", "/admin/messages?state=failed")
    assert back.headers["Location"] == "/admin/messages?state=failed"
    work()

    db.close_reader()
    sent = db.session().get_one(Message, message.id)
    assert (sent.state, sent.attempts) == (MessageState.SENT, 2)


def test_work_that_gave_up_is_shown_with_its_reason_and_tried_again(desk: Desk, work: Work) -> None:
    with db.unit_of_work():
        enqueue("nobody_knows_this", topic="order:1")
    work()
    job = db.session().scalars(select(Job)).one()
    assert job.resting_since is not None

    page = words_of(desk.open("/admin/jobs"))
    assert "Nobody knows this" in page
    assert (job.last_error or "-") in page
    assert "1 piece of work gave up." in words_of(desk.open("/admin/health"))
    desk.press(f"/admin/jobs/{job.id}/retry", "/admin/jobs")
    db.close_reader()
    assert (
        db.session().scalars(select(Job.resting_since).where(Job.kind == "nobody_knows_this")).one() is None
    )


def test_a_finding_of_the_doctor_is_red_until_it_is_gone(desk: Desk) -> None:
    with db.unit_of_work():
        doctor.remember(
            [doctor.Finding("subtotal", "The lines of an order do not add up to its subtotal.", ["K7QM"])]
        )

    assert "The doctor found something wrong: The lines of an order" in words_of(desk.open("/admin"))
    assert "K7QM" in words_of(desk.open("/admin/health"))
    desk.press("/admin/health/examination", "/admin/health")
    assert "K7QM" not in words_of(desk.open("/admin/health"))


def test_the_journal_is_read_by_thing_and_page_by_page(desk: Desk) -> None:
    for number in range(31):
        desk.send("/admin/products/new", title=f"Product {number}", kind="download", price="1")

    first = desk.open("/admin/journal")
    assert first.text.count("<time") == 30
    following = first.text.split('rel="next" href="')[1].split('"')[0]
    assert desk.open(following).text.count("<time") >= 1
    assert words_of(desk.open("/admin/journal?q=product:1")).count("Product made") == 1


def test_the_bank_is_practised_only_in_practice(
    desk: Desk, client: FlaskClient, till: Till, work: Work, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    desk.open("/admin/practice", status=404)
    order = buy(client, till, work, "pay_delayed")
    assert order.payment_state is PaymentState.PROCESSING
    key = till.config.secret_key
    used = SimpleNamespace(is_practice=True, stripe_base=till.url, stripe_key=key)
    monkeypatch.setattr(practice, "settings", lambda: used)

    page = desk.open("/admin/practice")
    assert order.number in words_of(page)
    (payment,) = PracticeDesk(used).list_delayed()  # type: ignore[arg-type]  # what it needs of the settings
    here = f"/admin/practice/delayed/{payment.session_id}"
    desk.press(here, "/admin/practice", confirm="1")
    client.get(f"/checkout/return?session_id={payment.session_id}")
    work()
    assert the_order().payment_state is PaymentState.PAID
    assert "None wait" in words_of(desk.open("/admin/practice"))


def test_a_practice_bank_that_does_not_answer_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    used = SimpleNamespace(is_practice=True, stripe_base="http://127.0.0.1:9", stripe_key="sk_test")
    monkeypatch.setattr(practice, "settings", lambda: used)

    assert "Practice Stripe does not answer now" in words_of(desk.open("/admin/practice"))


def test_a_mail_that_was_written_twice_is_sent_again_by_one_button(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work)
    answer = client.post(f"{order.path}/mail", data={"csrf_token": token_of(client.get(order.path))})
    assert answer.status_code == 303
    page = desk.open(f"/admin/orders/{order.number}")
    ids = (
        db.session()
        .scalars(select(Message.id).where(Message.kind == "order_paid").order_by(Message.id))
        .all()
    )
    buttons = [f"/admin/messages/{number}/resending" in page.text for number in ids]
    assert buttons == [False, True]


def test_old_orders_are_found_by_number_and_whole_address_and_new_ones_by_a_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.orders.queries.MOST_SEARCHED", 1)
    monkeypatch.setattr("storefront.notifications.service.MOST_SEARCHED", 1)
    with db.unit_of_work():
        old = make_order(make_product("Old book"), email="old@example.org")
        new = make_order(make_product("New book"), email="new@example.org")
        for order in (old, new):
            tell("order_paid", order.email, "en", order_id=order.id)
    for words, found in (
        (old.number.lower(), [old.number]),
        ("OLD@example.org", [old.number]),
        ("example.org", [new.number]),
        ("ew boo", [new.number]),
        ("old boo", []),
    ):
        text = desk.open(f"/admin/orders?q={words}").text
        assert [one.number for one in (old, new) if one.number in text] == found, words
    text = desk.open("/admin/messages?q=EXAMPLE").text
    assert ("new@example.org" in text, "old@example.org" in text) == (True, False)
    assert "Nothing found" in desk.open("/admin/messages?q=nobody").text


def test_orders_are_listed_from_the_oldest_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.unit_of_work():
        numbers = [make_order(make_product()).number for _ in range(3)]
    monkeypatch.setattr(
        orders_queries.list_orders, "__kwdefaults__", {**orders_queries.list_orders.__kwdefaults__, "size": 2}
    )
    page = desk.open("/admin/orders?sort=oldest").text
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert [number for number in numbers if number in page] == numbers[:2]
    assert [number for number in numbers if number in desk.open(following).text] == numbers[2:]
