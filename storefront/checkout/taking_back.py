"""What follows when a return has arrived: the money goes back, something else is sent, or it is settled as it is."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from storefront.catalog.models import Product, Variant
from storefront.catalog.stock import SoldOut
from storefront.catalog.wares import WARE, ware_of
from storefront.checkout.refunding import NothingToRefund
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.core.money import Money
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order, OrderLine
from storefront.orders.service import moving as orders
from storefront.orders.service import placing, reservations
from storefront.orders.service.placing import Delivery, Item, Wish
from storefront.orders.states import OrderState, PaymentState
from storefront.parcels import moving
from storefront.parcels.models import ReturnRequest
from storefront.parcels.returning import close
from storefront.parcels.states import ReturnOutcome, ReturnState
from storefront.payments import service as payments
from storefront.pricing.calculating import calculate
from storefront.pricing.values import Line
from storefront.shop.service import currency as shop_currency


@dataclass(frozen=True, slots=True)
class ExchangeChoice:
    """For one line of a return: how many pieces came back, and what may be sent instead: id and words of variants."""

    line: OrderLine
    pieces: int
    variants: tuple[tuple[int, str], ...]


class NothingArrived(Refused):
    """Nothing of this return arrived, so that nothing can be given for it."""

    sentence = N_("Nothing of this return has arrived, so there is nothing to refund or to exchange.")


class NotExchangeable(Refused):
    """The chosen thing is not one of the same product at the price that was paid."""

    status = 422
    sentence = N_(
        "Only something of the same product at the same price can be sent instead. Refund it otherwise."
    )


class TooMuch(Refused):
    """More than is left of what came in for the order."""

    status = 422
    sentence = N_("So much can't be refunded: less is left of the payment.")


def proposed_refund(order: Order, found: ReturnRequest) -> Money:
    """Return what the pieces that arrived have cost their buyer, at most what is left of the payments.

    Discount and tax of the order are spread over its lines by their worth; postage is not in it.
    """
    lines = {line.id: line for line in order.lines}
    worth = sum(lines[each.order_line_id].unit_amount * each.received for each in found.lines)
    goods = order.total_amount - order.shipping_amount
    share = goods * worth // order.subtotal_amount if order.subtotal_amount else 0
    left = sum(payments.refundable(payment) for payment in payments.payments_of(order.id))
    return Money(max(0, min(share, left)), order.currency)


def refund(public_id: str, amount: int | None) -> bool:
    """Give money back for what arrived and close the return, in the current unit; False when it is closed already.

    ``amount`` is in minor units; None is what the pieces have cost. A worker calls Stripe after the unit.

    Raises:
        NothingToRefund, TooMuch, IllegalStep: nothing was written.
    """
    order, found = moving.lock(ReturnRequest, public_id)
    if found.state is ReturnState.CLOSED:
        return False
    _require_arrival(found)
    wanted = proposed_refund(order, found).amount if amount is None else amount
    if wanted <= 0:
        raise NothingToRefund
    _ask_back(order, wanted)
    reach("taking_back.refund_asked")
    return close(found, ReturnOutcome.REFUNDED)


def _ask_back(order: Order, amount: int) -> None:
    """Take the money from the payments of the order, the first one first."""
    left = amount
    for payment in payments.payments_of(order.id):
        part = min(left, payments.refundable(payments.lock(payment.id)))
        if part > 0 and payment.payment_intent_id:
            refund = payments.request_refund(payment, part, N_("returned"))
            enqueue("send_refund", unique_key=f"refund:{refund.id}", topic=order.topic, refund_id=refund.id)
            left -= part
    if left:
        raise TooMuch


def settle_as_it_is(public_id: str) -> bool:
    """Close a return for which nothing is given; False when it is closed already."""
    _, found = moving.lock(ReturnRequest, public_id)
    return close(found, ReturnOutcome.NOTHING)


def exchange_choices(order: Order, found: ReturnRequest) -> list[ExchangeChoice]:
    """Return for each line that arrived which variants cost what was paid, the same one first."""
    lines = {line.id: line for line in order.lines}
    return [
        ExchangeChoice(lines[each.order_line_id], each.received, _alike(order, lines[each.order_line_id]))
        for each in found.lines
        if each.received
    ]


def exchange(public_id: str, chosen: dict[int, int]) -> Order | None:
    """Place an order of what is sent instead, which costs nothing, and close the return, in the current unit.

    ``chosen`` names a variant for each line that arrived. None when the return is closed already.

    Raises:
        NothingArrived, NotExchangeable, SoldOut, IllegalStep: nothing was written.
    """
    order, found = moving.lock(ReturnRequest, public_id)
    if found.state is ReturnState.CLOSED:
        return None
    _require_arrival(found)
    choices = exchange_choices(order, found)
    if not choices:
        raise NothingArrived
    items = tuple(_item(choice, chosen.get(choice.line.id, 0)) for choice in choices)
    replacement = placing.place(_wish(order, items), now() + timedelta(hours=1))
    journal(replacement.topic, "order.exchange", number=order.number)
    reach("taking_back.exchange_placed")
    _hand_over(replacement)
    close(found, ReturnOutcome.EXCHANGED, replacement.id)
    return replacement


def _hand_over(replacement: Order) -> None:
    """There is nothing to pay: sell the stock, deliver, and tell the buyer."""
    orders.move(replacement, PaymentState.PAID)
    if not reservations.sell(replacement):
        raise SoldOut(title=replacement.lines[0].title)
    orders.move(replacement, OrderState.OPEN)
    enqueue(
        "grant_order", unique_key=f"grant:{replacement.id}", topic=replacement.topic, order_id=replacement.id
    )
    tell(
        "exchange_placed",
        replacement.email,
        replacement.language,
        unique_key=f"exchange_placed:{replacement.id}",
        topic=replacement.topic,
        order_id=replacement.id,
    )


def _require_arrival(found: ReturnRequest) -> None:
    if found.state is not ReturnState.RECEIVED:
        raise moving.IllegalStep


def _alike(order: Order, line: OrderLine) -> tuple[tuple[int, str], ...]:
    """Prices of variants are in the shop's currency; in another one only the same thing can be sent again."""
    is_alike = Variant.id == line.variant_id
    if order.currency == shop_currency():
        is_alike = is_alike | (Variant.price_amount == line.unit_amount)
    statement = select(Variant.id, Variant.sku, Variant.title).where(
        Variant.product_id == line.product_id, Variant.archived_at.is_(None), is_alike
    )
    ordered = statement.order_by(Variant.id != line.variant_id, Variant.position, Variant.id)
    return tuple((row.id, f"{row.title or line.title} ({row.sku})") for row in db.session().execute(ordered))


def _item(choice: ExchangeChoice, variant_id: int) -> Item:
    if variant_id not in dict(choice.variants):
        raise NotExchangeable
    variant, product = ware_of(db.execute(_WARE, {"id": variant_id}).one(), 0)
    return Item(variant, product, choice.pieces, 0)


def _wish(order: Order, items: tuple[Item, ...]) -> Wish:
    """It goes where the first parcel went, in the same way, and nothing is to be paid for that either."""
    facts = order.delivery or {"method_id": "", "title": "", "zone": "", "days": None, "is_pickup": False}
    return Wish(
        checkout_key=new_public_id(),
        items=items,
        quote=calculate(order.currency, [_free(item) for item in items]),
        email=order.email,
        account_id=order.account_id,
        language=order.language,
        currency=order.currency,
        delivery=Delivery({"place": "", "opening": "", **facts}, order.shipping_address),
    )


def _free(item: Item) -> Line:
    return Line(item.variant.id, item.product.id, item.quantity, 0, 0)


_WARE = (
    select(*WARE)
    .join_from(Variant, Product, Product.id == Variant.product_id)
    .where(Variant.id == bindparam("id"))
)
