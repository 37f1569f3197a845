from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.practice_stripe.support import Practice


@pytest.fixture
def dispute(practice: Practice) -> Any:
    """A dispute over a charge of $25."""
    paid = practice.pay(practice.new_session().id)
    opened = practice.control("POST", f"/charges/{paid.payment_intent.latest_charge.id}/dispute")
    return practice.client.v1.disputes.retrieve(opened["id"], {"expand": ["charge", "payment_intent"]})


def test_dispute_takes_the_money_and_a_fee(practice: Practice, dispute: Any) -> None:
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 2500)
    assert dispute.charge.disputed is True
    assert dispute.payment_intent.status == "succeeded"
    assert [(entry.amount, entry.fee) for entry in dispute.balance_transactions] == [(-2500, 1500)]
    assert practice.event_types()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_disputed_charge_cannot_be_refunded_or_disputed_again(practice: Practice, dispute: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        practice.client.v1.refunds.create({"charge": dispute.charge.id})
    assert refused.value.code == "charge_disputed"
    assert practice.raw("POST", f"/practice/charges/{dispute.charge.id}/dispute", json={}).status_code == 400


def test_won_dispute_brings_the_money_back(practice: Practice, dispute: Any) -> None:
    practice.control("POST", f"/disputes/{dispute.id}/close", {"outcome": "won"})

    won = practice.client.v1.disputes.retrieve(dispute.id)
    assert (won.status, sum(entry.amount for entry in won.balance_transactions)) == ("won", 0)
    assert practice.event_types()[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert practice.client.v1.refunds.create({"charge": dispute.charge.id}).status == "succeeded"


def test_lost_dispute_keeps_the_money(practice: Practice, dispute: Any) -> None:
    practice.control("POST", f"/disputes/{dispute.id}/close", {"outcome": "lost"})

    assert practice.client.v1.disputes.retrieve(dispute.id).status == "lost"
    assert practice.event_types()[-1] == "charge.dispute.closed"
    again = practice.raw("POST", f"/practice/disputes/{dispute.id}/close", json={"outcome": "won"})
    assert again.status_code == 400


def test_shop_may_accept_a_dispute(practice: Practice, dispute: Any) -> None:
    assert practice.client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        practice.client.v1.disputes.close(dispute.id)


def test_evidence_is_staged_then_submitted(practice: Practice, dispute: Any) -> None:
    disputes = practice.client.v1.disputes
    staged = disputes.update(
        dispute.id, {"evidence": {"customer_name": "Ann"}, "submit": False, "metadata": {"case": "1"}}
    )
    assert (staged.status, staged.evidence.customer_name) == ("needs_response", "Ann")
    assert staged.evidence_details.has_evidence is True

    submitted = disputes.update(dispute.id, {"evidence": {"product_description": "A course"}})

    assert (submitted.status, submitted.evidence_details.submission_count) == ("under_review", 1)
    assert submitted.evidence.customer_name == "Ann"
    event = practice.events(type="charge.dispute.updated")[-1]
    assert event.data.previous_attributes.to_dict() == {
        "evidence": {"product_description": None},
        "status": "needs_response",
    }


@pytest.mark.parametrize(("text", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_of_stripes_test_mode_decides(
    practice: Practice, dispute: Any, text: str, status: str
) -> None:
    practice.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}})

    assert practice.client.v1.disputes.retrieve(dispute.id).status == status


def test_disputes_are_listed_by_charge(practice: Practice, dispute: Any) -> None:
    disputes = practice.client.v1.disputes

    assert [each.id for each in disputes.list({"charge": dispute.charge.id}).data] == [dispute.id]
    assert [each.id for each in disputes.list({"payment_intent": dispute.payment_intent.id}).data] == [
        dispute.id
    ]
    assert disputes.list({"charge": "ch_none"}).data == []
