"""A refund as the owner wants it: all, pieces of lines, or an amount; and what becomes of goods and access."""

from dataclasses import dataclass

from storefront.checkout import refunding
from storefront.core.errors import N_, Refused
from storefront.core.money import Money
from storefront.orders.models import Order, OrderLine
from storefront.orders.service import moving, reservations
from storefront.orders.states import FulfilmentState, PaymentState
from storefront.parcels import sending
from storefront.payments import lines
from storefront.payments import service as payments
from storefront.payments.lines import LinePart
from storefront.payments.models import Refund
from storefront.payments.states import LineAccess, RefundStatus
from storefront.web.language import current_language


@dataclass(frozen=True, slots=True)
class LineWish:
    """What is wanted for one line: pieces whose money goes back, and how many go back onto the shelf.

    ``access`` None is decided by rule: it closes when the money of all pieces went back.
    """

    line_id: int
    quantity: int = 0
    restock: int = 0
    access: LineAccess | None = None


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What the owner asks for on one page, which ``key`` names.

    ``amount`` is in minor units; None is what the chosen pieces cost, or all that is left when ``is_all``.
    ``came_back``: the pieces were sent and have returned, so that none of those still to be sent is meant.
    """

    key: str
    lines: tuple[LineWish, ...] = ()
    amount: int | None = None
    is_all: bool = False
    reason: str = ""
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class LineOffer:
    """What could be refunded of a line, with what the page proposes."""

    line: OrderLine
    left: int
    each: Money
    returnable: int
    proposed_restock: int


class NothingChosen(Refused):
    """The owner has chosen nothing."""

    status = 422
    sentence = N_("Please choose what goes back: some pieces, or an amount.")


class TooMuch(Refused):
    """More than is left."""

    status = 422
    sentence = N_("Only %(left)s is left to refund.")


class NotSoManyPieces(Refused):
    """More pieces than were bought and not refunded yet, or more back on the shelf than were sold."""

    status = 422
    sentence = N_("There are not so many pieces of %(title)s left.")


def refund(order_id: int, wish: RefundWish) -> bool:
    """Ask for a refund in the current unit; False when the page has done so before. A worker calls Stripe after it.

    Raises:
        NothingToRefund, NothingChosen, TooMuch, NotSoManyPieces: nothing was written.
    """
    order = moving.lock(order_id)
    if payments.was_asked_by(wish.key):
        return False
    left = payments.refundable_of_order(order.id)
    if left <= 0:
        raise refunding.NothingToRefund
    parts = _parts(order, wish)
    amount = _amount(wish, parts, left)
    if amount <= 0:
        raise NothingChosen
    if amount > left:
        raise TooMuch(left=Money(left, order.currency).format(current_language()))
    asked = refunding.ask_back(order, amount, wish.reason, wish.key)
    lines.note_lines(asked[0], parts)
    _restock(order, wish)
    if not wish.came_back:
        sending.keep_back(order, {part.order_line_id: part.quantity for part in parts})
    _follow_what_is_done(order, asked)
    return True


def offers_of(order: Order) -> list[LineOffer]:
    """Return what can be refunded of each line. Goods that were not sent yet are proposed for the shelf."""
    gone, sold = lines.refunded_pieces(order.id), reservations.returnable(order.id)
    is_sent = order.fulfilment_state in (FulfilmentState.FULFILLED, FulfilmentState.DELIVERED)
    return [
        LineOffer(
            line,
            left=line.quantity - gone.get(line.id, 0),
            each=Money(lines.share_of(order, line, gone.get(line.id, 0), 1), order.currency),
            returnable=sold.get(line.id, 0),
            proposed_restock=sold.get(line.id, 0) if line.requires_shipping and not is_sent else 0,
        )
        for line in order.lines
    ]


def _parts(order: Order, wish: RefundWish) -> list[LinePart]:
    gone = lines.refunded_pieces(order.id)
    wanted = {one.line_id: one for one in wish.lines}
    parts = []
    for line in order.lines:
        one = wanted.get(line.id, LineWish(line.id))
        left = line.quantity - gone.get(line.id, 0)
        pieces = left if wish.is_all else 0 if wish.amount is not None else one.quantity
        if not 0 <= pieces <= left:
            raise NotSoManyPieces(title=line.title)
        access = one.access or (LineAccess.CLOSE if pieces and pieces == left else LineAccess.KEEP)
        if pieces or one.access:
            share = lines.share_of(order, line, gone.get(line.id, 0), pieces)
            parts.append(LinePart(line.id, pieces, share, access))
    return parts


def _amount(wish: RefundWish, parts: list[LinePart], left: int) -> int:
    if wish.is_all:
        return left
    return wish.amount if wish.amount is not None else sum(part.amount for part in parts)


def _restock(order: Order, wish: RefundWish) -> None:
    """Goods come back whatever becomes of the money."""
    by_id = {line.id: line for line in order.lines}
    for one in sorted(
        wish.lines, key=lambda one: by_id[one.line_id].variant_id if one.line_id in by_id else 0
    ):
        if one.restock and (
            one.line_id not in by_id or not reservations.take_back(by_id[one.line_id], one.restock)
        ):
            raise NotSoManyPieces(title=by_id[one.line_id].title if one.line_id in by_id else "")


def _follow_what_is_done(order: Order, asked: list[Refund]) -> None:
    """What went back by hand is done already."""
    done = [refund for refund in asked if refund.status is RefundStatus.SUCCEEDED]
    if not done:
        return
    refunding.follow_money(order)
    if order.payment_state is not PaymentState.REFUNDED:
        for refund in done:
            refunding.tell_of_part(order, refund)
