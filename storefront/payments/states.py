"""States of money."""

from enum import StrEnum


class PaymentMethod(StrEnum):
    """Where the money comes from: by Stripe, or by a bank transfer that the owner sees on the shop's account."""

    STRIPE = "stripe"
    TRANSFER = "transfer"


class LineAccess(StrEnum):
    """What a refund does to the access that one line gave."""

    KEEP = "keep"
    CLOSE = "close"


class PaymentStatus(StrEnum):
    """How far one attempt to pay has come."""

    CREATED = "created"  # written down; Stripe may or may not know it yet
    OPEN = "open"  # the session at Stripe can be paid
    PROCESSING = "processing"  # a delayed method: the money is on its way
    PAID = "paid"
    FAILED = "failed"  # a delayed method failed
    EXPIRED = "expired"  # the session can't be paid any more
    CANCELLED = "cancelled"  # replaced or given up before it could be paid


MOVES: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.CREATED: frozenset(set(PaymentStatus) - {PaymentStatus.CREATED}),
    PaymentStatus.OPEN: frozenset(set(PaymentStatus) - {PaymentStatus.CREATED, PaymentStatus.OPEN}),
    PaymentStatus.PROCESSING: frozenset({PaymentStatus.PAID, PaymentStatus.FAILED}),
    PaymentStatus.FAILED: frozenset({PaymentStatus.PAID}),
    # Stripe has the last word: what we thought dead may turn out to be paid.
    PaymentStatus.EXPIRED: frozenset({PaymentStatus.PROCESSING, PaymentStatus.PAID}),
    PaymentStatus.CANCELLED: frozenset({PaymentStatus.PROCESSING, PaymentStatus.PAID}),
    PaymentStatus.PAID: frozenset(),
}


# Attempts that may still bring money without anybody's help.
LIVE = (PaymentStatus.CREATED, PaymentStatus.OPEN, PaymentStatus.PROCESSING)


class RefundStatus(StrEnum):
    """How far a refund has come; the words after ``requested`` are Stripe's."""

    REQUESTED = "requested"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


# Money that is gone, or must be reckoned as gone.
COUNTED_REFUNDS = (
    RefundStatus.REQUESTED,
    RefundStatus.PENDING,
    RefundStatus.REQUIRES_ACTION,
    RefundStatus.SUCCEEDED,
)
# What Stripe has said it has done or refused, without what it was not asked for yet.
KNOWN_REFUNDS = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED)

# What Stripe may say after each word; one that succeeded may still fail at the bank, one that failed stays so.
_END = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})
_ON_THE_WAY = frozenset({RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION})
REFUND_MOVES: dict[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.REQUESTED: frozenset(RefundStatus),
    RefundStatus.PENDING: _ON_THE_WAY | _END | {RefundStatus.SUCCEEDED},
    RefundStatus.REQUIRES_ACTION: _ON_THE_WAY | _END | {RefundStatus.SUCCEEDED},
    RefundStatus.SUCCEEDED: _END | {RefundStatus.SUCCEEDED},
    RefundStatus.FAILED: _END,
    RefundStatus.CANCELED: _END,
}


class EntryKind(StrEnum):
    """What moved the money of a line of the ledger."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_BACK = "refund_back"  # a refund that failed at the bank: the money is here again
    DISPUTE = "dispute"
    DISPUTE_BACK = "dispute_back"  # a dispute that was won


# While a dispute stands so, the money is with the bank; before, there is only a question (Stripe's warning_...).
TAKEN_DISPUTES = ("needs_response", "under_review", "lost")
