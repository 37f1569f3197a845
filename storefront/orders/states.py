"""States of an order: its own, of its payment, of its fulfilment; and the one word for the customer."""

from enum import StrEnum


class OrderState(StrEnum):
    """The order itself: not yet binding, being worked on, over, or called off."""

    PENDING = "pending"
    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """Where the money is."""

    UNPAID = "unpaid"
    PROCESSING = "processing"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class FulfilmentState(StrEnum):
    """Where the goods are."""

    UNFULFILLED = "unfulfilled"
    PARTLY = "partly"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    RETURNED = "returned"


class ReservationState(StrEnum):
    """What became of reserved units: still held, given back, or sold."""

    HELD = "held"
    RELEASED = "released"
    SOLD = "sold"


class CodeUseState(StrEnum):
    """What became of a use of a discount code: held by an unpaid order, used by a paid one, or given back."""

    HELD = "held"
    USED = "used"
    RELEASED = "released"


_ORDER_MOVES = {
    OrderState.PENDING: {OrderState.OPEN, OrderState.COMPLETED, OrderState.CANCELLED},
    OrderState.OPEN: {OrderState.COMPLETED, OrderState.CANCELLED},
    OrderState.COMPLETED: {OrderState.OPEN},
    # Money that comes after the order was called off may still be honoured.
    OrderState.CANCELLED: {OrderState.OPEN, OrderState.COMPLETED},
}
_PAYMENT_MOVES = {
    PaymentState.UNPAID: {PaymentState.PROCESSING, PaymentState.PAID},
    PaymentState.PROCESSING: {PaymentState.UNPAID, PaymentState.PAID},
    PaymentState.PAID: {PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED, PaymentState.DISPUTED},
    PaymentState.PARTLY_REFUNDED: {PaymentState.PAID, PaymentState.REFUNDED, PaymentState.DISPUTED},
    # A refund may fail later, a dispute may be won: the money is back.
    PaymentState.REFUNDED: {PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.DISPUTED},
    PaymentState.DISPUTED: {PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED},
}
_FULFILMENT_MOVES = {
    FulfilmentState.UNFULFILLED: {FulfilmentState.PARTLY, FulfilmentState.FULFILLED},
    FulfilmentState.PARTLY: {FulfilmentState.FULFILLED, FulfilmentState.UNFULFILLED},
    FulfilmentState.FULFILLED: {
        FulfilmentState.DELIVERED,
        FulfilmentState.RETURNED,
        FulfilmentState.PARTLY,
        FulfilmentState.UNFULFILLED,
    },
    FulfilmentState.DELIVERED: {FulfilmentState.RETURNED},
    FulfilmentState.RETURNED: set[FulfilmentState](),
}

MOVES: dict[StrEnum, frozenset[StrEnum]] = {
    state: frozenset(targets)
    for table in (_ORDER_MOVES, _PAYMENT_MOVES, _FULFILMENT_MOVES)
    for state, targets in table.items()
}


def may_move(before: StrEnum, after: StrEnum) -> bool:
    """Whether the table allows this step."""
    return type(before) is type(after) and after in MOVES[before]
