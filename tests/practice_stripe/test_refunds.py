from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.practice_stripe.support import Practice


@pytest.fixture
def paid(practice: Practice) -> Any:
    """A paid session of $25."""
    return practice.pay(practice.new_session().id)


def charge_of(practice: Practice, paid: Any) -> Any:
    return practice.client.v1.charges.retrieve(paid.payment_intent.latest_charge.id, {"expand": ["refunds"]})


def test_full_refund(practice: Practice, paid: Any) -> None:
    refund = practice.client.v1.refunds.create(
        {
            "payment_intent": paid.payment_intent.id,
            "reason": "requested_by_customer",
            "metadata": {"why": "x"},
        }
    )

    assert (refund.status, refund.amount, refund.reason) == ("succeeded", 2500, "requested_by_customer")
    assert refund.payment_intent == paid.payment_intent.id
    charge = charge_of(practice, paid)
    assert (charge.amount_refunded, charge.refunded) == (2500, True)
    assert [each.id for each in charge.refunds.data] == [refund.id]
    assert practice.event_types()[-4:] == [
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "charge.refund.updated",
    ]
    balance = practice.client.v1.balance_transactions.retrieve(refund.balance_transaction)
    assert (balance.type, balance.amount, balance.net) == ("refund", -2500, -2500)


def test_partial_refunds_add_up_and_never_exceed_the_charge(practice: Practice, paid: Any) -> None:
    refunds = practice.client.v1.refunds
    charge_id = paid.payment_intent.latest_charge.id

    refunds.create({"charge": charge_id, "amount": 1000})
    with pytest.raises(
        stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(\$15.00\)"
    ) as over:
        refunds.create({"charge": charge_id, "amount": 1501})
    assert over.value.param == "amount"
    refunds.create({"charge": charge_id, "amount": 500})
    rest = refunds.create({"charge": charge_id})

    assert rest.amount == 1000
    told = [event.data.object.amount_refunded for event in practice.events(type="charge.refunded")]
    assert told == [1000, 1500, 2500]
    previous = [event.data.previous_attributes.to_dict() for event in practice.events(type="charge.refunded")]
    assert previous == [
        {"amount_refunded": 0},
        {"amount_refunded": 1000},
        {"amount_refunded": 1500, "refunded": False},
    ]
    with pytest.raises(stripe.InvalidRequestError) as again:
        refunds.create({"charge": charge_id, "amount": 1})
    assert again.value.code == "charge_already_refunded"


def test_twenty_refunds_at_once_give_back_no_more_than_was_paid(practice: Practice, paid: Any) -> None:
    client = practice.new_client(timeout=30)

    def refund(_: int) -> int:
        try:
            wanted = {"payment_intent": paid.payment_intent.id, "amount": 400}
            return int(client.v1.refunds.create(wanted).amount)
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(20) as pool:
        given = sum(pool.map(refund, range(20)))

    assert given == 2400
    assert charge_of(practice, paid).amount_refunded == 2400


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, None),
        ({"charge": "ch_none"}, "charge"),
        ({"payment_intent": "pi_none"}, "payment_intent"),
        ({"charge": "ch_x", "amount": 0}, "amount"),
        ({"charge": "ch_x", "reason": "mood"}, "reason"),
    ],
)
def test_odd_refunds_are_refused(practice: Practice, params: dict[str, Any], param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        practice.client.v1.refunds.create(params)
    assert (refused.value.http_status, refused.value.param) == (400, param)


def test_payment_without_a_good_charge_cannot_be_refunded(practice: Practice) -> None:
    session = practice.new_session()
    practice.press(session.id, "decline")

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        practice.client.v1.refunds.create({"payment_intent": practice.get(session.id).payment_intent.id})


def test_refund_from_the_dashboard_tells_the_same_story(practice: Practice, paid: Any) -> None:
    charge_id = paid.payment_intent.latest_charge.id

    refund = practice.control("POST", f"/charges/{charge_id}/refund", {"amount": 700, "reason": "duplicate"})

    assert (refund["amount"], refund["reason"]) == (700, "duplicate")
    event = practice.events(type="charge.refunded")[-1]
    assert event.data.object.amount_refunded == 700
    assert (event.request.id, event.request.idempotency_key) == (None, None)


def test_pending_refund_succeeds_later(practice: Practice, paid: Any) -> None:
    practice.control("POST", "/refunds/next", {"outcome": "pending"})

    refund = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert charge_of(practice, paid).amount_refunded == 2500

    practice.control("POST", f"/refunds/{refund.id}/settle", {"outcome": "succeeded"})
    assert practice.client.v1.refunds.retrieve(refund.id).status == "succeeded"
    updated = practice.events(type="refund.updated")[-1]
    assert updated.data.previous_attributes.to_dict() == {"status": "pending", "pending_reason": "processing"}


def test_refund_that_fails_is_answered_as_succeeded_first(practice: Practice, paid: Any) -> None:
    practice.control("POST", "/refunds/next", {"outcome": "failed"})

    refund = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id})

    assert refund.status == "succeeded"
    now = practice.client.v1.refunds.retrieve(refund.id)
    assert (now.status, now.failure_reason) == ("failed", "lost_or_stolen_card")
    charge = charge_of(practice, paid)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    types = practice.event_types()
    assert types.index("refund.created") < types.index("refund.failed")
    assert practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id}).status == "succeeded"


def test_pending_refund_may_fail_later(practice: Practice, paid: Any) -> None:
    practice.control("POST", "/refunds/next", {"outcome": "pending"})
    refund = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id, "amount": 900})

    practice.control("POST", f"/refunds/{refund.id}/settle", {"outcome": "failed"})

    assert charge_of(practice, paid).amount_refunded == 0
    balance = practice.client.v1.balance_transactions.list({"source": refund.id}).data
    assert sorted(entry.amount for entry in balance) == [-900, 900]
    again = practice.raw("POST", f"/practice/refunds/{refund.id}/settle", json={"outcome": "failed"})
    assert again.status_code == 400


def test_only_a_refund_that_requires_action_can_be_cancelled(practice: Practice, paid: Any) -> None:
    practice.control("POST", "/refunds/next", {"outcome": "requires_action"})
    waiting = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id, "amount": 100})

    assert practice.client.v1.refunds.cancel(waiting.id).status == "canceled"
    assert charge_of(practice, paid).amount_refunded == 0
    done = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id})
    with pytest.raises(stripe.InvalidRequestError, match="can only cancel refunds"):
        practice.client.v1.refunds.cancel(done.id)


def test_refunds_are_listed_and_their_metadata_changed(practice: Practice, paid: Any) -> None:
    refunds = practice.client.v1.refunds
    one = refunds.create({"payment_intent": paid.payment_intent.id, "amount": 100, "metadata": {"a": "1"}})
    two = refunds.create({"payment_intent": paid.payment_intent.id, "amount": 200})

    assert [each.id for each in refunds.list({"payment_intent": paid.payment_intent.id}).data] == [
        two.id,
        one.id,
    ]
    assert [each.id for each in refunds.list({"charge": one.charge, "limit": 1}).data] == [two.id]
    changed = refunds.update(one.id, {"metadata": {"a": "", "b": "2"}})
    assert changed.metadata.to_dict() == {"b": "2"}
    event = practice.events(type="refund.updated")[-1]
    assert event.data.previous_attributes.to_dict() == {"metadata": {"a": "1", "b": None}}
