from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
import time_machine

from practice_stripe import PracticeConfig, deliver_due_webhooks
from practice_stripe.webhooks import DELAYS, _claim, count_waiting
from tests.practice_stripe.support import WEBHOOK_SECRET, Practice, wait_for

PAID = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
    "charge.updated",
]


def test_webhooks_are_signed_and_carry_a_snapshot(practice: Practice) -> None:
    session = practice.new_session()
    practice.pay(session.id)

    assert deliver_due_webhooks(practice.config) == 5

    assert practice.ear.types == PAID
    completed = practice.ear.heard[3]
    event = practice.client.construct_event(completed.body, completed.signature, WEBHOOK_SECRET)
    assert event.api_version == stripe.api_version
    assert event.pending_webhooks == 1
    assert (event.data.object["id"], event.data.object["payment_status"]) == (session.id, "paid")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(completed.body, completed.signature, "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(completed.body + b" ", completed.signature, WEBHOOK_SECRET)


def test_delivered_webhooks_are_not_sent_again(practice: Practice) -> None:
    practice.pay(practice.new_session().id)
    deliver_due_webhooks(practice.config)

    assert deliver_due_webhooks(practice.config, now=time.time() + 10 * 24 * 3600) == 0
    assert {event.pending_webhooks for event in practice.events()} == {0}
    assert len(practice.client.v1.events.list({"delivery_success": True}).data) == 5


def test_limit_bounds_one_round(practice: Practice) -> None:
    practice.pay(practice.new_session().id)

    assert [deliver_due_webhooks(practice.config, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_refused_webhook_is_tried_again_with_growing_delays(practice: Practice) -> None:
    session = practice.new_session()
    practice.client.v1.checkout.sessions.expire(session.id)
    practice.ear.statuses = [500, 302, 404, 200]

    now = time.time() + 1
    assert deliver_due_webhooks(practice.config, now=now) == 1
    for delay in DELAYS[:3]:
        assert deliver_due_webhooks(practice.config, now=time.time() + delay * 0.8) == 0
        assert deliver_due_webhooks(practice.config, now=time.time() + delay * 1.2) == 1

    assert practice.ear.types == ["checkout.session.expired"] * 4
    assert len({heard.event.id for heard in practice.ear.heard}) == 1
    assert count_waiting(practice.config) == 0


def test_webhook_is_given_up_after_about_three_days(practice: Practice) -> None:
    practice.client.v1.checkout.sessions.expire(practice.new_session().id)
    practice.ear.statuses = [500] * 20

    rounds = sum(deliver_due_webhooks(practice.config, now=time.time() + 10**7) for _ in range(20))

    assert rounds == len(DELAYS) + 1
    assert 2.5 * 24 * 3600 < sum(DELAYS) < 3.5 * 24 * 3600
    delivery = practice.control("GET", "/webhooks")["data"][0]
    assert (delivery["outcome"], delivery["last_status"]) == ("given_up", 500)
    assert (
        practice.client.v1.events.list({"delivery_success": False}).data[0].type == "checkout.session.expired"
    )


def test_shop_that_is_down_loses_nothing(practice: Practice, config: PracticeConfig) -> None:
    practice.ear.close()
    practice.client.v1.checkout.sessions.expire(practice.new_session().id)

    assert deliver_due_webhooks(config) == 1

    assert count_waiting(config) == 1
    delivery = practice.control("GET", "/webhooks")["data"][0]
    assert "refused" in delivery["last_error"]


def test_many_couriers_send_each_webhook_once(practice: Practice) -> None:
    for _ in range(6):
        practice.pay(practice.new_session().id)

    with ThreadPoolExecutor(6) as pool:
        sent = sum(pool.map(lambda _: deliver_due_webhooks(practice.config), range(6)))

    assert sent == 30
    assert len({heard.event.id for heard in practice.ear.heard}) == len(practice.ear.heard) == 30


def test_webhook_of_a_killed_courier_is_sent_by_another(practice: Practice) -> None:
    practice.client.v1.checkout.sessions.expire(practice.new_session().id)
    assert _claim(practice.config, None) is not None

    assert deliver_due_webhooks(practice.config) == 0
    with time_machine.travel(time.time() + 60, tick=True):
        assert deliver_due_webhooks(practice.config) == 1


def test_courier_sends_within_half_a_second(practice_with_courier: Practice) -> None:
    practice = practice_with_courier
    session = practice.new_session()

    pressed = time.time()
    practice.press(session.id)

    wait_for(lambda: len(practice.ear.heard) == 5)
    assert practice.ear.heard[0].at - pressed < 0.5
    assert practice.ear.types == PAID


def test_courier_expires_sessions_and_retries(practice_with_courier: Practice) -> None:
    practice = practice_with_courier
    practice.ear.statuses = [503]
    practice.client.v1.checkout.sessions.expire(practice.new_session().id)

    wait_for(lambda: len(practice.ear.heard) == 2)
    assert 0.9 < practice.ear.heard[1].at - practice.ear.heard[0].at < 2.5


def test_hold_keeps_webhooks_until_they_are_released(practice: Practice) -> None:
    hold = practice.control("POST", "/faults", {"kind": "webhook_hold", "match": "^checkout"})
    practice.pay(practice.new_session().id)

    deliver_due_webhooks(practice.config)
    assert "checkout.session.completed" not in practice.ear.types
    assert len(practice.ear.types) == 4

    practice.control("DELETE", f"/faults/{hold['id']}")
    deliver_due_webhooks(practice.config)
    assert practice.ear.types[-1] == "checkout.session.completed"


def test_reverse_sends_the_newest_first(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "webhook_reverse"})
    practice.pay(practice.new_session().id)

    deliver_due_webhooks(practice.config)

    assert practice.ear.types == PAID[::-1]


def test_shuffle_sends_all_in_some_order(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "webhook_shuffle"})
    for _ in range(4):
        practice.pay(practice.new_session().id)

    deliver_due_webhooks(practice.config)

    assert sorted(practice.ear.types) == sorted(PAID * 4)
    assert practice.ear.types != PAID * 4


def test_drop_loses_a_webhook_for_good(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "webhook_drop", "match": "completed"})
    practice.pay(practice.new_session().id)

    deliver_due_webhooks(practice.config)
    deliver_due_webhooks(practice.config, now=time.time() + 10**6)

    assert "checkout.session.completed" not in practice.ear.types
    outcomes = {row["event_type"]: row["outcome"] for row in practice.control("GET", "/webhooks")["data"]}
    assert outcomes["checkout.session.completed"] == "dropped"


def test_duplicate_sends_a_webhook_twice(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "webhook_duplicate", "match": "completed", "times": 1})
    practice.pay(practice.new_session().id)

    deliver_due_webhooks(practice.config)

    assert practice.ear.types.count("checkout.session.completed") == 2
    assert len(practice.ear.types) == 6


def test_event_can_be_sent_again_and_waiting_ones_hurried(practice: Practice) -> None:
    practice.client.v1.checkout.sessions.expire(practice.new_session().id)
    practice.ear.statuses = [500]
    deliver_due_webhooks(practice.config)

    practice.control("POST", "/webhooks/hurry")
    assert deliver_due_webhooks(practice.config) == 1
    practice.control("POST", f"/events/{practice.events()[0].id}/resend")
    assert deliver_due_webhooks(practice.config) == 1
    assert practice.ear.types == ["checkout.session.expired"] * 3


def test_events_are_listed_by_type(practice: Practice) -> None:
    practice.pay(practice.new_session().id)

    def types(**params: object) -> list[str]:
        return [event.type for event in practice.client.v1.events.list(params).data]

    assert types(type="charge.succeeded") == ["charge.succeeded"]
    assert types(type="charge.*") == ["charge.updated", "charge.succeeded"]
    assert types(types=["payment_intent.*", "checkout.session.completed"]) == [
        "checkout.session.completed",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]
    assert types(type="charge?succeeded") == []


def test_event_is_retrieved_as_it_was_sent(practice: Practice) -> None:
    practice.pay(practice.new_session().id)
    deliver_due_webhooks(practice.config)

    sent = json.loads(practice.ear.heard[3].body)
    kept = practice.raw("GET", f"/v1/events/{sent['id']}").json()

    assert kept == {**sent, "pending_webhooks": 0}
