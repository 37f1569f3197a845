"""The access log: what somebody did with what they have, when, and roughly where.

Every door notes what goes through it, in the unit of its view::

    holding = get_holding(public_id)
    with unit_of_work():
        note(holding.entitlement, Deed.DOWNLOAD, content.title)

The place is a country, where a proxy says it, or else a network that is cut short: /24 of an IPv4 address, /48 of an
IPv6 one. Whole addresses are not kept, and what is old is deleted.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from flask import has_request_context, request
from sqlalchemy import ColumnElement, delete, insert, select

from storefront.accounts.sessions import browser_name, current_account
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.fulfilment.models import AccessNote, Entitlement
from storefront.fulfilment.sharing import watch
from storefront.fulfilment.states import Deed
from storefront.web.setup import settings

# Who comes back for the next piece of a film has not done another thing.
SAME = timedelta(minutes=10)

_LONGEST = 60
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the log as people see it."""

    id: int
    at: datetime
    deed: Deed
    title: str
    place: str
    agent: str
    entitlement_id: int


_NOTE = select(
    AccessNote.id,
    AccessNote.at,
    AccessNote.deed,
    AccessNote.title,
    AccessNote.place,
    AccessNote.agent,
    AccessNote.entitlement_id,
)


def note(entitlement: Entitlement, deed: Deed, title: str = "") -> None:
    """Note in the current unit that this request uses the entitlement; the same again within minutes is not noted.

    ``title`` names the file, lesson or key in the shop's language. Places are counted with each note, and too many of
    them ask the buyer to confirm (``fulfilment.sharing``). What the owner looks at is not the buyer's doing, nor is
    what happens without a request.
    """
    if not has_request_context():
        return
    account = current_account()
    if account is not None and account.is_owner and account.id != entitlement.account_id:
        return
    place, title = rough_place(), title[:200]
    statement = select(AccessNote.id).where(
        AccessNote.entitlement_id == entitlement.id,
        AccessNote.at > now() - SAME,
        AccessNote.deed == deed,
        AccessNote.title == title,
        AccessNote.place == place,
    )
    if db.session().scalar(statement.limit(1)) is not None:
        return
    row = {"at": now(), "deed": deed, "title": title, "place": place, "agent": _agent()}
    db.session().execute(insert(AccessNote).values(entitlement_id=entitlement.id, **row))
    watch(entitlement)


def rough_place() -> str:
    """Return where this request comes from: a country as ``DE``, or a network as ``203.0.113.0/24``."""
    header = settings().country_header
    country = request.headers.get(header, "") if header else ""
    if re.fullmatch("[A-Za-z]{2}", country, re.ASCII):
        return country.upper()
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def notes_of(*entitlement_ids: int, before_id: int | None = None, limit: int = 50) -> list[Note]:
    """Return what was done with these entitlements, newest first; ``before_id`` continues a list."""
    return _notes(AccessNote.entitlement_id.in_(entitlement_ids), before_id, limit)


def notes_of_account(account_id: int, before_id: int | None = None, limit: int = 50) -> list[Note]:
    """Return what was done with all that an account has, newest first."""
    ids = select(Entitlement.id).where(Entitlement.account_id == account_id)
    return _notes(AccessNote.entitlement_id.in_(ids), before_id, limit)


def forget_old() -> int:
    """Delete what is older than the setting allows, in short units of its own; return how many lines."""
    horizon = now() - timedelta(days=settings().access_log_days)
    old = select(AccessNote.id).where(AccessNote.at < horizon).order_by(AccessNote.at).limit(_BATCH)
    count = 0
    while True:
        with db.unit_of_work() as session:
            ids = list(session.execute(old).scalars())
            gone = delete(AccessNote).where(AccessNote.id.in_(ids))
            session.execute(gone.execution_options(synchronize_session=False))
        count += len(ids)
        if len(ids) < _BATCH:
            return count


def _notes(which: ColumnElement[bool], before_id: int | None, limit: int) -> list[Note]:
    statement = _NOTE.where(which).order_by(AccessNote.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(AccessNote.id < before_id)
    return [Note(*row) for row in db.session().execute(statement)]


def _agent() -> str:
    """Return the family of the program: a browser as people call it, else the first word (``AntennaPod``)."""
    text = "".join(filter(str.isprintable, request.user_agent.string))
    browser = browser_name(text) if text.startswith("Mozilla/") else ""
    return (browser or re.split(r"[/ (;]", text, maxsplit=1)[0])[:_LONGEST]
