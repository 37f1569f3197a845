"""Returns: asked for by the buyer, decided by the owner, counted when they arrive. Money is for the floor above."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from storefront.accounts.models import Account
from storefront.accounts.states import Role
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order, OrderLine
from storefront.orders.service import moving as orders
from storefront.orders.service import reservations
from storefront.parcels import counting, moving, sending
from storefront.parcels.models import ReturnLine, ReturnRequest, Shipment
from storefront.parcels.states import ReturnOutcome, ReturnReason, ReturnState, ReturnWish, ShipmentState
from storefront.shipping import service as shipping

LONGEST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class ReturnInput:
    """What a buyer wants to give back: pieces by line, why, and what they would like for it."""

    key: str
    pieces: dict[int, int]
    reason: ReturnReason
    wish: ReturnWish
    words: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """How many pieces of a line came back, and how many of them can be sold again."""

    received: int
    restocked: int


class NotReturnable(Refused):
    """More than was sent, was asked for already, or the time is over."""

    sentence = N_("So many pieces can't be returned any more. Please look at the numbers again.")


class NothingToReturn(Refused):
    """No piece was chosen."""

    status = 422
    sentence = N_("Please choose what you want to send back.")


class WordsMissing(Refused):
    """A refusal without a reason."""

    status = 422
    sentence = N_("Please tell the buyer why.")


class NotSoManyArrived(Refused):
    """More arrived than were asked for, or more went onto the shelf than arrived or were sold."""

    status = 422
    sentence = N_("There are not so many pieces of %(title)s in this return.")


def returnable(order: Order) -> dict[int, int]:
    """Return how many pieces of each line the buyer may ask to return now (3 queries); lines without any are left out.

    A piece may be returned from the moment it left until so many days after it arrived.
    """
    days = shipping.rules().return_days
    if not days:
        return {}
    counts = counting.count_lines(order)
    in_time = _pieces_since(sending.shipments_of(order.id), now() - timedelta(days=days))
    left = {
        line_id: min(count.sent - count.asked_back, in_time.get(line_id, 0))
        for line_id, count in counts.items()
    }
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


def ask(order_id: int, wanted: ReturnInput) -> ReturnRequest:
    """Write down in the current unit that the buyer wants to return something; the same page again is quiet.

    Raises:
        NothingToReturn, NotReturnable: nothing was written.
    """
    order = orders.lock(order_id)
    known = db.session().scalar(select(ReturnRequest).where(ReturnRequest.page_key == wanted.key))
    if known is not None:
        return known
    pieces = {line_id: number for line_id, number in wanted.pieces.items() if number}
    if not pieces:
        raise NothingToReturn
    allowed = returnable(order)
    lines = {line.id: line for line in order.lines}
    for line_id, number in sorted(pieces.items()):
        if not 0 < number <= allowed.get(line_id, 0) or not counting.add(lines[line_id], asked_back=number):
            raise NotReturnable
    found = ReturnRequest(
        order_id=order.id,
        number=_next_number(order),
        page_key=wanted.key,
        reason=wanted.reason,
        wish=wanted.wish,
        words=wanted.words[:LONGEST_WORDS],
        lines=[
            ReturnLine(order_line_id=line_id, quantity=number) for line_id, number in sorted(pieces.items())
        ],
    )
    db.session().add(found)
    db.session().flush()
    journal(order.topic, "return.requested", number=found.number, quantity=sum(pieces.values()))
    _tell("return_requested", order, found)
    _tell_owners(order, found)
    return found


def withdraw(public_id: str) -> bool:
    """End a return by its buyer, before anything arrived; quiet when it is withdrawn already."""
    order, found = moving.lock(ReturnRequest, public_id)
    if not moving.move(found, ReturnState.WITHDRAWN):
        return False
    _free(order, found)
    return True


def approve(public_id: str, answer: str, instructions: str) -> bool:
    """Agree to a return and tell the buyer how to send it; quiet when that was done."""
    order, found = moving.lock(ReturnRequest, public_id)
    if not moving.move(found, ReturnState.APPROVED):
        return False
    found.answer, found.instructions = answer[:LONGEST_WORDS], instructions[:5000]
    db.session().flush()
    _tell("return_approved", order, found)
    return True


def refuse(public_id: str, answer: str) -> bool:
    """Refuse a return, with words for the buyer; quiet when that was done.

    Raises:
        WordsMissing: there are none.
    """
    if not answer.strip():
        raise WordsMissing
    order, found = moving.lock(ReturnRequest, public_id)
    if not moving.move(found, ReturnState.REFUSED):
        return False
    found.answer = answer[:LONGEST_WORDS]
    _free(order, found)
    _tell("return_refused", order, found)
    return True


def receive(public_id: str, arrived: dict[int, Arrived]) -> bool:
    """Note what came back and put onto the shelf what can be sold again; quiet when that was done.

    Raises:
        NotSoManyArrived: the numbers do not fit; nothing was written.
    """
    order, found = moving.lock(ReturnRequest, public_id)
    if not moving.move(found, ReturnState.RECEIVED):
        return False
    lines = {line.id: line for line in order.lines}
    # Everybody changes stock in the order of the variants.
    for each in sorted(found.lines, key=lambda one: lines[one.order_line_id].variant_id):
        _take_in(lines[each.order_line_id], each, arrived.get(each.order_line_id, Arrived(0, 0)))
        reach("returns.line_received")
    db.session().flush()
    sending.follow(order)
    _tell("return_received", order, found)
    return True


def close(found: ReturnRequest, outcome: ReturnOutcome, exchange_order_id: int | None = None) -> bool:
    """Note how a locked return that has arrived ended; False when it is closed already."""
    if found.state is ReturnState.CLOSED:
        return False
    found.outcome, found.exchange_order_id = outcome, exchange_order_id
    return moving.move(found, ReturnState.CLOSED, outcome=outcome.value)


def get_return(public_id: str) -> ReturnRequest:
    """Return one return with its lines.

    Raises:
        NotFound: there is none.
    """
    found = db.get_or_404(ReturnRequest, ReturnRequest.public_id == public_id)
    statement = (
        select(ReturnRequest).where(ReturnRequest.id == found.id).options(selectinload(ReturnRequest.lines))
    )
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()


def returns_of(order_id: int) -> list[ReturnRequest]:
    """Return the returns of an order with their lines, first one first (2 queries)."""
    statement = select(ReturnRequest).where(ReturnRequest.order_id == order_id).order_by(ReturnRequest.number)
    return list(db.session().scalars(statement.options(selectinload(ReturnRequest.lines))))


def count_waiting() -> int:
    """Return how many returns wait for the owner's decision or for what follows their arrival."""
    waiting = (ReturnState.REQUESTED, ReturnState.RECEIVED)
    statement = select(func.count()).select_from(ReturnRequest).where(ReturnRequest.state.in_(waiting))
    return int(db.session().scalar(statement) or 0)


def _pieces_since(shipments: list[Shipment], oldest: datetime) -> dict[int, int]:
    """Return the pieces by line that are on their way, or arrived after that moment."""
    found: dict[int, int] = {}
    for shipment in shipments:
        is_in_time = shipment.delivered_at is None or shipment.delivered_at >= oldest
        if shipment.state is not ShipmentState.CANCELLED and is_in_time:
            for each in shipment.lines:
                found[each.order_line_id] = found.get(each.order_line_id, 0) + each.quantity
    return found


def _take_in(line: OrderLine, each: ReturnLine, arrived: Arrived) -> None:
    """What did not come can be asked for again."""
    is_sound = 0 <= arrived.restocked <= arrived.received <= each.quantity
    if not is_sound or not counting.add(
        line, came_back=arrived.received, asked_back=arrived.received - each.quantity
    ):
        raise NotSoManyArrived(title=line.title)
    if arrived.restocked and not reservations.take_back(line, arrived.restocked):
        raise NotSoManyArrived(title=line.title)
    each.received, each.restocked = arrived.received, arrived.restocked


def _free(order: Order, found: ReturnRequest) -> None:
    lines = {line.id: line for line in order.lines}
    for each in found.lines:
        counting.add(lines[each.order_line_id], asked_back=-each.quantity)
    db.session().flush()


def _next_number(order: Order) -> int:
    latest = select(func.coalesce(func.max(ReturnRequest.number), 0)).where(
        ReturnRequest.order_id == order.id
    )
    return int(db.session().scalar(latest) or 0) + 1


def _tell(kind: str, order: Order, found: ReturnRequest) -> None:
    tell(
        kind,
        order.email,
        order.language,
        unique_key=f"{kind}:{found.public_id}",
        topic=order.topic,
        order_id=order.id,
        return_id=found.id,
    )


def _tell_owners(order: Order, found: ReturnRequest) -> None:
    owners = select(Account.email, Account.language).where(
        Account.role == Role.OWNER, Account.disabled_at.is_(None)
    )
    for email, language in db.session().execute(owners).all():
        tell(
            "return_asked",
            email,
            language,
            unique_key=f"return_asked:{found.public_id}:{email}",
            topic=order.topic,
            order_id=order.id,
            return_id=found.id,
        )
