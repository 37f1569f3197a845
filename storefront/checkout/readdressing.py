"""Another e-mail address for a buyer: orders, what was bought, and mails that are not sent yet move together."""

from dataclasses import dataclass

from sqlalchemy import func, select, update

from storefront.accounts.models import Account
from storefront.accounts.service import find_account_by_email
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from storefront.journal.service import write as journal
from storefront.notifications.service import readdress, tell
from storefront.orders.models import Order
from storefront.orders.service import moving


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a change of address would do: how many orders move, out of whose library and into whose."""

    orders: int
    leaves_account: bool
    joins_account: bool


def outlook(order: Order, email: str) -> Outlook:
    """Return what moving everything of this order's buyer to that address would do."""
    row = (
        db.session()
        .execute(
            select(func.count(), func.count(Order.account_id))
            .select_from(Order)
            .where(Order.email == order.email)
        )
        .one()
    )
    return Outlook(int(row[0]), bool(row[1]), _proven_account(email) is not None)


def change_email(order_id: int, email: str) -> int:
    """Move all that was bought with the order's address to another one, in the current unit; return how many orders.

    The library goes along: to the account of the new address, if its mailbox is proven, else to nobody's until then. An
    account at the old address keeps only its login. Both addresses are told. A second click moves nothing.
    """
    before = moving.lock(order_id).email
    if before == email:
        return 0
    account = _proven_account(email)
    account_id = account.id if account else None
    statement = select(Order.id).where(Order.email == before).order_by(Order.id).with_for_update()
    ids = list(db.session().scalars(statement))
    values = {"email": email, "account_id": account_id}
    db.session().execute(update(Order).where(Order.id.in_(ids)).values(**values))
    own = Entitlement.parent_id.is_(None)  # places that were given away belong to others
    db.session().execute(update(Entitlement).where(Entitlement.order_id.in_(ids), own).values(**values))
    topics = [f"order:{one}" for one in ids]
    readdress(topics, before, email)
    for topic in topics:
        journal(topic, "order.email", before=before, after=email)
    _tell_both(moving.lock(order_id), before)
    return len(ids)


def _tell_both(order: Order, before: str) -> None:
    """Who has lost the purchases hears of it without a link; who has got them gets all links."""
    tell("purchases_left", before, order.language, topic=order.topic, order_id=order.id)
    tell("purchases_came", order.email, order.language, topic=order.topic, order_id=order.id)


def _proven_account(email: str) -> Account | None:
    account = find_account_by_email(email)
    return account if account and account.email_verified_at and account.disabled_at is None else None
