"""The way out of mails about courses."""

from flask import Response, render_template

from storefront.core import db
from storefront.learning import opting_out
from storefront.learning.views.blueprint import learning
from storefront.web.access import public


@learning.get("/learning/opt-out/<token>")
@public
def ask_to_opt_out(token: str) -> Response:
    """Ask before the mails to a mailbox end: programs follow links in mails, people press buttons."""
    return _show(token, is_done=False)


@learning.post("/learning/opt-out/<token>")
@public
def opt_out(token: str) -> Response:
    """End mails of one kind to a mailbox."""
    hashed, kind = opting_out.read_opt_out(token)
    with db.unit_of_work():
        opting_out.opt_out(hashed, kind)
    return _show(token, is_done=True)


def _show(token: str, *, is_done: bool) -> Response:
    _, kind = opting_out.read_opt_out(token)
    return Response(render_template("learning/opt_out.html", token=token, kind=kind, is_done=is_done))
