"""One clock, in UTC, that tests can hold still."""

from datetime import timedelta

import time_machine

from storefront.core.clock import from_timestamp, now


def test_now_is_aware_utc() -> None:
    assert now().utcoffset() == timedelta(0)


def test_now_is_what_a_test_says() -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        assert now().isoformat() == "2026-03-01T12:00:00+00:00"


def test_timestamp_of_stripe_is_aware_utc() -> None:
    assert from_timestamp(0).isoformat() == "1970-01-01T00:00:00+00:00"
