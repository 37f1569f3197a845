"""Work of the accounts that follows a commit or the clock."""

from storefront.accounts import proofs, service, sessions
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import job, periodic


@job("accounts.mail_reset")
def mail_reset(account_id: int) -> None:
    """Mail a link for a new password; the id is 0 when nobody has the address that was entered."""
    service.mail_reset(account_id)


@periodic("accounts.forget_old", every=timedelta(hours=1))
def forget_old() -> None:
    """Delete sessions and proofs whose time is over."""
    with db.unit_of_work():
        sessions.forget_old()
        proofs.forget_old()
