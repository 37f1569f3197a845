"""Who is told what about an order: one mail for each thing that there is to say."""

from sqlalchemy import select

from storefront.accounts.models import Account
from storefront.accounts.states import Role
from storefront.core import db
from storefront.notifications.service import tell
from storefront.orders.models import Order


def tell_buyer(kind: str, order: Order, key: object = None, **ids: int) -> None:
    """Put down a mail to the buyer: one of its kind for the order, or for what ``key`` names besides it."""
    tell(
        kind,
        order.email,
        order.language,
        unique_key=f"{kind}:{order.id if key is None else key}",
        topic=order.topic,
        order_id=order.id,
        **ids,
    )


def tell_owners(kind: str, key: object, **ids: int) -> None:
    """Put down a mail to each owner, once for what ``key`` names."""
    owners = select(Account.email, Account.language).where(
        Account.role == Role.OWNER, Account.disabled_at.is_(None)
    )
    for email, language in db.session().execute(owners):
        tell(kind, email, language, unique_key=f"{kind}:{key}:{email}", topic=None, **ids)
