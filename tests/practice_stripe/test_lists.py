from __future__ import annotations

import time

import pytest
import stripe
import time_machine

from tests.practice_stripe.support import Practice


def test_sessions_are_listed_newest_first_in_pages(practice: Practice) -> None:
    ids = [practice.new_session().id for _ in range(5)]
    newest_first = ids[::-1]

    page = practice.client.v1.checkout.sessions.list({"limit": 2})
    assert ([session.id for session in page.data], page.has_more) == (newest_first[:2], True)
    assert [session.id for session in page.auto_paging_iter()] == newest_first
    before = practice.client.v1.checkout.sessions.list({"limit": 2, "ending_before": newest_first[4]})
    assert ([session.id for session in before.data], before.has_more) == (newest_first[2:4], True)


def test_sessions_are_filtered(practice: Practice) -> None:
    first, second = practice.new_session(), practice.new_session(customer_email="Bo@example.com")
    practice.client.v1.checkout.sessions.expire(second.id)
    paid = practice.pay(first.id)
    sessions = practice.client.v1.checkout.sessions

    def found(**params: object) -> list[str]:
        return [session.id for session in sessions.list(params).data]

    assert found(status="complete") == [first.id]
    assert found(status="open") == []
    assert found(payment_intent=paid.payment_intent.id) == [first.id]
    assert found(customer_details={"email": "bo@EXAMPLE.com"}) == [second.id]
    assert found(created={"gte": first.created}) == [second.id, first.id]
    assert found(created={"lt": first.created}) == []


def test_lists_expand_their_items(practice: Practice) -> None:
    practice.pay(practice.new_session().id)

    listed = practice.client.v1.checkout.sessions.list({"expand": ["data.payment_intent", "data.line_items"]})

    assert listed.data[0].payment_intent.status == "succeeded"
    assert listed.data[0].line_items.data[0].quantity == 2


def test_created_filter_splits_by_second(practice: Practice) -> None:
    with time_machine.travel(time.time() - 3600, tick=True):
        old = practice.new_session()
    new = practice.new_session()
    middle = int(time.time()) - 1800

    def found(**created: int) -> list[str]:
        return [
            session.id for session in practice.client.v1.checkout.sessions.list({"created": created}).data
        ]

    assert found(gt=middle) == [new.id]
    assert found(lte=middle) == [old.id]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"starting_after": "cs_none"}, "starting_after"),
        ({"status": "lost"}, "status"),
        ({"colour": "red"}, "colour"),
        ({"created": {"since": 1}}, "created[since]"),
    ],
)
def test_odd_lists_are_refused(practice: Practice, params: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        practice.client.v1.checkout.sessions.list(params)
    assert refused.value.param == param


def test_payments_charges_and_balance_are_listed(practice: Practice) -> None:
    first, second = practice.pay(practice.new_session().id), practice.pay(practice.new_session().id)
    api = practice.client.v1

    assert [intent.id for intent in api.payment_intents.list().data] == [
        second.payment_intent.id,
        first.payment_intent.id,
    ]
    charges = api.charges.list({"payment_intent": first.payment_intent.id})
    assert [charge.id for charge in charges.data] == [first.payment_intent.latest_charge.id]
    balance = api.balance_transactions.list({"source": charges.data[0].id})
    assert [(entry.type, entry.amount, entry.fee, entry.net) for entry in balance.data] == [
        ("charge", 2500, 102, 2398)
    ]
