"""What follows when a return has arrived: the money goes back, something else is sent, or it is settled as it is."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from storefront.catalog.models import Product, Variant
from storefront.catalog.stock import SoldOut
from storefront.catalog.wares import WARE, ware_of
from storefront.checkout import giving_back, settling
from storefront.checkout.giving_back import LineWish, RefundWish
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.core.money import Money
from storefront.journal.service import write as journal
from storefront.orders.models import Order, OrderLine
from storefront.orders.service import placing
from storefront.orders.service.placing import Delivery, Item, Wish
from storefront.parcels import moving
from storefront.parcels.models import ReturnRequest
from storefront.parcels.returning import close
from storefront.parcels.states import ReturnOutcome, ReturnState
from storefront.payments import lines as paid_lines
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


def proposed_refund(order: Order, found: ReturnRequest) -> Money:
    """Return what the pieces that arrived have cost their buyer, as far as it did not go back already."""
    gone, lines = paid_lines.refunded_pieces(order.id), {line.id: line for line in order.lines}
    shares = (
        paid_lines.share_of(order, lines[line_id], gone.get(line_id, 0), pieces)
        for line_id, pieces in _unpaid_pieces(order, found).items()
    )
    return Money(sum(shares), order.currency)


def refund(public_id: str, amount: int | None) -> bool:
    """Give money back for what arrived and close the return, in the current unit; False when it is closed already.

    ``amount`` is in minor units; None is what the pieces have cost. A worker calls Stripe after the unit.

    Raises:
        NothingArrived, IllegalStep, and what ``giving_back.refund`` raises: nothing was written.
    """
    order, found = moving.lock(ReturnRequest, public_id)
    if found.state is ReturnState.CLOSED:
        return False
    _require_arrival(found)
    pieces = _unpaid_pieces(order, found)
    if not pieces and amount is None:
        raise NothingArrived
    wishes = tuple(LineWish(line_id, quantity) for line_id, quantity in pieces.items())
    wish = RefundWish(
        key=found.public_id,
        lines=wishes if amount is None else (),
        amount=amount,
        reason=N_("returned"),
        came_back=True,
    )
    giving_back.refund(order.id, wish)
    reach("taking_back.refund_asked")
    return close(found, ReturnOutcome.REFUNDED)


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
    if not settling.confirm(replacement, told="exchange_placed"):
        raise SoldOut(title=choices[0].line.title)
    close(found, ReturnOutcome.EXCHANGED, replacement.id)
    return replacement


def _require_arrival(found: ReturnRequest) -> None:
    if found.state is not ReturnState.RECEIVED:
        raise moving.IllegalStep


def _unpaid_pieces(order: Order, found: ReturnRequest) -> dict[int, int]:
    """Return the pieces by line that arrived and whose money did not go back otherwise."""
    gone, lines = paid_lines.refunded_pieces(order.id), {line.id: line for line in order.lines}
    left = {
        each.order_line_id: min(
            each.received, lines[each.order_line_id].quantity - gone.get(each.order_line_id, 0)
        )
        for each in found.lines
    }
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


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
