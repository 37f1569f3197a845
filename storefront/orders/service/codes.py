"""What becomes of the discount code that an order holds.

Everybody who takes or gives back a use holds the code's row, after the stock, until the end of the unit: so the total
limit, and the count of one customer's uses, are exact under any number of buyers.
"""

from sqlalchemy import func, select, update

from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.core.money import Money
from storefront.journal.service import write as journal
from storefront.orders.models import CodeUse, Order
from storefront.orders.states import CodeUseState
from storefront.promotions import service as promotions
from storefront.promotions.spelling import customer_of


class CodeGone(Refused):
    """Others were faster, or it was ended: the code can't be used any more."""

    sentence = N_("The code %(code)s has just been used up. Please look at the new total before you pay.")


class CodeUsedByYou(Refused):
    """This customer has used the code as often as one may."""

    sentence = N_("You have used the code %(code)s already. Please remove it to go on.")


def hold(order: Order, code_id: int, most_per_customer: int | None, amount: int) -> None:
    """Take one use of a code for an order that was just placed.

    Raises:
        CodeGone: there is none left. CodeUsedByYou: this customer has had as many as one may.
    """
    if not promotions.claim(code_id):
        raise CodeGone(code=order.code)
    customer = customer_of(order.email)
    if most_per_customer is not None and _uses_of(code_id, customer) >= most_per_customer:
        raise CodeUsedByYou(code=order.code)
    db.session().add(CodeUse(order_id=order.id, code_id=code_id, customer=customer, amount=amount))
    db.session().flush()
    journal(order.topic, "code.held", code=order.code, off=Money(amount, order.currency).plain)


def keep(order: Order) -> bool:
    """The order is paid: its use of a code is for good. False when it was given back and is gone meanwhile."""
    if order.code is None:
        return True
    use = _use_of(order)
    if use is None or use.state is CodeUseState.USED:
        return True
    if use.state is CodeUseState.RELEASED and not promotions.claim(use.code_id):
        return False
    _end(use, CodeUseState.USED)
    return True


def is_kept(order: Order) -> bool:
    """Whether the order has the use of its code for good, or needs none."""
    use = _use_of(order) if order.code else None
    return use is None or use.state is CodeUseState.USED


def release(order: Order) -> None:
    """Give back the use that an order holds; harmless when repeated."""
    if order.code is None:
        return
    use = _use_of(order)
    if use is not None and use.state is not CodeUseState.RELEASED and _end(use, CodeUseState.RELEASED):
        promotions.give_back(use.code_id)
        journal(order.topic, "code.released", code=order.code)


def held_by(checkout_key: str) -> int | None:
    """Return the code that the unpaid order of a cart holds (1 query)."""
    statement = (
        select(CodeUse.code_id)
        .join(Order, Order.id == CodeUse.order_id)
        .where(Order.checkout_key == checkout_key, CodeUse.state == CodeUseState.HELD)
    )
    return db.session().scalar(statement)


def _use_of(order: Order) -> CodeUse | None:
    return db.session().scalar(select(CodeUse).where(CodeUse.order_id == order.id))


def _uses_of(code_id: int, customer: str) -> int:
    statement = (
        select(func.count())
        .select_from(CodeUse)
        .where(
            CodeUse.code_id == code_id,
            CodeUse.customer == customer,
            CodeUse.state != CodeUseState.RELEASED,
        )
    )
    return db.session().execute(statement).scalar_one()


def _end(use: CodeUse, state: CodeUseState) -> bool:
    """The conditional update lets one process decide, also when a sweep and a webhook meet."""
    ended = db.session().execute(
        update(CodeUse).where(CodeUse.id == use.id, CodeUse.state == use.state).values(state=state)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]  # CursorResult
