"""Whatever is behind the door of another buyer stays there, at every address that the shop has."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.fulfilment import service
from storefront.fulfilment.models import Entitlement
from storefront.orders.service import moving
from tests.fulfilment.owning import Work
from tests.house.walking import furnish, routes
from tests.selling import PASSWORD, send, token_of

OF_BUYERS = re.compile(r"(?:/\w\w)?/(?:library|downloads|feeds/x)/")


def test_no_address_of_another_buyers_things_opens(app: Flask, client: FlaskClient, work: Work) -> None:
    send(client, "/account/register", email="anna@example.org", password=PASSWORD)
    things = furnish(client, work)
    stranger = app.test_client()
    send(stranger, "/account/register", email="other@example.org", password=PASSWORD)
    token = token_of(stranger.get("/account"))
    walked = [
        (method, path)
        for _, method, path in routes(app, "GET", "POST", things=things)
        if OF_BUYERS.match(path) and path != "/library"
    ]
    assert len(walked) > 15
    for method, path in walked:
        data = {"csrf_token": token} if method == "POST" else None
        assert stranger.open(path, method=method, data=data).status_code == 404, (method, path)
        data = {"csrf_token": token_of(app.test_client().get("/account/login"))} if data else None
        nobody = app.test_client().open(path, method=method, data=data)
        where = nobody.headers.get("Location", "")
        assert nobody.status_code in (400, 404) or where.startswith("/account/login"), (method, path)
    assert client.get(f"/library/{things['entitlement']}").status_code == 200


def test_refund_closes_every_address_of_what_was_bought(app: Flask, client: FlaskClient, work: Work) -> None:
    things = furnish(client, work)
    token = token_of(client.get("/account/login"))
    with db.unit_of_work():
        service.revoke(moving.lock(db.session().scalars(select(Entitlement.order_id)).one()), "refunded")
    for _, method, path in routes(app, "GET", "POST", things=things):
        if OF_BUYERS.match(path) and "/archive" not in path:
            data = {"csrf_token": token} if method == "POST" else None
            assert client.open(path, method=method, data=data).status_code == 404, (method, path)
