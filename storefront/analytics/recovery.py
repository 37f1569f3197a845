"""What came of writing to those who left before paying."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storefront.checkout.models import CheckoutRecovery
from storefront.checkout.states import WHY_NOT, RecoveryOutcome
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.money import Money
from storefront.orders.models import Order
from storefront.orders.states import PaymentState

DAYS = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the checkouts that were decided on lately: mails, opened links, orders and their money.

    ``left_alone`` says how often each reason (a message id) was against a mail.
    """

    sent: int
    opened: int
    recovered: int
    income: list[Money]
    left_alone: dict[str, int]


def figures() -> Figures:
    """Return the figures of the last 30 days (2 queries)."""
    since = now() - timedelta(days=DAYS)
    by_outcome = select(CheckoutRecovery.outcome, func.count(), func.count(CheckoutRecovery.opened_at)).where(
        CheckoutRecovery.decided_at >= since
    )
    rows = {
        outcome: (int(all_of_them), int(opened))
        for outcome, all_of_them, opened in db.session().execute(
            by_outcome.group_by(CheckoutRecovery.outcome)
        )
    }
    recovered = (
        select(Order.currency, func.count(), func.sum(Order.total_amount))
        .join_from(CheckoutRecovery, Order, Order.id == CheckoutRecovery.recovered_order_id)
        .where(
            CheckoutRecovery.decided_at >= since,
            CheckoutRecovery.outcome == RecoveryOutcome.SENT,
            Order.payment_state.in_((PaymentState.PAID, PaymentState.PARTLY_REFUNDED)),
        )
        .group_by(Order.currency)
        .order_by(Order.currency)
    )
    came = [(currency, int(count), int(total)) for currency, count, total in db.session().execute(recovered)]
    sent, opened = rows.pop(RecoveryOutcome.SENT, (0, 0))
    return Figures(
        sent=sent,
        opened=opened,
        recovered=sum(count for _, count, _ in came),
        income=[Money(total, currency) for currency, _, total in came],
        left_alone={WHY_NOT[outcome]: count for outcome, (count, _) in rows.items() if outcome is not None},
    )
