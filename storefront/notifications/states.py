"""States of a message."""

from enum import StrEnum


class MessageState(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
