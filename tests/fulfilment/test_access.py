"""The access log and the guard against passing on: rough places, short memory, and a question instead of a lock."""

import re

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.fulfilment import access, seats
from storefront.fulfilment.models import AccessNote, Entitlement
from storefront.fulfilment.states import Deed
from storefront.notifications.models import Message
from storefront.notifications.rendering import find_renderer
from storefront.shop.service import get_profile
from tests.fulfilment.owning import Work, again, have, sell
from tests.house.test_queries import queries_of
from tests.selling import PASSWORD, path_of, send


def _note(app: Flask, entitlement: Entitlement, address: str, deed: Deed = Deed.STREAM) -> None:
    surroundings = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": "AntennaPod/3.4 (Linux)"}
    with app.test_request_context("/", environ_base=surroundings), db.unit_of_work():
        access.note(db.session().get_one(Entitlement, entitlement.id), deed, "Lesson 1")


def test_log_keeps_rough_places_only_once_in_minutes_and_not_for_ever(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, sell())
    for address in ("203.0.113.7", "203.0.113.200", "2001:db8:1:2::3", "::ffff:198.51.100.9"):
        _note(app, bought, address)
    db.close_reader()
    rows = db.session().scalars(select(AccessNote).order_by(AccessNote.id))
    assert [(row.place, row.agent) for row in rows] == [
        ("203.0.113.0/24", "AntennaPod"),
        ("2001:db8:1::/48", "AntennaPod"),
        ("198.51.100.0/24", "AntennaPod"),
    ]
    for page in (f"/library/{bought.public_id}/log", f"/zh/library/{bought.public_id}/log"):
        assert "203.0.113.0/24" in client.get(page).text
    assert "203.0.113.0/24" in owner_client.get(f"/admin/buyers/{bought.public_id}").text
    assert bought.email in owner_client.get("/admin/buyers?q=" + bought.email[:4].upper()).text
    with app.app_context(), time_machine.travel(now() + timedelta(days=91)):
        assert access.forget_old() == 3


def test_too_many_places_ask_the_buyer_once_and_the_link_opens_it_again(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, sell())
    with db.unit_of_work():
        get_profile().sharing_places = 3
    page = f"/library/{bought.public_id}"
    for number in range(3):
        _note(app, bought, f"198.51.{number}.1")
    assert client.get(page).status_code == 200
    for number in range(3, 6):
        _note(app, bought, f"198.51.{number}.1")
    asked = client.get(page)
    assert (asked.status_code, "Please confirm by mail" in asked.text) == (403, True)
    assert bought.email not in asked.text
    db.close_reader()
    (message,) = db.session().scalars(select(Message).where(Message.kind == "confirm_access"))
    renderer = find_renderer("confirm_access")
    with app.app_context():
        mail = renderer(message.args, "zh") if renderer else None
    assert mail is not None
    link = path_of(re.findall(r"http\S+/confirm/\S+", mail.text)[0])
    assert client.get(link.replace("confirm/", "confirm/x")).status_code == 404
    assert client.get(link).status_code == 200
    assert client.get(page).status_code == 403
    assert send(client, link).status_code == 303
    assert client.get(page).status_code == 200
    for number in range(6):
        _note(app, bought, f"198.51.{number}.1", Deed.LESSON)
    assert client.get(page).status_code == 200
    for number in range(6, 10):
        _note(app, bought, f"198.51.{number}.1")
    assert client.get(page).status_code == 403
    again_path = f"{page}/confirmation"
    assert [send(client, again_path, page=page).status_code for _ in range(4)] == [303, 303, 303, 429]
    there = f"/admin/buyers/{bought.public_id}"
    assert send(owner_client, f"{there}/confirmation", page=there).status_code == 303
    assert again(bought).asked_at is None


def test_pages_of_a_buyer_ask_equally_often_for_one_thing_and_for_three(
    client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    send(client, "/account/register", email="team@example.org", password=PASSWORD)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            bought = have(client, work, sell(), 2, email="team@example.org")
            with db.unit_of_work():
                seats.give(bought.public_id, ["ann@example.org"], "en")
            work()
        there = f"/admin/buyers/{bought.public_id}"
        counts.append([len(queries_of(*both)) for both in ((client, "/library"), (owner_client, there))])
    assert counts[0] == counts[1]
