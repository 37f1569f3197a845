"""The page of places: who bought several gives them to others and takes them back."""

import re

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.addresses import find_normal
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.core.settings import LANGUAGES
from storefront.fulfilment import seats
from storefront.fulfilment.seats import NoPlaceLeft
from storefront.fulfilment.service import Holding, get_kept_holding
from storefront.fulfilment.views import fulfilment
from storefront.web.access import public
from storefront.web.language import NAMES, current_language
from storefront.web.pages import go, render_page

# More at once is no longer typing.
_MOST = 200


@fulfilment.get("/library/<public_id>/places")
@public
def show_places(public_id: str) -> Response:
    """Show who has the places of what was bought several times."""
    return _render(_visit(public_id))


@fulfilment.post("/library/<public_id>/places")
@public
def give_places(public_id: str) -> BaseResponse:
    """Give places to the addresses that were typed, and tell their owners."""
    holding = _visit(public_id)
    typed = request.form.get("emails", "")[:20_000]
    emails, unreadable = addresses_of(typed)
    if unreadable or not emails:
        error = gettext("This is no e-mail address: %(word)s", word=unreadable[0][:100]) if unreadable else ""
        return _render(holding, typed, error or gettext("Please enter at least one e-mail address."))
    try:
        with unit_of_work():
            given = seats.give(public_id, emails, language_asked())
    except NoPlaceLeft as refusal:
        return _render(holding, typed, gettext(refusal.sentence))
    flash(words_of_given(len(given)), "success")
    return go(url_for("fulfilment.show_places", public_id=public_id))


@fulfilment.post("/library/<public_id>/places/<seat_id>/removal")
@public
def take_place_back(public_id: str, seat_id: str) -> BaseResponse:
    """Take a place back; what was behind it is closed at once."""
    _visit(public_id)
    with unit_of_work():
        seats.take_back(public_id, seat_id)
    flash(gettext("The place is free again."), "success")
    return go(url_for("fulfilment.show_places", public_id=public_id))


def addresses_of(text: str) -> tuple[list[str], list[str]]:
    """Return the e-mail addresses in a text, and the words in it that are none."""
    words = [word for word in re.split(r"[\s,;，；、]+", text) if word][:_MOST]
    found = [(word, find_normal(word)) for word in words]
    return [email for _, email in found if email], [word for word, email in found if not email]


def language_asked() -> str:
    """Return in which language those who get a place are told."""
    asked = request.form.get("language", "")
    return asked if asked in LANGUAGES else current_language()


def words_of_given(count: int) -> str:
    """Return what is said after places were given."""
    if not count:
        return str(gettext("They have a place already."))
    return str(
        ngettext(
            "Given. A mail with the link is on its way.",
            "%(num)s places given. Mails with the links are on their way.",
            count,
        )
    )


def _visit(public_id: str) -> Holding:
    holding = get_kept_holding(public_id)
    if not holding.has_places:
        raise NotFound
    return holding


def _render(holding: Holding, typed: str = "", error: str = "") -> Response:
    return render_page(
        "fulfilment/places.html",
        status=422 if error else 200,
        holding=holding,
        team=seats.team_of(holding.entitlement),
        typed=typed,
        error=error,
        languages=list(NAMES.items()),
    )
