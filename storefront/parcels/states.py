"""States of parcels and of returns, with the moves that are allowed."""

from enum import StrEnum


class ShipmentState(StrEnum):
    """A parcel is on its way, or ready to be picked up; it arrived; or it was noted by mistake."""

    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class ReturnState(StrEnum):
    """How far a return is."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RECEIVED = "received"
    CLOSED = "closed"


class ReturnReason(StrEnum):
    """Why somebody wants to give something back."""

    CHANGED_MIND = "changed_mind"
    DAMAGED = "damaged"
    WRONG_THING = "wrong_thing"
    NOT_AS_DESCRIBED = "not_as_described"
    OTHER = "other"


class ReturnWish(StrEnum):
    """What the buyer would like for it."""

    REFUND = "refund"
    EXCHANGE = "exchange"


class ReturnOutcome(StrEnum):
    """How a return ended."""

    REFUNDED = "refunded"
    EXCHANGED = "exchanged"
    NOTHING = "nothing"


_SHIPMENT_MOVES: dict[StrEnum, frozenset[StrEnum]] = {
    ShipmentState.SENT: frozenset({ShipmentState.DELIVERED, ShipmentState.CANCELLED}),
    ShipmentState.DELIVERED: frozenset(),
    ShipmentState.CANCELLED: frozenset(),
}
_RETURN_MOVES: dict[StrEnum, frozenset[StrEnum]] = {
    ReturnState.REQUESTED: frozenset({ReturnState.APPROVED, ReturnState.REFUSED, ReturnState.WITHDRAWN}),
    # A parcel that never comes: the owner or the buyer ends it.
    ReturnState.APPROVED: frozenset({ReturnState.RECEIVED, ReturnState.REFUSED, ReturnState.WITHDRAWN}),
    ReturnState.RECEIVED: frozenset({ReturnState.CLOSED}),
    ReturnState.REFUSED: frozenset(),
    ReturnState.WITHDRAWN: frozenset(),
    ReturnState.CLOSED: frozenset(),
}
MOVES = _SHIPMENT_MOVES | _RETURN_MOVES
# Returns whose pieces can't be asked for once more.
LIVE_RETURNS = (ReturnState.REQUESTED, ReturnState.APPROVED, ReturnState.RECEIVED, ReturnState.CLOSED)


def may_move(before: StrEnum, after: StrEnum) -> bool:
    """Whether the table allows this step."""
    return type(before) is type(after) and after in MOVES[before]
