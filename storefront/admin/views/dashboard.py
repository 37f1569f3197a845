"""The first page: what needs the owner, what is still to be set up, how it goes."""

from dataclasses import dataclass

from flask import Response, url_for
from flask_babel import gettext, ngettext

from storefront.admin import queries
from storefront.admin.blueprint import admin
from storefront.checkout import doctor
from storefront.jobs import service as jobs
from storefront.notifications.service import count_failed
from storefront.orders.queries import count_attention, list_orders
from storefront.parcels import queries as parcels
from storefront.parcels import returning
from storefront.shipping import service as shipping
from storefront.shop.models import DEFAULT_NAME, ShopProfile
from storefront.shop.service import currency, get_profile
from storefront.web.access import owner_only
from storefront.web.pages import render_page
from storefront.web.setup import settings

_LATEST = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps of a shop: whether it is done, and where to do it."""

    name: str
    title: str
    hint: str
    is_done: bool
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for the owner, in words, and where it is."""

    text: str
    href: str


@admin.get("")
@owner_only
def dashboard() -> Response:
    """Show the first page."""
    return render_page(
        "admin/dashboard.html",
        needs=_needs(),
        steps=first_steps(get_profile()),
        takings=queries.takings(currency()),
        orders=list_orders(size=_LATEST).orders,
    )


def first_steps(profile: ShopProfile) -> list[Step]:
    """Return what makes a shop ready, in order."""
    used = settings()
    return [
        Step(
            "name",
            gettext("Name your shop"),
            gettext("People see it on every page and in every mail."),
            profile.name != DEFAULT_NAME,
            url_for("admin.settings"),
        ),
        Step(
            "product",
            gettext("Publish a product"),
            gettext("A draft is only for you; customers see it when you publish it."),
            queries.has_published(),
            url_for("admin.list_products"),
        ),
        Step(
            "payment",
            gettext("Take real money"),
            gettext("Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS. Until then payments are pretend."),
            not used.is_practice,
        ),
        Step(
            "mail",
            gettext("Send real mail"),
            gettext("Set MAIL_URL. Until then mails are kept in the outbox, where you can read them."),
            not used.mail_url.startswith("file:"),
            url_for("admin.list_messages"),
        ),
        Step(
            "backup",
            gettext("Have a backup"),
            gettext("Copy the var folder and the database to another place every day."),
            profile.backup_noted_at is not None,
        ),
    ]


def _needs() -> list[Need]:
    """Return what waits for the owner, most urgent first."""
    found = []
    broken = doctor.remembered()
    if broken:
        text = gettext("The doctor found something wrong: %(sentence)s", sentence=gettext(broken[0].sentence))
        found.append(Need(text, url_for("admin.health")))
    if not jobs.is_worker_alive():
        found.append(Need(gettext("No worker is running: orders and mails wait."), url_for("admin.health")))
    attention = count_attention()
    if attention:
        text = ngettext(
            "%(num)s order needs your attention.", "%(num)s orders need your attention.", attention
        )
        found.append(Need(text, url_for("admin.list_orders", attention=1)))
    found += _parcel_needs()
    resting = jobs.count_resting()
    if resting:
        text = ngettext("%(num)s piece of work gave up.", "%(num)s pieces of work gave up.", resting)
        found.append(Need(text, url_for("admin.list_jobs")))
    failed = count_failed()
    if failed:
        text = ngettext(
            "%(num)s mail could not be delivered.", "%(num)s mails could not be delivered.", failed
        )
        found.append(Need(text, url_for("admin.list_messages", state="failed")))
    return found


def _parcel_needs() -> list[Need]:
    """Return what waits to be sent or answered, and whether anything can be sent at all."""
    found = []
    to_ship = parcels.count_to_ship()
    if to_ship:
        text = ngettext("%(num)s order waits to be shipped.", "%(num)s orders wait to be shipped.", to_ship)
        found.append(Need(text, url_for("admin.list_to_ship")))
    returns = returning.count_waiting()
    if returns:
        text = ngettext("%(num)s return waits for you.", "%(num)s returns wait for you.", returns)
        found.append(Need(text, url_for("admin.list_returns")))
    if queries.sells_parcels() and not shipping.is_set_up():
        text = gettext("Nobody can order what has to be sent: say where you send it and for how much.")
        found.append(Need(text, url_for("admin.shipping_page")))
    return found
