"""The pages of accounts."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__, url_prefix="/account")

from storefront.accounts.views import (  # noqa: E402 - they add their routes
    account,  # noqa: F401
    addresses,  # noqa: F401
    entering,  # noqa: F401
    mailbox,  # noqa: F401
    passwords,  # noqa: F401
)
