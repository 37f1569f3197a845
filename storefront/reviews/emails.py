"""The mail that asks for a review."""

from typing import Any

from storefront.core import db
from storefront.core.errors import N_
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.orders.models import Order
from storefront.reviews import reminding
from storefront.web.links import absolute_url


@mail(
    reminding.KIND,
    title=N_("Asking for a review"),
    variables={
        "to_review": Variable(
            N_("What may be reviewed, with links"),
            N_("A small book\nWrite a review: https://shop.example.org/library/example/review"),
            needed=True,
        ),
        "opt_out_url": Variable(
            N_("The page to hear no more of it"), "/reviews/opt-out/example", needed=True
        ),
    },
)
def review_reminder(args: dict[str, Any], language: str) -> Mail | None:
    """Ask what the things of an order are like; nothing when there is nothing left to ask, or nobody wants to hear."""
    order = db.session().get(Order, args["order_id"])
    if order is None or reminding.has_opted_out(order.email):
        return None
    things = [
        (product, absolute_url(f"/library/{entitlement.public_id}/review", language))
        for entitlement, product in reminding.unreviewed(order)
    ]
    if not things:
        return None
    return render_mail(
        "review_reminder",
        language,
        to_review=block("_to_review", language, things=things),
        opt_out_url=absolute_url(reminding.opt_out_path(order.email), language),
    )
