"""Places for a team: who bought several gives them to others by e-mail, and takes them back.

Each place that was given away is an entitlement of its own, with its own address, progress and log; its *position*
says which of the bought ones it is. The buyer has place 0, and gives it away last. All changes hold the lock of the
order, so that two clicks at once never give away more than was bought, and a refund meets no new seat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from storefront.accounts.models import Account
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.ids import new_public_id
from storefront.fulfilment.closing import close, contents_of, topic_of
from storefront.fulfilment.doors import NotOpen
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.kinds import share
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.places import taken_positions
from storefront.fulfilment.states import Standing
from storefront.jobs.service import enqueue
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.service import moving

MAIL = "seat_given"
TAKEN_BACK = N_("place taken back")


class NoPlaceLeft(Refused):
    """Everything that was bought is with somebody."""

    sentence = N_("That is more than the places that are left. Take one back, or buy more.")


class OnlyOne(Refused):
    """It was bought once, or is a seat itself."""

    sentence = N_("This was bought once, so there are no places to give away.")


@dataclass(frozen=True, slots=True)
class Team:
    """Who has the places of what was bought. ``left`` are free, the buyer's own among them unless it was given away."""

    seats: list[Entitlement]
    bought: int

    @property
    def left(self) -> int:
        """How many places can still be given away."""
        return self.bought - len(self.seats)


def team_of(parent: Entitlement) -> Team:
    """Return who has the places of what was bought, first given first."""
    return teams_of([parent])[parent.id]


def teams_of(parents: Sequence[Entitlement]) -> dict[int, Team]:
    """Return the teams of several purchases by their ids (1 query)."""
    teams = {parent.id: Team([], parent.quantity) for parent in parents}
    statement = select(Entitlement).where(
        Entitlement.parent_id.in_(teams), Entitlement.taken_back_at.is_(None)
    )
    for seat in db.session().scalars(statement.order_by(Entitlement.id)):
        teams[seat.parent_id or 0].seats.append(seat)
    return teams


def give(public_id: str, emails: list[str], language: str) -> list[str]:
    """Give each of the mailboxes a place, in the current unit, and tell them in that language; all or none.

    Returns the addresses that got one now; who has one already keeps it, and the buyer needs none.

    Raises:
        NotFound: there is no such thing, or it was taken back. OnlyOne, NoPlaceLeft.
        NotOpen: its time is over.
    """
    parent = _lock(public_id)
    if parent.quantity < 2:
        raise OnlyOne
    if parent.standing is Standing.EXPIRED:
        raise NotOpen(parent)
    known = {seat.email for seat in team_of(parent).seats} | {parent.email}
    wanted = [email for email in dict.fromkeys(emails) if email not in known]
    taken = taken_positions(parent.id)
    free = sorted(set(range(parent.quantity)) - taken, key=lambda position: (position == 0, position))
    if len(wanted) > len(free):
        raise NoPlaceLeft
    for email, position in zip(wanted, free, strict=False):
        _give_one(parent, email, position, language)
    return wanted


def take_back(public_id: str, seat_id: str) -> None:
    """Take a place back, in the current unit; harmless when repeated.

    Raises:
        NotFound: no such place was ever given away of this.
    """
    parent = _lock(public_id)
    seat = db.get_or_404(Entitlement, Entitlement.public_id == seat_id, Entitlement.parent_id == parent.id)
    if seat.taken_back_at is not None:
        return
    seat.taken_back_at = now()
    if seat.seat_position == 0:
        parent.place_given_at = None
    close(seat, TAKEN_BACK)
    journal(topic_of(parent), "seat.taken_back", seat=seat.public_id)
    enqueue("grant_entitlement", topic=topic_of(parent), entitlement_id=parent.id)


def _give_one(parent: Entitlement, email: str, position: int, language: str) -> None:
    values = _values(parent, email, position, language)
    seat_id = insert_once(Entitlement, values)
    if seat_id is None:
        raise NoPlaceLeft  # the database knows better
    if position == 0:
        parent.place_given_at = now()
    seat = db.session().get_one(Entitlement, seat_id)
    for content in contents_of(parent):
        share(parent, seat, content)
    enqueue("grant_entitlement", topic=topic_of(parent), entitlement_id=seat_id)
    journal(topic_of(parent), "seat.given", seat=seat.public_id)
    tell(
        MAIL,
        email,
        language,
        unique_key=f"{MAIL}:{seat_id}",
        topic=topic_of(parent),
        entitlement_id=seat_id,
    )


def _values(parent: Entitlement, email: str, position: int, language: str) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "parent_id": parent.id,
        "seat_position": position,
        "email": email,
        "account_id": _account_of(email),
        "language": language,
        "quantity": 1,
        "granted_at": now(),
        **{
            name: getattr(parent, name)
            for name in ("order_id", "order_line_id", "product_id", "variant_id", "starts_at", "ends_at")
        },
        "awaits_release": parent.awaits_release,
    }


def _account_of(email: str) -> int | None:
    """Return the account whose proven mailbox this is; others get it when they have proven theirs."""
    statement = select(Account.id).where(Account.email == email, Account.email_verified_at.is_not(None))
    return db.session().scalar(statement)


def _lock(public_id: str) -> Entitlement:
    """Return what was bought as it is now, with its order held until the unit ends."""
    found = db.get_or_404(Entitlement, Entitlement.public_id == public_id)
    moving.lock(found.order_id)
    parent = db.get_or_404(Entitlement, Entitlement.id == found.id, for_update=True)
    if parent.revoked_at is not None:
        raise NotFound
    if parent.parent_id is not None:
        raise OnlyOne
    return parent
