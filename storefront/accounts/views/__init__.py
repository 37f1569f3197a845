"""The pages of accounts."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__, url_prefix="/account")

from storefront.accounts.views import account, entering, mailbox, passwords  # noqa: E402, F401 - they add their routes
