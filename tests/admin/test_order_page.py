"""The page of an order at the owner's desk: all that happened, what may be done, and what a bank is shown."""

import io
import zipfile
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.fulfilment.models import AccessNote, Entitlement
from storefront.fulfilment.states import Deed
from storefront.jobs.models import Job
from storefront.notifications.models import Message
from storefront.orders.models import Order, OrderNote
from storefront.orders.service import moving
from storefront.orders.states import OrderState, PaymentState
from storefront.payments.models import IncomingEvent, Refund, RefundLine
from tests.admin.desk import Desk, errors_of, words_of
from tests.admin.ordering import make_order
from tests.admin.test_orders import buy, the_order
from tests.admin.test_products import counted_queries
from tests.checkout.buying import events, post_events
from tests.selling import BUYER, Till, make_product

Work = Callable[[], int]


def test_everything_that_happened_stands_in_one_list_and_is_followed_again(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work, stock=3)
    post_events(client, events(till))
    work()
    here = f"/admin/orders/{order.number}"
    desk.press(f"{here}/notes", here, text="Met her at the fair")
    words = words_of(desk.open(here))
    for part in (
        "Message of Stripe: the payment page was completed", "Mail: Order paid, with the links", "Payment arrived",
        "reason: the payments cover the total", "Met her at the fair", "Access given", "visa 4242", "Risk: normal",
    ):  # fmt: skip
        assert part in words, part
    event = db.session().scalars(select(IncomingEvent).where(IncomingEvent.type.like("checkout%"))).one()
    first = event.handled_at
    for _ in range(2):
        desk.send(f"/admin/events/{event.id}/replay", here)
    assert work() == 1
    db.close_reader()
    assert db.session().get_one(IncomingEvent, event.id).handled_at > first  # type: ignore[operator]  # both are set
    job = db.session().scalars(select(Job).where(Job.kind == "grant_order")).one()
    desk.send(f"/admin/jobs/{job.id}/repetition", here)
    assert work() == 1
    note = db.session().scalars(select(OrderNote)).one()
    desk.press(f"{here}/notes/{note.id}/removal", here)
    assert "Met her at the fair" not in words_of(desk.open(here))


def test_refund_form_gives_pieces_back_once_and_shows_mistakes_at_their_fields(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work, amount=1900)
    here = f"/admin/orders/{order.number}"
    page = f"{here}/refund"
    wrong = desk.send(page, page, mode="lines", **{"pieces-1": "2"})
    assert (wrong.status_code, errors_of(wrong)) == (
        422,
        {"pieces-1": "Please enter a whole number up to 1."},
    )
    wrong = desk.send(page, page, mode="amount", amount="19.01")
    assert (wrong.status_code, "Only €19.00 is left to refund." in words_of(wrong)) == (422, True)
    assert (
        errors_of(desk.send(page, page, mode="amount", amount=""))["amount"]
        == "Please enter the amount that goes back."
    )
    fields = desk.form(page)
    fields["mode"], fields["amount"], fields["reason"], fields["access-1"] = "amount", "4.50", "Late", "close"
    assert [desk.client.post(page, data=fields).status_code for _ in range(2)] == [303, 303]
    work()
    db.close_reader()
    assert db.session().scalars(select(Refund.amount)).all() == [450]
    assert db.session().scalars(select(RefundLine.access)).all() == ["close"]
    words = words_of(desk.open(here))
    for part in ("Taken back", "access closes", "Late", "€14.50 can be refunded."):
        assert part in words, part


def test_what_needs_the_owner_comes_first_with_its_reason_and_the_buttons_that_end_it(desk: Desk) -> None:
    with db.unit_of_work():
        order = make_order(make_product())
        moving.call_for_attention(order, "A refund failed at the bank")
        make_order(make_product())
    page = desk.open("/admin/orders")
    words = words_of(page)
    assert words.index("A refund failed at the bank") < words.index(
        "Number, e-mail or title" if "Number" in words else "State"
    )
    for path in (f"/admin/orders/{order.number}/refund", f"/admin/orders/{order.number}/attention"):
        assert path in page.text
    with counted_queries() as with_one:
        desk.open("/admin/orders")
    with db.unit_of_work():
        for _ in range(2):
            moving.call_for_attention(make_order(make_product()), "A refund failed at the bank")
    with counted_queries() as with_three:
        desk.open("/admin/orders")
    assert len(with_one) == len(with_three)


def test_address_is_changed_after_a_look_at_what_moves(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work)
    page = f"/admin/orders/{order.number}/email"
    assert "e-mail" in errors_of(desk.send(page, page, email="nobody"))["email"]
    asked = desk.send(page, page, email="mei@example.org")
    assert f"1 order of {BUYER} moves to mei@example.org" in words_of(asked)
    assert the_order().email == BUYER
    fields = desk.form(page)
    fields["email"], fields["confirmed"] = "mei@example.org", "1"
    assert [desk.client.post(page, data=fields).status_code for _ in range(2)] == [303, 303]
    work()
    db.close_reader()
    kinds = db.session().execute(select(Message.kind, Message.recipient).order_by(Message.id)).all()
    assert [tuple(row) for row in kinds[-2:]] == [
        ("purchases_left", BUYER),
        ("purchases_came", "mei@example.org"),
    ]


def test_bank_is_shown_everything_in_one_file(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    order = buy(client, till, work)
    with db.unit_of_work() as session:
        session.add(OrderNote(order_id=order.id, author="owner:1", text="A private word"))
        holding = session.scalars(select(Entitlement)).one()
        session.add(AccessNote(entitlement_id=holding.id, deed=Deed.DOWNLOAD, title="The file itself"))
    answer = desk.open(f"/admin/orders/{order.number}/evidence")
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    names = [name.rpartition("/")[2] for name in packed.namelist()]
    assert names == ["1-receipt.html", "2-access.html", "3-policy.html", "4-messages.html", "5-timeline.html"]
    text = "".join(packed.read(name).decode() for name in packed.namelist())
    for part in ("€19.00", BUYER, "visa 4242", "Order paid", "Downloaded: The file itself"):
        assert part in text, part
    assert "A private word" not in text


def test_gift_is_given_by_a_form_and_does_not_count_as_income(desk: Desk, work: Work) -> None:
    with db.unit_of_work():
        product = make_product(title="Quiet Pages", amount=4900)
    assert "Quiet Pages" in words_of(desk.open("/admin/gifts/new?q=quiet&email=mei@example.org"))
    page = f"/admin/gifts/new/{product.slug}"
    assert desk.send(page, page, email="").status_code == 422
    fields = desk.form(page)
    fields["email"], fields["note"] = "mei@example.org", "For the review"
    assert [desk.client.post(page, data=fields).status_code for _ in range(2)] == [303, 303]
    work()
    order = the_order()
    assert (order.is_comp, order.email, order.state) == (True, "mei@example.org", OrderState.COMPLETED)
    words = words_of(desk.open("/admin"))
    assert "No orders in the last 7 days." in words
    here = f"/admin/orders/{order.number}"
    assert "Given away" in words_of(desk.open(here))
    desk.press(f"{here}/cancellation", f"{here}/cancellation")
    assert the_order().state is OrderState.CANCELLED


def test_allowed_moves_are_buttons_and_others_are_refused(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    with db.unit_of_work():
        order = make_order(make_product(requires_shipping=True, content=None))
    here = f"/admin/orders/{order.number}"
    token = desk.form(here, f"{here}/notes")
    assert desk.client.post(f"{here}/approval", data=token).status_code == 409
    assert desk.client.post(f"{here}/cancellation", data=token).status_code == 409
    desk.press(f"{here}/completion", here)
    assert the_order().state is OrderState.COMPLETED
    desk.press(f"{here}/reopening", here)
    assert (the_order().state, desk.client.post(f"{here}/money", data=token).status_code) == (
        OrderState.OPEN,
        422,
    )


def test_rules_and_blocked_buyers_are_set_by_forms(
    desk: Desk, client: FlaskClient, till: Till, work: Work
) -> None:
    page = "/admin/settings/payment"
    wrong = desk.send(page, page, transfer_days="0", countries="Germany", from_amount="a lot")
    assert wrong.status_code == 422
    assert {"transfer_days", "countries", "from_amount"} <= set(errors_of(wrong))
    desk.press(
        page,
        page,
        transfer_details="IBAN DE00",
        from_amount="100",
        countries="us, br",
        failures="3",
        risk_level="elevated",
    )
    assert desk.form(page).to_dict() | {"csrf_token": ""} == {
        "csrf_token": "", "transfer_details": "IBAN DE00", "transfer_details_zh": "", "transfer_days": "7",
        "from_amount": "100.00", "countries": "US, BR", "failures": "3", "risk_level": "elevated",
    }  # fmt: skip
    assert desk.send("/admin/blocked", "/admin/blocked", who="nobody at all", reason="x").status_code == 422
    words = words_of(desk.press("/admin/blocked", "/admin/blocked", who="Spam.example", reason="chargebacks"))
    assert "spam.example" in words
    order = buy(client, till, work, "pay_risky")
    assert (order.payment_state, order.held_at is not None) == (PaymentState.PAID, True)
    here = f"/admin/orders/{order.number}"
    assert "Risk: elevated" in words_of(desk.open(here))
    desk.press(f"{here}/approval", here)
    work()
    assert the_order().held_at is None


def test_transfer_is_marked_by_a_form(desk: Desk, client: FlaskClient, work: Work) -> None:
    from storefront.shop import service as shop
    from tests.checkout.buying import go_to_pay

    with db.unit_of_work():
        product = make_product(amount=1900)
        shop.save_transfer("IBAN DE00", "", 7)
    go_to_pay(client, product, pay="transfer")
    order: Order = the_order()
    here = f"/admin/orders/{order.number}"
    assert "amount" in errors_of(desk.send(f"{here}/money", here, amount="", received_on="yesterday"))
    desk.press(f"{here}/money", here, received_on="2026-05-31")
    work()
    assert the_order().payment_state is PaymentState.PAID
