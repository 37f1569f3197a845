"""A buyer's licence keys: where they are in use, freeing a seat, replacing a leaked key, the signed file."""

import json

from flask import Blueprint, Response, flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.fulfilment import service as fulfilment
from storefront.fulfilment.access import note
from storefront.fulfilment.models import KeyState
from storefront.fulfilment.states import Deed
from storefront.licensing import activating, replacing, signing
from storefront.licensing.showing import KeyView, keys_of
from storefront.web.access import public
from storefront.web.pages import go, render_page

licensing = Blueprint("licensing", __name__)


@licensing.get("/library/<public_id>/keys")
@public
def show_keys(public_id: str) -> Response:
    """Show the keys of one thing that was bought, to whoever knows its unguessable address."""
    holding = fulfilment.get_holding(public_id)
    keys = keys_of(holding)
    if not keys:
        raise NotFound
    return render_page("licensing/show_keys.html", holding=holding, keys=keys)


@licensing.post("/library/<public_id>/keys/<key_id>/seats/<activation_id>/release")
@public
def free_seat(public_id: str, key_id: str, activation_id: str) -> BaseResponse:
    """Free a seat, for a machine that is lost or sold."""
    holding = fulfilment.get_holding(public_id)
    with unit_of_work():
        key = activating.get_key(key_id, entitlement_id=holding.entitlement.id)
        activating.free_seat(key, holding.entitlement, activation_id)
    flash(gettext("It is free. You can activate the key somewhere else."), "success")
    return go(_page(public_id))


@licensing.get("/library/<public_id>/keys/<key_id>/replacement")
@public
def ask_to_replace(public_id: str, key_id: str) -> Response:
    """Ask before a key is burnt."""
    holding, view = _find(public_id, key_id)
    return render_page("licensing/replace.html", holding=holding, view=view, most=replacing.MOST_A_DAY)


@licensing.post("/library/<public_id>/keys/<key_id>/replacement")
@public
def replace(public_id: str, key_id: str) -> BaseResponse:
    """Burn a key that others have seen, and give another."""
    holding = fulfilment.get_holding(public_id)
    with unit_of_work():
        replacing.replace(holding.entitlement, key_id)
        note(holding.entitlement, Deed.KEY)
    flash(gettext("Here is your new key. The old one does not count any more."), "success")
    return go(_page(public_id))


@licensing.post("/library/<public_id>/keys/<key_id>/file")
@public
def give_file(public_id: str, key_id: str) -> BaseResponse:
    """Give the signed licence file of a key, which an application checks without a network."""
    holding, view = _find(public_id, key_id)
    if view.key.state is not KeyState.ACTIVE:
        raise NotFound
    with unit_of_work():
        file = signing.licence_file(view.key, holding.entitlement, holding.product)
        note(holding.entitlement, Deed.KEY, view.content.title)
    answer = Response(json.dumps(file, indent=2) + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{holding.product.slug}.licence.json"'
    return answer


def _find(public_id: str, key_id: str) -> tuple[fulfilment.Holding, KeyView]:
    holding = fulfilment.get_holding(public_id)
    view = next((one for one in keys_of(holding) if one.key.public_id == key_id), None)
    if view is None:
        raise NotFound
    return holding, view


def _page(public_id: str) -> str:
    return url_for("licensing.show_keys", public_id=public_id)
