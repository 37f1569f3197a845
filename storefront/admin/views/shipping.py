"""Where parcels go and what that costs, where things are picked up, and the rules for parcels and returns."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.shipping import (
    MethodForm,
    PickupForm,
    RulesForm,
    ZoneForm,
    method_form,
    pickup_form,
    rules_form,
    zone_form,
)
from storefront.admin.views.asking import ask
from storefront.catalog.service.mistakes import InvalidField
from storefront.core.db import unit_of_work
from storefront.parcels import returning
from storefront.shipping import service as shipping
from storefront.shipping import zoning
from storefront.shipping.models import PickupPlace, ShippingMethod, ShippingZone
from storefront.shop.service import currencies
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/shipping")
@owner_only
def shipping_page() -> Response:
    """Show zones with what they cost, places to pick things up, and the rules."""
    return _overview(rules_form(shipping.rules()))


@admin.post("/shipping/rules")
@owner_only
def save_shipping_rules() -> BaseResponse:
    """Save what holds for all parcels."""
    form = rules_form(shipping.rules(), request.form)
    if not form.validate():
        return _overview(form, status=422)
    with unit_of_work():
        zoning.save_rules(*form.wanted())
    return _saved()


@admin.get("/shipping/zones/new")
@owner_only
def new_zone() -> Response:
    """Ask for a zone."""
    return _zone_page(None, zone_form(None))


@admin.post("/shipping/zones/new")
@owner_only
def add_zone() -> BaseResponse:
    """Make a zone; its prices are entered next."""
    form = zone_form(None, request.form)
    if not form.validate():
        return _zone_page(None, form, status=422)
    try:
        with unit_of_work():
            zone = zoning.save_zone(None, form.name.data, form.named_places())
    except InvalidField as error:
        form.refuse(error)
        return _zone_page(None, form, status=422)
    flash(gettext("The zone is there. Now say what sending there costs."), "success")
    return go(url_for("admin.new_method", zone_id=zone.public_id))


@admin.get("/shipping/zones/<zone_id>")
@owner_only
def edit_zone(zone_id: str) -> Response:
    """Show a zone, to be changed."""
    zone = zoning.get_zone(zone_id)
    return _zone_page(zone, zone_form(zone))


@admin.post("/shipping/zones/<zone_id>")
@owner_only
def save_zone(zone_id: str) -> BaseResponse:
    """Save a zone."""
    zone = zoning.get_zone(zone_id)
    form = zone_form(zone, request.form)
    if not form.validate():
        return _zone_page(zone, form, status=422)
    try:
        with unit_of_work():
            zoning.save_zone(zoning.get_zone(zone_id), form.name.data, form.named_places())
    except InvalidField as error:
        form.refuse(error)
        return _zone_page(zone, form, status=422)
    return _saved()


@admin.get("/shipping/zones/<zone_id>/removal")
@owner_only
def ask_to_remove_zone(zone_id: str) -> Response:
    """Ask before a zone is deleted."""
    zone = zoning.get_zone(zone_id)
    return ask(
        gettext("Delete the zone %(name)s?", name=zone.name),
        gettext("Nothing is sent there any more. Orders that were placed stay as they are."),
        action=url_for("admin.remove_zone", zone_id=zone_id),
        button=gettext("Delete %(title)s", title=zone.name),
        back=url_for("admin.edit_zone", zone_id=zone_id),
    )


@admin.post("/shipping/zones/<zone_id>/removal")
@owner_only
def remove_zone(zone_id: str) -> BaseResponse:
    """Delete a zone."""
    with unit_of_work():
        zoning.remove_zone(zoning.get_zone(zone_id))
    flash(gettext("The zone is deleted."), "success")
    return go(url_for("admin.shipping_page"))


@admin.get("/shipping/zones/<zone_id>/methods/new")
@owner_only
def new_method(zone_id: str) -> Response:
    """Ask for a way of sending."""
    return _method_page(zoning.get_zone(zone_id), None, method_form(None, currencies()))


@admin.post("/shipping/zones/<zone_id>/methods/new")
@owner_only
def add_method(zone_id: str) -> BaseResponse:
    """Add a way of sending."""
    return _save_method(zoning.get_zone(zone_id), None)


@admin.get("/shipping/zones/<zone_id>/methods/<method_id>")
@owner_only
def edit_method(zone_id: str, method_id: str) -> Response:
    """Show a way of sending, to be changed."""
    zone = zoning.get_zone(zone_id)
    method = zoning.get_method(zone, method_id)
    return _method_page(zone, method, method_form(method, currencies()))


@admin.post("/shipping/zones/<zone_id>/methods/<method_id>")
@owner_only
def save_method(zone_id: str, method_id: str) -> BaseResponse:
    """Save a way of sending."""
    zone = zoning.get_zone(zone_id)
    return _save_method(zone, zoning.get_method(zone, method_id))


@admin.post("/shipping/zones/<zone_id>/methods/<method_id>/removal")
@owner_only
def remove_method(zone_id: str, method_id: str) -> BaseResponse:
    """Delete a way of sending."""
    with unit_of_work():
        zone = zoning.get_zone(zone_id)
        zoning.remove_method(zone, zoning.get_method(zone, method_id))
    flash(gettext("Removed."), "success")
    return go(url_for("admin.edit_zone", zone_id=zone_id))


@admin.get("/shipping/pickup/new")
@owner_only
def new_pickup_place() -> Response:
    """Ask for a place to pick things up."""
    return _pickup_page(None, pickup_form(None))


@admin.post("/shipping/pickup/new")
@owner_only
def add_pickup_place() -> BaseResponse:
    """Add a place to pick things up."""
    return _save_pickup_place(None)


@admin.get("/shipping/pickup/<place_id>")
@owner_only
def edit_pickup_place(place_id: str) -> Response:
    """Show a place to pick things up, to be changed."""
    place = zoning.get_pickup_place(place_id)
    return _pickup_page(place, pickup_form(place))


@admin.post("/shipping/pickup/<place_id>")
@owner_only
def save_pickup_place(place_id: str) -> BaseResponse:
    """Save a place to pick things up."""
    return _save_pickup_place(zoning.get_pickup_place(place_id))


@admin.post("/shipping/pickup/<place_id>/removal")
@owner_only
def remove_pickup_place(place_id: str) -> BaseResponse:
    """Delete a place to pick things up."""
    with unit_of_work():
        zoning.remove_pickup_place(zoning.get_pickup_place(place_id))
    flash(gettext("Removed."), "success")
    return go(url_for("admin.shipping_page"))


def _save_method(zone: ShippingZone, method: ShippingMethod | None) -> BaseResponse:
    form = method_form(method, currencies(), request.form)
    if not form.validate():
        return _method_page(zone, method, form, status=422)
    try:
        with unit_of_work():
            held = zoning.get_zone(zone.public_id)
            known = zoning.get_method(held, method.public_id) if method else None
            zoning.save_method(held, known, form.wanted())
    except InvalidField as error:
        form.refuse(error)
        return _method_page(zone, method, form, status=422)
    return _saved()


def _save_pickup_place(place: PickupPlace | None) -> BaseResponse:
    form = pickup_form(place, request.form)
    if not form.validate():
        return _pickup_page(place, form, status=422)
    with unit_of_work():
        held = zoning.get_pickup_place(place.public_id) if place else None
        zoning.save_pickup_place(held, form.wanted())
    return _saved()


def _saved() -> BaseResponse:
    flash(gettext("Saved."), "success")
    return go(url_for("admin.shipping_page"))


def _overview(form: RulesForm, *, status: int = 200) -> Response:
    return render_page(
        "admin/shipping/show.html",
        zones=zoning.list_zones(),
        pickup_places=zoning.list_pickup_places(),
        place_name=zoning.place_name,
        returns_waiting=returning.count_waiting(),
        form=form,
        status=status,
    )


def _zone_page(zone: ShippingZone | None, form: ZoneForm, *, status: int = 200) -> Response:
    return render_page("admin/shipping/zone.html", zone=zone, form=form, status=status)


def _method_page(
    zone: ShippingZone, method: ShippingMethod | None, form: MethodForm, *, status: int = 200
) -> Response:
    return render_page("admin/shipping/method.html", zone=zone, method=method, form=form, status=status)


def _pickup_page(place: PickupPlace | None, form: PickupForm, *, status: int = 200) -> Response:
    return render_page("admin/shipping/pickup.html", place=place, form=form, status=status)
