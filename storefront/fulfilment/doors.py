"""Who may go in, and when: to things of an account that account alone, to what a guest bought who has its address."""

from flask import abort, has_request_context

from storefront.accounts.guard import send_to_login
from storefront.accounts.sessions import current_account
from storefront.core.errors import N_, NotFound, ShopError
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.states import Standing


class NotOpen(ShopError):
    """The buyer has it, but may not use it now: it opens later, has ended, or the place was given to somebody else.

    Pages show ``entitlement`` in words (``fulfilment.views``), so that nobody meets a 404 for what they paid for.
    """

    status = 403
    sentence = N_("You can't open this now.")

    def __init__(self, entitlement: Entitlement) -> None:
        super().__init__()
        self.entitlement = entitlement


class ConfirmFirst(NotOpen):
    """It was used from many places: whoever bought it has to confirm by a link in a mail (``fulfilment.sharing``)."""

    sentence = N_("Please confirm by the link in our mail that it is you.")


def require_theirs(entitlement: Entitlement) -> None:
    """Go on only for those whom it belongs to, and for the owner, who helps; who is not logged in is sent there first.

    A worker, which has no visitor, goes on.

    Raises:
        NotFound: it belongs to another account.
    """
    if entitlement.account_id is None or not has_request_context():
        return
    account = current_account()
    if account is None:
        abort(send_to_login())
    if account.id != entitlement.account_id and not account.is_owner:
        raise NotFound


def require_open(entitlement: Entitlement) -> None:
    """Go on only if it may be used now.

    Raises:
        NotOpen: it opens later, has ended, or was handed on; ``ConfirmFirst``: somebody must confirm first.
    """
    if entitlement.standing is not Standing.OPEN:
        raise NotOpen(entitlement)
    if entitlement.asked_at is not None:
        raise ConfirmFirst(entitlement)
