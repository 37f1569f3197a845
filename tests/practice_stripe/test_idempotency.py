from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
import time_machine

from practice_stripe import PracticeConfig
from practice_stripe.store import open_store
from tests.practice_stripe.support import Practice, wish

KEY = {"idempotency_key": "order-7-attempt-1"}


def count_sessions(practice: Practice) -> int:
    return len(practice.client.v1.checkout.sessions.list({"limit": 100}).data)


def test_same_key_and_parameters_give_the_same_answer(practice: Practice) -> None:
    create = practice.client.v1.checkout.sessions.create

    first, second = create(wish(), KEY), create(wish(), KEY)

    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert first.last_response.headers["Idempotency-Key"] == "order-7-attempt-1"
    assert count_sessions(practice) == 1


def test_same_key_with_other_parameters_is_an_idempotency_error(practice: Practice) -> None:
    practice.client.v1.checkout.sessions.create(wish(), KEY)

    with pytest.raises(stripe.IdempotencyError, match="same parameters") as refused:
        practice.client.v1.checkout.sessions.create(wish(client_reference_id="other"), KEY)
    assert refused.value.http_status == 400


def test_same_key_at_another_address_is_an_idempotency_error(practice: Practice) -> None:
    practice.client.v1.checkout.sessions.create(wish(), KEY)

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        practice.client.v1.coupons.create({"percent_off": 10}, KEY)


def test_invalid_parameters_do_not_use_up_the_key(practice: Practice) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        practice.client.v1.checkout.sessions.create(wish(mode="sometimes"), KEY)

    assert practice.client.v1.checkout.sessions.create(wish(), KEY).status == "open"


def test_refusal_by_the_endpoint_is_kept(practice: Practice) -> None:
    paid = practice.pay(practice.new_session().id)
    too_much = {"payment_intent": paid.payment_intent.id, "amount": 9999}

    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as refused:
            practice.client.v1.refunds.create(too_much, KEY)
        assert (refused.value.headers or {}).get("Idempotent-Replayed") == replayed


@pytest.mark.parametrize(("kind", "sessions"), [("500", 0), ("500_after_effect", 1)])
def test_500_is_kept_and_given_again(practice: Practice, kind: str, sessions: int) -> None:
    practice.control("POST", "/faults", {"kind": kind, "match": "^/v1/checkout/sessions$"})

    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as broken:
            practice.client.v1.checkout.sessions.create(wish(), KEY)
        assert broken.value.http_status == 500
        assert (broken.value.headers or {}).get("Idempotent-Replayed") == replayed
    assert count_sessions(practice) == sessions


def test_key_in_use_is_a_conflict(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "slow", "match": "sessions$", "seconds": 1})
    answers: list[str] = []

    def create() -> None:
        answers.append(practice.new_client().v1.checkout.sessions.create(wish(), KEY).id)

    slow = threading.Thread(target=create)
    slow.start()
    time.sleep(0.4)
    with pytest.raises(stripe.APIError) as refused:
        practice.client.v1.checkout.sessions.create(wish(), KEY)
    slow.join()

    assert refused.value.http_status == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "idempotency_key_in_use"
    assert practice.client.v1.checkout.sessions.create(wish(), KEY).id == answers[0]


def test_sdk_waits_for_a_key_in_use(practice: Practice) -> None:
    practice.control("POST", "/faults", {"kind": "slow", "match": "sessions$", "seconds": 0.6})
    client = practice.new_client(retries=5)

    with ThreadPoolExecutor(2) as pool:
        ids = list(pool.map(lambda _: client.v1.checkout.sessions.create(wish(), KEY).id, range(2)))

    assert len(set(ids)) == 1
    assert count_sessions(practice) == 1


def test_lost_answer_is_found_again_by_the_sdks_retry(practice: Practice) -> None:
    fault = {"kind": "timeout_after_effect", "match": "sessions$", "seconds": 2}
    practice.control("POST", "/faults", fault)
    client = practice.new_client(retries=2, timeout=0.5)

    session = client.v1.checkout.sessions.create(wish())

    assert session.last_response.headers["Idempotent-Replayed"] == "true"
    assert count_sessions(practice) == 1


def test_twenty_requests_with_one_key_have_one_effect(practice: Practice) -> None:
    client = practice.new_client(retries=8, timeout=30)

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(lambda _: client.v1.checkout.sessions.create(wish(), KEY).id, range(20)))

    assert len(ids) == 1
    assert count_sessions(practice) == 1


def test_key_is_forgotten_after_a_day(practice: Practice) -> None:
    first = practice.client.v1.checkout.sessions.create(wish(), KEY)

    with time_machine.travel(time.time() + 23.9 * 3600, tick=True):
        assert practice.client.v1.checkout.sessions.create(wish(), KEY).id == first.id
    with time_machine.travel(time.time() + 24.1 * 3600, tick=True):
        assert practice.client.v1.checkout.sessions.create(wish(), KEY).id != first.id


def test_key_of_a_killed_process_is_free_again(practice: Practice, config: PracticeConfig) -> None:
    practice.client.v1.accounts.retrieve_current()
    with open_store(config).transaction() as connection:
        request = hashlib.sha256(b"percent_off=10").hexdigest()
        connection.execute(
            "INSERT INTO idempotency (key, request, endpoint, request_id, owner, started_at)"
            " VALUES (?, ?, '/v1/coupons', 'req_dead', '999999999:gone', ?)",
            (KEY["idempotency_key"], request, time.time()),
        )

    assert practice.client.v1.coupons.create({"percent_off": 10}, KEY).percent_off == 10


def test_events_name_the_request_and_its_key(practice: Practice) -> None:
    paid = practice.pay(practice.new_session().id)
    refund = practice.client.v1.refunds.create({"payment_intent": paid.payment_intent.id}, KEY)

    event = practice.events(type="refund.created")[0]

    assert event.request.id == refund.last_response.headers["Request-Id"]
    assert event.request.idempotency_key == "order-7-attempt-1"


def test_too_long_key_is_refused(practice: Practice) -> None:
    headers = {"Idempotency-Key": "x" * 256}

    answer = practice.raw("POST", "/v1/coupons", data={"percent_off": 10}, headers=headers)

    assert answer.status_code == 400
