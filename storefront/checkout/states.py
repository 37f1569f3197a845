"""What became of a checkout that was begun."""

from enum import StrEnum

from storefront.core.errors import N_


class RecoveryOutcome(StrEnum):
    """Why a mail about an unfinished checkout goes out, or does not; decided once."""

    SENT = "sent"
    BOUGHT = "bought"
    CALLED_OFF = "called_off"
    AGAIN = "again"
    OPTED_OUT = "opted_out"
    ASKED_BEFORE = "asked_before"
    MONEY_BACK = "money_back"
    BLOCKED = "blocked"
    NOTHING_LEFT = "nothing_left"
    TOO_LATE = "too_late"


WHY_NOT = {
    RecoveryOutcome.BOUGHT: N_("they bought meanwhile"),
    RecoveryOutcome.CALLED_OFF: N_("it was called off on purpose"),
    # The later checkout has its own turn.
    RecoveryOutcome.AGAIN: N_("they began again"),
    RecoveryOutcome.OPTED_OUT: N_("they want no such mails"),
    RecoveryOutcome.ASKED_BEFORE: N_("they had such a mail lately"),
    RecoveryOutcome.MONEY_BACK: N_("something of theirs was refunded or disputed"),
    RecoveryOutcome.BLOCKED: N_("they are blocked"),
    RecoveryOutcome.NOTHING_LEFT: N_("none of it can be bought any more"),
    RecoveryOutcome.TOO_LATE: N_("it was too long ago"),
}
