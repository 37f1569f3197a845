"""States of a message."""

from enum import StrEnum


class MessageState(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"  # refused for good, or given up; the owner sees it and may send it again
    DROPPED = "dropped"  # there was no longer anything to say when its turn came
