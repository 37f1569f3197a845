"""The part of the site that only the owner may see."""

from flask import Blueprint, abort, request

from storefront.core.clock import now

admin = Blueprint("admin", __name__, url_prefix="/admin")
admin.add_app_template_global(now, "moment_now")

# The largest number that the databases keep as an id.
HIGHEST_ID = 2**63 - 1


@admin.before_request
def _refuse_odd_addresses() -> None:
    """PostgreSQL keeps no NUL in a text, so nothing has a name with one."""
    if "\x00" in request.path:
        abort(404)
