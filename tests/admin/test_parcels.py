"""The owner's screens for parcels: zones and prices, what is to ship, slips, numbers."""

from sqlalchemy import select

from storefront.core import db
from storefront.orders.models import Order
from storefront.parcels.models import Shipment
from storefront.parcels.states import ShipmentState
from storefront.shipping.models import PickupPlace, RateStep, ShippingMethod, ShippingRules, ZonePlace
from tests.admin.desk import Desk, errors_of, words_of
from tests.admin.ordering import make_order
from tests.selling import make_product

ZONE = "/admin/shipping/zones/new"


def posters(count: int = 1) -> list[Order]:
    """Return so many paid orders of a poster."""
    with db.unit_of_work():
        product = make_product("Poster", requires_shipping=True, content=None)
        found = [make_order(product) for _ in range(count)]
        for order in found:
            order.shipping_address = {
                "name": "Anna Berg",
                "line1": "Lindenweg 3",
                "city": "Jena",
                "country": "DE",
            }
        found[-1].language = "zh"
    return found


def shipments() -> list[Shipment]:
    db.close_reader()
    return list(db.session().scalars(select(Shipment).order_by(Shipment.id)))


def test_owner_says_where_parcels_go_and_what_that_costs(desk: Desk) -> None:
    assert errors_of(desk.send(ZONE, name="North", places="Narnia")) == {
        "places": "There is no country or region called Narnia."
    }
    price = desk.send(ZONE, name="Home", places="Germany, AT").headers["Location"]
    assert errors_of(desk.send(ZONE, name="Again", places="DE")) == {
        "places": "One of these places is in another zone already."
    }
    steps = {"steps-0-up_to": "2 kg", "steps-0-price": "4.90", "steps-1-up_to": "", "steps-1-price": "9,90"}
    wrong = desk.send(price, title="Parcel", **{**steps, "steps-0-up_to": "many"}, days_min="3", days_max="1")
    assert set(errors_of(wrong)) == {"days_max"}
    desk.press(price, price, title="Parcel", **steps, free_from="50", days_min="1", days_max="3")
    db.close_reader()
    method = db.session().scalars(select(ShippingMethod)).one()
    assert (method.title, method.free_from_amount, method.days_max) == ("Parcel", 5000, 3)
    found = db.session().execute(select(RateStep.up_to, RateStep.amount).order_by(RateStep.position))
    assert [tuple(row) for row in found] == [(2000, 490), (None, 990)]
    here = f"{price.removesuffix('new')}{method.public_id}"
    assert (desk.form(here)["steps-0-up_to"], desk.form(here)["steps-0-price"]) == ("2000", "4.90")
    desk.press(here, here, **{"steps-1-price": ""})
    assert "Parcel €4.90" in words_of(desk.open("/admin/shipping"))
    zone = price.rpartition("/methods")[0]
    desk.press(f"{zone}/removal", f"{zone}/removal")
    db.close_reader()
    assert db.session().scalars(select(ZonePlace)).all() == []


def test_owner_keeps_places_to_pick_things_up_and_rules(desk: Desk) -> None:
    new = "/admin/shipping/pickup/new"
    desk.press(new, new, title="Workshop", place="Kade 12", opening="Saturdays")
    db.close_reader()
    place = db.session().scalars(select(PickupPlace)).one()
    here = f"/admin/shipping/pickup/{place.public_id}"
    desk.press(here, here, title_zh="作坊")
    desk.press(
        "/admin/shipping/rules",
        "/admin/shipping",
        sender="Kade 12",
        return_days="30",
        delivered_after_days="0",
    )
    db.close_reader()
    rules = db.session().scalars(select(ShippingRules)).one()
    assert (rules.return_days, rules.delivered_after_days, rules.sender) == (30, 0, "Kade 12")
    bad = desk.send("/admin/shipping/rules", "/admin/shipping", return_days="400")
    assert errors_of(bad) == {"return_days": "Please enter a number of days from 0 to 365."}
    desk.press(f"{here}/removal", here)
    assert "作坊" not in desk.open("/admin/shipping").text


def test_many_orders_are_packed_and_sent_at_once_and_once_only(desk: Desk) -> None:
    one, two = posters(2)
    needs = words_of(desk.open("/admin"))
    assert "2 orders wait to be shipped." in needs
    assert "Nobody can order what has to be sent" in needs
    fields = desk.form("/admin/parcels", "/admin/parcels/sent")
    ticked = {**fields.to_dict(), "order": [one.number, two.number], f"tracking-{one.number}": "RX 1234"}
    slips = desk.client.post("/admin/parcels/sent", data={**ticked, "slips": "1"}).headers["Location"]
    page = desk.open(slips).text
    assert ("Packing slip" in page, "装箱单" in page, "€19.00" in page) == (True, True, False)
    assert "€19.00" in desk.open(f"{slips}&prices=1").text
    for _ in range(2):
        desk.client.post("/admin/parcels/sent", data={**ticked, "carrier": "royal_mail"})
    assert [(one.tracking_number, one.carrier) for one in shipments()] == [
        ("RX 1234", "royal_mail"),
        ("", "royal_mail"),
    ]
    assert "Nothing to ship" in words_of(desk.open("/admin/parcels"))
    assert "Please tick some orders first." in words_of(
        desk.open(desk.client.post("/admin/parcels/sent", data=fields).headers["Location"])
    )


def test_parcel_is_sent_corrected_delivered_or_taken_back(desk: Desk) -> None:
    (order,) = posters()
    page, new = f"/admin/orders/{order.number}", f"/admin/orders/{order.number}/shipment"
    line = f"pieces-{order.lines[0].id}"
    assert errors_of(desk.send(new, **{line: "0"})) == {}
    assert desk.send(new, **{line: "2"}).status_code == 409
    assert errors_of(desk.send(new, link="http://post.example", number="<x>")) == {
        "link": "Please enter an address that begins with https://.",
        "number": "Please enter letters and digits only.",
    }
    desk.press(new, new, number="123456", carrier="gls")
    (shipment,) = shipments()
    here = f"/admin/shipments/{shipment.public_id}"
    desk.press(here, here, number="123457")
    desk.press(f"{here}/removal", f"{here}/removal")
    assert shipments()[0].state is ShipmentState.CANCELLED
    desk.press(new, new)
    latest = shipments()[-1].public_id
    desk.press(f"/admin/shipments/{latest}/delivery", page)
    assert shipments()[-1].state is ShipmentState.DELIVERED
    assert "Parcel 2: Delivered" in words_of(desk.open(page))


def test_unpaid_order_is_not_sent(desk: Desk) -> None:
    with db.unit_of_work():
        unpaid = make_order(make_product(requires_shipping=True, content=None), paid=False)
    desk.open(f"/admin/orders/{unpaid.number}/shipment", status=409)
    assert "Nothing to ship" in words_of(desk.open("/admin/parcels"))
