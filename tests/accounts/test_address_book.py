"""The address book: fields follow the country, one is the usual one, and nobody sees somebody else's."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.accounts.models import SavedAddress
from storefront.core import db
from tests.admin.desk import Desk, errors_of, words_of
from tests.selling import ADDRESS, send

NEW = "/account/addresses/new"


def registered(app: Flask, email: str) -> Desk:
    client = app.test_client()
    assert send(client, "/account/register", email=email, password="a quiet garden wall").status_code == 303
    return Desk(client)


def saved() -> list[SavedAddress]:
    db.close_reader()
    return list(db.session().scalars(select(SavedAddress).order_by(SavedAddress.id)))


def test_customer_saves_changes_chooses_and_removes_addresses(app: Flask, client: FlaskClient) -> None:
    mei = registered(app, "mei@example.org")
    assert "No addresses yet" in words_of(mei.open("/account/addresses"))
    for line in ("Lindenweg 3", "Am Markt 1"):
        assert mei.send(NEW, **{**ADDRESS, "line1": line}).status_code == 303
    mei.send(NEW, **{**ADDRESS, "line1": "Am Markt 1"})
    first, second = saved()
    assert (first.is_default, second.is_default) == (True, False), "the same address twice is one"

    here = f"/account/addresses/{second.public_id}"
    mei.send(here, city="Weimar")
    mei.send(f"{here}/default", page="/account/addresses")
    assert [(one.city, one.is_default) for one in saved()] == [("Jena", False), ("Weimar", True)]

    ben = registered(app, "ben@example.org")
    token = ben.form(NEW)
    for path in (here, f"{here}/default", f"{here}/removal"):
        assert ben.client.post(path, data={**token, **ADDRESS}).status_code == 404
    ben.open(here, status=404)

    mei.send(f"{here}/removal", page="/account/addresses")
    assert [one.is_default for one in saved()] == [True]


def test_fields_follow_the_country_and_each_mistake_stands_at_its_field(app: Flask) -> None:
    mei = registered(app, "mei@example.org")
    american = mei.open(f"{NEW}?country=US").text
    assert "ZIP code" in american
    assert '<option value="HI">Hawaii</option>' in american
    wrong = mei.send(
        NEW, page=f"{NEW}?country=US", name="Ann", line1="1 Main St", state="XX", postal_code="12"
    )
    assert wrong.status_code == 422
    assert errors_of(wrong) == {
        "city": "Please fill in: City.",
        "state": "Please choose from the list.",
        "postal_code": "Please enter it as in 95014.",
    }
    drawn = mei.client.post(f"{NEW}?show=1", data={**mei.form(NEW), "country": "CN", "name": "王梅"})
    assert (drawn.status_code, "王梅" in drawn.text, "Province" in drawn.text) == (200, True, True)
    assert saved() == []
