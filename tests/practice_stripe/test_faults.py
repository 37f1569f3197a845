from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import stripe

from tests.practice_stripe.support import Practice, wish


def order(practice: Practice, kind: str, **more: object) -> None:
    practice.control("POST", "/faults", {"kind": kind, "match": "^/v1/checkout/sessions$", **more})


def count_sessions(practice: Practice) -> int:
    return len(practice.client.v1.checkout.sessions.list({"limit": 100}).data)


def create(practice: Practice, retries: int = 0, timeout: float = 5) -> Any:
    client = practice.new_client(retries, timeout=timeout)
    return client.v1.checkout.sessions.create(wish())


def test_500_does_nothing_and_is_not_retried_by_the_sdk(practice: Practice) -> None:
    order(practice, "500", times=1)

    with pytest.raises(stripe.APIError) as broken:
        create(practice, retries=3)

    assert broken.value.http_status == 500
    assert count_sessions(practice) == 0


def test_500_after_effect_has_done_its_work(practice: Practice) -> None:
    order(practice, "500_after_effect")

    with pytest.raises(stripe.APIError):
        create(practice)

    assert count_sessions(practice) == 1


def test_503_is_retried_by_the_sdk(practice: Practice) -> None:
    order(practice, "503", times=2)

    assert create(practice, retries=2).status == "open"
    assert count_sessions(practice) == 1


def test_429_is_a_rate_limit_error_that_the_sdk_does_not_retry(practice: Practice) -> None:
    order(practice, "429", times=1)

    with pytest.raises(stripe.RateLimitError) as refused:
        create(practice, retries=3)

    assert refused.value.http_status == 429
    assert count_sessions(practice) == 0


def test_dropped_connection_is_retried_by_the_sdk(practice: Practice) -> None:
    order(practice, "drop", times=1)

    assert create(practice, retries=2).status == "open"
    assert count_sessions(practice) == 1


def test_dropped_connection_is_a_connection_error(practice: Practice) -> None:
    order(practice, "drop", times=1)

    with pytest.raises(stripe.APIConnectionError):
        create(practice)
    assert count_sessions(practice) == 0


def test_timeout_does_nothing(practice: Practice) -> None:
    order(practice, "timeout", seconds=1, times=1)

    with pytest.raises(stripe.APIConnectionError):
        create(practice, timeout=0.3)
    time.sleep(1)
    assert count_sessions(practice) == 0


def test_timeout_after_effect_has_done_its_work(practice: Practice) -> None:
    order(practice, "timeout_after_effect", seconds=1, times=1)

    with pytest.raises(stripe.APIConnectionError):
        create(practice, timeout=0.3)
    assert count_sessions(practice) == 1


def test_slow_answers_at_last(practice: Practice) -> None:
    order(practice, "slow", seconds=0.5, times=1)

    begin = time.monotonic()
    assert create(practice).status == "open"
    assert time.monotonic() - begin > 0.5


def test_fault_strikes_as_often_as_ordered_and_only_where_it_matches(practice: Practice) -> None:
    order(practice, "503", times=2, method="POST")

    assert count_sessions(practice) == 0
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            create(practice)
    assert create(practice).status == "open"
    assert practice.control("GET", "/faults")["data"] == []


def test_faults_can_be_withdrawn(practice: Practice) -> None:
    order(practice, "503", times=100)

    practice.control("DELETE", "/faults")

    assert create(practice).status == "open"


def test_odd_faults_are_refused(practice: Practice) -> None:
    for body in ({}, {"kind": "earthquake"}, {"kind": "500", "match": "("}, {"kind": "slow", "seconds": -1}):
        assert practice.raw("POST", "/practice/faults", json=body).status_code == 400
    assert practice.raw("POST", "/practice/nothing", json={}).status_code == 404
    assert practice.raw("POST", "/practice/faults", data=b"{broken").status_code == 400
    assert requests.get(f"{practice.url}/practice/faults", timeout=5).status_code == 401


def test_closed_browser_has_paid_all_the_same(practice: Practice) -> None:
    session = practice.new_session()
    practice.control(
        "POST", "/faults", {"kind": "timeout_after_effect", "match": "^/pay/", "method": "POST", "seconds": 0}
    )

    with pytest.raises(requests.ConnectionError):
        practice.press(session.id)

    assert practice.get(session.id).payment_status == "paid"


@pytest.mark.parametrize(("kind", "paid"), [("500", False), ("500_after_effect", True), ("503", False)])
def test_broken_payment_page_says_so(practice: Practice, kind: str, paid: bool) -> None:
    session = practice.new_session()
    practice.control("POST", "/faults", {"kind": kind, "match": "^/pay/", "method": "POST"})

    answer = practice.press(session.id)

    assert answer.status_code in (500, 503)
    assert "Something went wrong" in answer.text
    assert (practice.get(session.id).payment_status == "paid") is paid
