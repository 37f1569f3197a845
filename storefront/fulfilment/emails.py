"""Mails about access: it is open, it ends soon, a place is yours, please confirm."""

from typing import Any

from storefront.catalog.models import Product
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.errors import N_
from storefront.fulfilment import seats, sharing, windows
from storefront.fulfilment.models import Entitlement
from storefront.notifications.rendering import Mail, Variable, mail, render_mail
from storefront.notifications.writing import Fact
from storefront.web.filters import day
from storefront.web.language import in_language, speaking
from storefront.web.links import absolute_url

_PRODUCT = Variable(N_("The title of the product"), N_("A small course"))
_HOLDING = Variable(N_("The page of what was bought"), "/library/example", needed=True)


@mail(
    windows.OPENS_MAIL,
    title=N_("A pre-order is open"),
    variables={"product": _PRODUCT, "holding_url": _HOLDING},
)
def access_opens(args: dict[str, Any], language: str) -> Mail | None:
    """Say that what was bought before its release is open."""
    return _about(windows.OPENS_MAIL, args, language)


@mail(
    windows.ENDS_MAIL,
    title=N_("Access ends soon"),
    variables={
        "product": _PRODUCT,
        "holding_url": _HOLDING,
        "ends_on": Variable(N_("The day on which access ends"), "31.12.2030"),
        "product_url": Variable(N_("The page of the product"), "/products"),
    },
)
def access_ends(args: dict[str, Any], language: str) -> Mail | None:
    """Say when access ends, unless it was extended or taken back meanwhile."""
    entitlement = db.session().get(Entitlement, args["entitlement_id"])
    if entitlement is None or entitlement.ends_at is None or entitlement.end_told_for != entitlement.ends_at:
        return None
    product = db.session().get_one(Product, entitlement.product_id)
    is_on_sale = product.state is ProductState.PUBLISHED
    with speaking(language):
        ends_on = day(entitlement.ends_at)
    product_url = absolute_url(product.path if is_on_sale else "/products", language)
    return _about(windows.ENDS_MAIL, args, language, ends_on=ends_on, product_url=product_url)


@mail(
    seats.MAIL,
    title=N_("A place of a team"),
    variables={
        "product": _PRODUCT,
        "holding_url": _HOLDING,
        "giver": Variable(N_("The address of who gives the place"), "anna@example.org"),
    },
)
def seat_given(args: dict[str, Any], language: str) -> Mail | None:
    """Say to whom a place was given where it is, and by whom."""
    entitlement = db.session().get(Entitlement, args["entitlement_id"])
    parent = db.session().get(Entitlement, entitlement.parent_id) if entitlement is not None else None
    return _about(seats.MAIL, args, language, giver=parent.email) if parent is not None else None


@mail(
    sharing.MAIL,
    title=N_("Asking whether it is them"),
    variables={
        "product": _PRODUCT,
        "confirm_url": Variable(N_("The page that confirms"), "/library/example/confirm", needed=True),
    },
)
def confirm_access(args: dict[str, Any], language: str) -> Mail | None:
    """Ask the buyer to confirm; nothing when that was done."""
    entitlement = db.session().get(Entitlement, args["entitlement_id"])
    if entitlement is None or entitlement.revoked_at is not None or entitlement.asked_at is None:
        return None
    product = db.session().get_one(Product, entitlement.product_id)
    return render_mail(
        sharing.MAIL,
        language,
        product=in_language(product, "title", language),
        confirm_url=absolute_url(sharing.confirm_path(entitlement), language),
    )


def _about(kind: str, args: dict[str, Any], language: str, **more: Fact) -> Mail | None:
    """Write a mail about something that its buyer still has."""
    entitlement = db.session().get(Entitlement, args["entitlement_id"])
    if entitlement is None or entitlement.revoked_at is not None:
        return None
    product = db.session().get_one(Product, entitlement.product_id)
    return render_mail(
        kind,
        language,
        product=in_language(product, "title", language),
        holding_url=absolute_url(f"/library/{entitlement.public_id}", language),
        **more,
    )
