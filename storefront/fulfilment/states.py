"""How an entitlement stands, and what people do with what they have."""

from enum import StrEnum


class Standing(StrEnum):
    """Whether the buyer may use it now, and if not, why."""

    OPEN = "open"
    UPCOMING = "upcoming"
    EXPIRED = "expired"
    HANDED_ON = "handed_on"
    REVOKED = "revoked"


class Deed(StrEnum):
    """What the access log knows of."""

    DOWNLOAD = "download"
    LESSON = "lesson"
    STREAM = "stream"
    FEED = "feed"
    KEY = "key"
