"""The one place that knows what time it is."""

from datetime import UTC, date, datetime, timedelta

__all__ = ["UTC", "date", "datetime", "from_timestamp", "now", "timedelta"]


def now() -> datetime:
    """Return this moment as an aware UTC time, to the microsecond."""
    return datetime.now(UTC)


def from_timestamp(seconds: int) -> datetime:
    """Return the aware UTC time of a Unix timestamp, as Stripe sends them."""
    return datetime.fromtimestamp(seconds, UTC)
