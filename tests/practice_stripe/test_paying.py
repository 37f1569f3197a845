from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.practice_stripe.support import SHOP, Practice


def test_paying_completes_the_session_and_leads_back_to_the_shop(practice: Practice) -> None:
    session = practice.new_session(payment_intent_data={"metadata": {"order": "7"}, "description": "Order 7"})

    answer = practice.press(session.id, "pay")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{SHOP}/checkout/return?session_id={session.id}"
    paid = practice.get(session.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details.email == "ann@example.com"
    intent = paid.payment_intent
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 2500, 2500)
    assert (intent.metadata.to_dict(), intent.description) == ({"order": "7"}, "Order 7")
    charge = intent.latest_charge
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == (
        "succeeded",
        True,
        True,
        2500,
    )
    assert charge.billing_details.email == "ann@example.com"


def test_paying_tells_everything_that_happened(practice: Practice) -> None:
    practice.pay(practice.new_session().id)

    assert practice.event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    succeeded, updated = practice.events(types=["charge.succeeded", "charge.updated"])
    assert succeeded.data.object.balance_transaction is None
    assert updated.data.object.balance_transaction.startswith("txn_")
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}


def test_session_metadata_stays_off_the_payment(practice: Practice) -> None:
    paid = practice.pay(practice.new_session(metadata={"order": "7"}).id)

    assert paid.payment_intent.metadata.to_dict() == {}


def test_declined_card_leaves_the_session_open_for_another_try(practice: Practice) -> None:
    session = practice.new_session()

    answer = practice.press(session.id, "decline")

    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    declined = practice.get(session.id)
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    assert declined.payment_intent.status == "requires_payment_method"
    assert declined.payment_intent.last_payment_error.code == "card_declined"
    assert practice.event_types() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]

    paid = practice.pay(session.id)
    assert paid.payment_intent.id == declined.payment_intent.id
    assert paid.payment_intent.last_payment_error is None
    charges = practice.client.v1.charges.list({"payment_intent": paid.payment_intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_cancel_leads_back_and_leaves_the_session_open(practice: Practice) -> None:
    session = practice.new_session()

    answer = practice.press(session.id, "cancel", email="")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{SHOP}/cart")
    assert practice.get(session.id).status == "open"
    assert practice.event_types() == []


def test_delayed_payment_completes_unpaid_and_is_confirmed_later(practice: Practice) -> None:
    session = practice.new_session()

    assert practice.press(session.id, "pay_delayed").status_code == 303

    waiting = practice.get(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert (waiting.payment_intent.status, waiting.payment_intent.latest_charge.status) == (
        "processing",
        "pending",
    )
    assert [each["id"] for each in practice.control("GET", "/delayed")["data"]] == [session.id]

    practice.control("POST", f"/delayed/{session.id}/confirm")

    paid = practice.get(session.id)
    assert (paid.payment_status, paid.payment_intent.status) == ("paid", "succeeded")
    assert paid.payment_intent.latest_charge.amount_captured == 2500
    assert practice.control("GET", "/delayed")["data"] == []
    assert practice.event_types() == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
        "charge.updated",
    ]


def test_delayed_payment_may_fail_later(practice: Practice) -> None:
    session = practice.new_session()
    practice.press(session.id, "pay_delayed")

    practice.control("POST", f"/delayed/{session.id}/fail")

    failed = practice.get(session.id)
    assert (failed.status, failed.payment_status) == ("complete", "unpaid")
    assert failed.payment_intent.status == "requires_payment_method"
    assert failed.payment_intent.latest_charge.status == "failed"
    assert practice.event_types()[-3:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]
    assert practice.control("GET", "/delayed")["data"] == []
    again = practice.raw("POST", f"/practice/delayed/{session.id}/confirm")
    assert again.status_code == 400


def test_second_click_leads_back_without_a_second_payment(practice: Practice) -> None:
    session = practice.new_session()

    first, second = practice.press(session.id), practice.press(session.id)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(practice.client.v1.charges.list().data) == 1


def test_twenty_buyers_on_one_session_make_one_charge(practice: Practice) -> None:
    session = practice.new_session()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: practice.press(session.id).status_code, range(20)))

    assert answers == [303] * 20
    assert len(practice.client.v1.charges.list().data) == 1
    assert practice.event_types().count("checkout.session.completed") == 1


def test_paying_and_expiring_at_once_has_one_winner(practice: Practice) -> None:
    sessions = [practice.new_session().id for _ in range(8)]

    def race(session_id: str) -> None:
        with ThreadPoolExecutor(2) as pair:
            pair.submit(practice.press, session_id)
            expiry = pair.submit(practice.client.v1.checkout.sessions.expire, session_id)
            assert expiry.exception() is None or isinstance(expiry.exception(), stripe.InvalidRequestError)

    for session_id in sessions:
        race(session_id)
        after = practice.get(session_id)
        assert (after.status, after.payment_status) in (("complete", "paid"), ("expired", "unpaid"))


def test_customer_is_made_when_the_shop_wants_one(practice: Practice) -> None:
    paid = practice.pay(practice.new_session(customer_creation="always").id)

    customer = practice.client.v1.customers.retrieve(paid.customer)
    assert customer.email == "ann@example.com"
    assert paid.payment_intent.customer == paid.customer


def test_known_customer_is_charged(practice: Practice) -> None:
    customer = practice.client.v1.customers.create({"email": "bo@example.com", "name": "Bo"})
    session = practice.new_session(customer=customer.id, customer_email=None)

    paid = practice.pay(session.id, email="bo@example.com")

    assert session.customer_details.email == "bo@example.com"
    assert paid.payment_intent.latest_charge.customer == customer.id


def test_session_can_be_paid_by_a_control_for_load_tests(practice: Practice) -> None:
    session = practice.new_session()

    paid = practice.control("POST", f"/sessions/{session.id}/pay", {"action": "pay"})

    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    again = practice.raw("POST", f"/practice/sessions/{session.id}/pay", json={})
    assert again.status_code == 400


def test_payment_of_a_session_cannot_be_cancelled_directly(practice: Practice) -> None:
    session = practice.new_session()
    practice.press(session.id, "decline")

    with pytest.raises(stripe.InvalidRequestError, match="Expire the Checkout Session"):
        practice.client.v1.payment_intents.cancel(practice.get(session.id).payment_intent.id)
