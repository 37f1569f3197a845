"""What a refund means for the lines of an order: pieces, money, access."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storefront.core import db
from storefront.orders.models import Order, OrderLine
from storefront.payments.models import Payment, Refund, RefundLine
from storefront.payments.states import COUNTED_REFUNDS, KNOWN_REFUNDS, LineAccess


@dataclass(frozen=True, slots=True)
class LinePart:
    """So many pieces of a line, their share of the money in minor units, and what becomes of the access."""

    order_line_id: int
    quantity: int
    amount: int
    access: LineAccess


def share_of(order: Order, line: OrderLine, before: int, pieces: int) -> int:
    """Return what so many more pieces of a line have cost, after ``before`` of them went back, in minor units.

    What was taken off and what tax was added belong to the line. All pieces together are never more than the line,
    because each share is the difference of two sums that were rounded down.
    """
    asked = line.asked_amount(is_tax_added=bool(order.tax_amount))
    return asked * (before + pieces) // line.quantity - asked * before // line.quantity


def note_lines(refund: Refund, parts: list[LinePart]) -> None:
    """Write down what the refund means for lines, in the unit that asked for it."""
    db.session().add_all(
        RefundLine(
            refund_id=refund.id,
            order_line_id=part.order_line_id,
            quantity=part.quantity,
            amount=part.amount,
            access=part.access,
        )
        for part in parts
    )
    db.session().flush()


def refunded_pieces(order_id: int) -> dict[int, int]:
    """Return for each line how many pieces were refunded or are about to be."""
    statement = (
        select(RefundLine.order_line_id, func.sum(RefundLine.quantity))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.status.in_(COUNTED_REFUNDS))
        .group_by(RefundLine.order_line_id)
    )
    return {row[0]: int(row[1]) for row in db.session().execute(statement)}


def lines_of_refunds(order_id: int) -> dict[int, list[RefundLine]]:
    """Return the lines of each refund of an order, by the id of the refund."""
    statement = (
        select(RefundLine)
        .join(Refund, Refund.id == RefundLine.refund_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id)
        .order_by(RefundLine.id)
    )
    found: dict[int, list[RefundLine]] = {}
    for line in db.session().scalars(statement):
        found.setdefault(line.refund_id, []).append(line)
    return found


def decided_access(order_id: int) -> dict[int, LineAccess]:
    """Return what was decided about the access of lines, by refunds that Stripe has made; the last one counts."""
    statement = (
        select(RefundLine.order_line_id, RefundLine.access)
        .join(Refund, Refund.id == RefundLine.refund_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.status.in_(KNOWN_REFUNDS))
        .order_by(RefundLine.id)
    )
    return {row.order_line_id: row.access for row in db.session().execute(statement)}
