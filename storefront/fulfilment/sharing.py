"""The guard against passing on: too many places in a day, and whoever bought it is asked to confirm by a mail.

Nobody is shut out silently: the page says why it is closed, the link opens it at once, and the places from before count
no more. The owner sets how many places are too many.
"""

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select, update

from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import NotFound
from storefront.fulfilment.models import AccessNote, Entitlement
from storefront.journal.service import write as journal
from storefront.notifications.service import tell
from storefront.orders.models import Order
from storefront.shop.models import ShopProfile
from storefront.web import throttle
from storefront.web.setup import settings

MAIL = "confirm_access"
WINDOW = timedelta(days=1)

MOST_PLACES = 10

_MAILS_AN_HOUR = 3


def watch(entitlement: Entitlement) -> None:
    """Ask for a confirmation, in the current unit, if the entitlement was used from too many places of late."""
    most = _most_places()
    if not most or entitlement.asked_at is not None:
        return
    places = _new_places(entitlement)
    if len(places) <= most:
        return
    asked = db.session().execute(
        update(Entitlement)
        .where(Entitlement.id == entitlement.id, Entitlement.asked_at.is_(None))
        .values(asked_at=now().replace(microsecond=0))
        .execution_options(synchronize_session=False)
    )
    if asked.rowcount:  # type: ignore[attr-defined]  # CursorResult
        journal(_topic(entitlement), "access.confirmation_asked", places=len(places))
        _tell(db.get_or_404(Entitlement, Entitlement.id == entitlement.id, for_update=True))


def send_again(entitlement: Entitlement) -> bool:
    """Send the mail once more, in the current unit; False when that was done often enough."""
    if entitlement.asked_at is None:
        return True
    if throttle.count("confirm-again", entitlement.public_id, per=timedelta(hours=1)) > _MAILS_AN_HOUR:
        return False
    _tell(entitlement, again=now())
    return True


def confirm_path(entitlement: Entitlement) -> str:
    """Return the signed address, without language, at which the buyer confirms."""
    asked_at = entitlement.asked_at or now()
    token = _signer().dumps([entitlement.public_id, int(asked_at.timestamp())])
    return f"/library/{entitlement.public_id}/confirm/{token}"


def find_asked(public_id: str, token: str) -> Entitlement:
    """Return the entitlement that the address of a mail is for.

    Raises:
        NotFound: it was not signed by us for this entitlement.
    """
    try:
        signed_id, _asked_at = _signer().loads(token)
    except (BadSignature, ValueError, TypeError) as error:
        raise NotFound from error
    if signed_id != public_id:
        raise NotFound
    return db.get_or_404(Entitlement, Entitlement.public_id == public_id, for_update=db.in_unit())


def confirm(entitlement: Entitlement) -> None:
    """Open it again, in the current unit; the places until now are the buyer's. Harmless when repeated."""
    if entitlement.asked_at is not None:
        entitlement.asked_at, entitlement.confirmed_at = None, now()
        journal(_topic(entitlement), "access.confirmed")


def masked(email: str) -> str:
    """Return the address so that its owner knows it again and nobody else learns it: ``a…@example.org``."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"


def _most_places() -> int:
    """Return what the owner has set; a shop whose words were never saved has no row yet."""
    found = db.session().scalar(select(ShopProfile.sharing_places))
    return MOST_PLACES if found is None else found


def _new_places(entitlement: Entitlement) -> set[str]:
    """Return the places of the last day that were not known when the buyer last confirmed."""
    known: set[str] = set()
    since = now() - WINDOW
    if entitlement.confirmed_at is not None:
        since = max(since, entitlement.confirmed_at)
        known = _places(entitlement.id, until=entitlement.confirmed_at)
    return _places(entitlement.id, since=since) - known


def _places(entitlement_id: int, *, since: datetime | None = None, until: datetime | None = None) -> set[str]:
    statement = select(AccessNote.place).where(AccessNote.entitlement_id == entitlement_id).distinct()
    if since is not None:
        statement = statement.where(AccessNote.at > since)
    if until is not None:
        statement = statement.where(AccessNote.at <= until)
    return set(db.session().scalars(statement)) - {""}


def _tell(entitlement: Entitlement, again: datetime | None = None) -> None:
    order = db.session().get_one(Order, entitlement.order_id)
    moment = again or entitlement.asked_at or now()
    tell(
        MAIL,
        entitlement.email,
        entitlement.language or order.language,
        unique_key=f"{MAIL}:{entitlement.id}:{moment:%Y%m%d%H%M%S}",
        topic=order.topic,
        entitlement_id=entitlement.id,
    )


def _topic(entitlement: Entitlement) -> str:
    return f"order:{entitlement.order_id}"


def _signer() -> URLSafeSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    return URLSafeSerializer(list(reversed(settings().signing_keys)), salt="fulfilment.confirm")
