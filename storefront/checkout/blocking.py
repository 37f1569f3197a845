"""Who may not begin a checkout: addresses, mail domains and networks that the owner has named, with a reason."""

import time
from ipaddress import ip_address, ip_network
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.accounts.addresses import find_normal
from storefront.checkout.models import BlockedBuyer, BlockKind
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.logging import get_logger
from storefront.journal.service import current_actor
from storefront.journal.service import write as journal

TOPIC = "blocked"
_KEEP_SECONDS = 1.0
# What this process has read, of each database that it is connected to.
_known: WeakKeyDictionary[Engine, tuple[float, list[tuple[BlockKind, str]]]] = WeakKeyDictionary()


class Blocked(Refused):
    """The owner does not want this buyer. What is said does not accuse: it may be the wrong one."""

    sentence = N_("We can't take this order here. If you think that this is a mistake, please write to us.")


class NotToBlock(Refused):
    """What was typed is no address, no domain and no network."""

    status = 422
    sentence = N_(
        "Please enter an e-mail address, a domain such as example.org, or a network such as 203.0.113.0/24."
    )


def refuse_blocked(email: str, address: str) -> None:
    """Go on only if neither the mailbox, nor its domain, nor the network is on the list.

    Raises:
        Blocked: one of them is.
    """
    for kind, value in _list_known():
        if _fits(kind, value, email, address):
            get_logger().info("blocked buyer", kind=kind.value)
            raise Blocked


def is_blocked(email: str) -> bool:
    """Whether the mailbox or its domain is on the list."""
    return any(_fits(kind, value, email, "") for kind, value in _list_known())


def read_value(text: str) -> tuple[BlockKind, str]:
    """Return what the owner means by a text.

    Raises:
        NotToBlock: nothing that could be blocked.
    """
    plain = text.strip().lower().removeprefix("@")
    if "@" in plain:
        email = find_normal(plain)
        if email is None:
            raise NotToBlock
        return BlockKind.EMAIL, email
    try:
        return BlockKind.NETWORK, str(ip_network(plain, strict=False))
    except ValueError:
        known = find_normal(f"somebody@{plain}")
    if known is None:
        raise NotToBlock
    return BlockKind.DOMAIN, known.partition("@")[2]


def block(kind: BlockKind, value: str, reason: str) -> bool:
    """Put somebody onto the list in the current unit; False when they are there already."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"kind": kind, "value": value, "reason": reason, "actor": current_actor()[:80], "created_at": now()}
    statement = insert(BlockedBuyer).values(**row).on_conflict_do_nothing(index_elements=["kind", "value"])
    if db.session().scalar(statement.returning(BlockedBuyer.id)) is None:
        return False
    db.after_commit(_forget)
    journal(TOPIC, "buyer.blocked", kind=kind.value, what=value, reason=reason)
    return True


def unblock(block_id: int) -> None:
    """Take somebody off the list in the current unit.

    Raises:
        NotFound: they are not on it.
    """
    statement = delete(BlockedBuyer).where(BlockedBuyer.id == block_id)
    row = db.session().execute(statement.returning(BlockedBuyer.kind, BlockedBuyer.value)).one_or_none()
    if row is None:
        raise NotFound
    db.after_commit(_forget)
    journal(TOPIC, "buyer.unblocked", kind=row.kind.value, what=row.value)


def blocked_buyers() -> list[BlockedBuyer]:
    """Return the list, newest first."""
    return list(db.session().scalars(select(BlockedBuyer).order_by(BlockedBuyer.id.desc()).limit(500)))


def _list_known() -> list[tuple[BlockKind, str]]:
    """Return the list; a process looks at most once a second."""
    clock, engine = time.monotonic(), db.engine()
    known = _known.get(engine)
    if known is None or clock - known[0] > _KEEP_SECONDS:
        rows = db.execute(select(BlockedBuyer.kind, BlockedBuyer.value))
        known = _known[engine] = (clock, [(row.kind, row.value) for row in rows])
    return known[1]


def _forget() -> None:
    _known.pop(db.engine(), None)


def _fits(kind: BlockKind, value: str, email: str, address: str) -> bool:
    """A domain stands for those below it, too."""
    if kind is BlockKind.EMAIL:
        return email == value
    if kind is BlockKind.DOMAIN:
        domain = email.rpartition("@")[2]
        return domain == value or domain.endswith(f".{value}")
    try:
        return ip_address(address) in ip_network(value)
    except ValueError:
        return False
