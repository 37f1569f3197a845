"""Buyers: what each has, what they did with it, more time, places, taking away and giving again."""

from dataclasses import dataclass

from flask import Response, flash, request, url_for
from flask_babel import gettext
from sqlalchemy import Row, func, select
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.forms.access import ExtendForm
from storefront.admin.views.asking import words_asked
from storefront.catalog.models import Product
from storefront.core import db
from storefront.core.clock import datetime
from storefront.core.errors import N_
from storefront.fulfilment import access, seats, service, sharing, windows
from storefront.fulfilment.closing import close, reopen
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.seats import NoPlaceLeft, Team
from storefront.fulfilment.service import Holding
from storefront.fulfilment.team_views import addresses_of, language_asked, words_of_given
from storefront.orders.models import Order
from storefront.orders.service import moving
from storefront.web.access import owner_only
from storefront.web.language import NAMES
from storefront.web.pages import go, render_page

_BY_HAND = N_("by the owner")
_PAGE = 50
# No index helps to find a part of an address, so that the search goes back only so far.
_MOST_SEARCHED = 10_000
_MOST_HELD = 200


@dataclass(frozen=True, slots=True)
class Held:
    """One thing of a buyer as the owner sees it."""

    holding: Holding
    order_number: str
    team: Team | None
    given_by: str | None


@admin.get("/buyers")
@owner_only
def list_buyers() -> Response:
    """Show who has what, newest first; by a part of the address."""
    words, before_id = words_asked(), _before_asked()
    rows = _newest(words, before_id)
    return render_page(
        "admin/buyers/list.html",
        fragment="admin/buyers/_list.html",
        rows=rows[:_PAGE],
        words=words,
        next_url=url_for("admin.list_buyers", q=words or None, before=rows[_PAGE - 1].id)
        if len(rows) > _PAGE
        else None,
        most_searched=_MOST_SEARCHED,
    )


@admin.get("/buyers/<public_id>")
@owner_only
def show_buyer(public_id: str) -> Response:
    """Show everything that the buyer of this thing has, and what was done with it."""
    return _render(_get(public_id))


@admin.post("/buyers/<public_id>/end")
@owner_only
def extend_access(public_id: str) -> BaseResponse:
    """Give more time, or less, or for ever."""
    entitlement, form = _get(public_id), ExtendForm(request.form)
    if not form.validate():
        return _render(entitlement, error=str(form.until.errors[0]), status=422)
    try:
        with db.unit_of_work():
            windows.extend(entitlement.id, form.moment)
    except windows.EndsTooEarly as refusal:
        return _render(entitlement, error=gettext(refusal.sentence), status=422)
    flash(gettext("Saved."), "success")
    return _back(public_id)


@admin.post("/buyers/<public_id>/closing")
@owner_only
def close_access(public_id: str) -> BaseResponse:
    """Take one thing away, without sending money back; its places are closed with it."""
    found = _get(public_id)
    with db.unit_of_work():
        moving.lock(found.order_id)
        for entitlement in _with_seats(found.id):
            close(entitlement, _BY_HAND)
    flash(gettext("Closed. The buyer keeps the order, and you can open it again."), "success")
    return _back(public_id)


@admin.post("/buyers/<public_id>/opening")
@owner_only
def reopen_access(public_id: str) -> BaseResponse:
    """Give again what was taken away here; what was refunded stays closed."""
    found = _get(public_id)
    with db.unit_of_work():
        moving.lock(found.order_id)
        for entitlement in _with_seats(found.id):
            reopen(entitlement, _BY_HAND)
    flash(gettext("Open again."), "success")
    return _back(public_id)


@admin.post("/buyers/<public_id>/confirmation")
@owner_only
def confirm_buyer(public_id: str) -> BaseResponse:
    """Vouch for a buyer who was asked to confirm by mail."""
    found = _get(public_id)
    with db.unit_of_work():
        sharing.confirm(db.get_or_404(Entitlement, Entitlement.id == found.id, for_update=True))
    flash(gettext("Open again."), "success")
    return _back(public_id)


@admin.post("/buyers/<public_id>/places")
@owner_only
def give_places(public_id: str) -> BaseResponse:
    """Give places of a team in the buyer's stead."""
    entitlement, typed = _get(public_id), request.form.get("emails", "")[:20_000]
    emails, unreadable = addresses_of(typed)
    if unreadable or not emails:
        return _render(entitlement, error=gettext("Please enter e-mail addresses."), typed=typed, status=422)
    try:
        with db.unit_of_work():
            given = seats.give(public_id, emails, language_asked())
    except NoPlaceLeft as refusal:
        return _render(entitlement, error=gettext(refusal.sentence), typed=typed, status=422)
    flash(words_of_given(len(given)), "success")
    return _back(public_id)


@admin.post("/buyers/<public_id>/places/<seat_id>/removal")
@owner_only
def take_place_back(public_id: str, seat_id: str) -> BaseResponse:
    """Take a place back in the buyer's stead."""
    with db.unit_of_work():
        seats.take_back(public_id, seat_id)
    flash(gettext("The place is free again."), "success")
    return _back(public_id)


def _get(public_id: str) -> Entitlement:
    return db.get_or_404(Entitlement, Entitlement.public_id == public_id)


def _with_seats(entitlement_id: int) -> list[Entitlement]:
    """Return it and its seats as they are now, held until the unit ends."""
    statement = select(Entitlement).where(
        (Entitlement.id == entitlement_id) | (Entitlement.parent_id == entitlement_id)
    )
    held = statement.order_by(Entitlement.id).with_for_update().execution_options(populate_existing=True)
    return list(db.session().scalars(held))


def _newest(words: str, before_id: int | None) -> list[Row[tuple[int, str, str, str, datetime]]]:
    statement = (
        select(
            Entitlement.id, Entitlement.public_id, Entitlement.email, Product.title, Entitlement.granted_at
        )
        .join(Product, Product.id == Entitlement.product_id)
        .order_by(Entitlement.id.desc())
        .limit(_PAGE + 1)
    )
    if before_id is not None:
        statement = statement.where(Entitlement.id < before_id)
    if words:
        first = select(func.max(Entitlement.id) - _MOST_SEARCHED).scalar_subquery()
        statement = statement.where(
            Entitlement.id > first,
            Entitlement.email.icontains(words, autoescape=True),
        )
    return list(db.session().execute(statement))


def _held_by(entitlement: Entitlement) -> list[Held]:
    """Return all that the same mailbox or account has, newest first (7 queries)."""
    is_theirs = Entitlement.email == entitlement.email
    if entitlement.account_id is not None:
        is_theirs |= Entitlement.account_id == entitlement.account_id
    statement = select(Entitlement).where(is_theirs).order_by(Entitlement.id.desc()).limit(_MOST_HELD)
    holdings = service.read_holdings(statement)
    numbers = _numbers({holding.entitlement.order_id for holding in holdings})
    givers = _givers({holding.entitlement.parent_id for holding in holdings if holding.entitlement.parent_id})
    teams = seats.teams_of([holding.entitlement for holding in holdings if holding.has_places])
    return [
        Held(
            holding=holding,
            order_number=numbers[holding.entitlement.order_id],
            team=teams.get(holding.entitlement.id),
            given_by=givers.get(holding.entitlement.parent_id or 0),
        )
        for holding in holdings
    ]


def _numbers(order_ids: set[int]) -> dict[int, str]:
    rows = db.session().execute(select(Order.id, Order.number).where(Order.id.in_(order_ids)))
    return {row.id: row.number for row in rows}


def _givers(parent_ids: set[int]) -> dict[int, str]:
    rows = db.session().execute(
        select(Entitlement.id, Entitlement.email).where(Entitlement.id.in_(parent_ids))
    )
    return {row.id: row.email for row in rows}


def _before_asked() -> int | None:
    text = request.args.get("before", "")
    return min(int(text), HIGHEST_ID) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _back(public_id: str) -> BaseResponse:
    return go(url_for("admin.show_buyer", public_id=public_id))


def _render(entitlement: Entitlement, *, error: str = "", typed: str = "", status: int = 200) -> Response:
    held, before_id = _held_by(entitlement), _before_asked()
    ids = [one.holding.entitlement.id for one in held]
    notes = access.notes_of(*ids, before_id=before_id, limit=_PAGE + 1)
    here = url_for("admin.show_buyer", public_id=entitlement.public_id)
    return render_page(
        "admin/buyers/show.html",
        status=status,
        entitlement=entitlement,
        held=held,
        notes=notes[:_PAGE],
        next_url=f"{here}?before={notes[_PAGE - 1].id}" if len(notes) > _PAGE else None,
        error=error,
        typed=typed,
        languages=list(NAMES.items()),
        by_hand=_BY_HAND,
    )
