"""The library: found by words and kind, put aside and taken back, and only one's own."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.states import ProductKind
from storefront.core import db
from storefront.fulfilment.models import Entitlement
from tests.selling import BUYER, PASSWORD, Till, check_out, make_product, path_of, put_into_cart, send


def _buy(client: FlaskClient, till: Till, work: Callable[[], int], title: str, kind: ProductKind) -> None:
    with db.unit_of_work():
        product = make_product(title, kind=kind)
    put_into_cart(client, product)
    client.get(path_of(till.pay(check_out(client).headers["Location"])))
    work()


def test_library_is_searched_filtered_and_tidied(
    client: FlaskClient, till: Till, work: Callable[[], int]
) -> None:
    send(client, "/account/register", email=BUYER, password=PASSWORD)
    _buy(client, till, work, "Quiet lines", ProductKind.COURSE)
    _buy(client, till, work, "Loud letters", ProductKind.DOWNLOAD)
    assert "Quiet lines" in client.get("/library?q=quiet").text
    assert "Loud letters" not in client.get("/library?q=quiet").text
    assert "Quiet lines" not in client.get("/library?kind=download").text
    assert "Nothing found" in client.get("/library?q=nobody").text
    entitlement = db.session().scalars(select(Entitlement).order_by(Entitlement.id)).first()
    assert entitlement is not None
    archive = f"/library/{entitlement.public_id}/archive"
    assert send(client, archive, page="/library").status_code == 303
    assert "Quiet lines" not in client.get("/library").text.split("</form>", 1)[1]
    assert "Quiet lines" in client.get("/library?archive=1").text
    send(client, archive, page="/library", back="1")
    assert "Quiet lines" in client.get("/library").text


def test_things_of_others_cannot_be_put_aside(
    app: object, client: FlaskClient, till: Till, work: Callable[[], int]
) -> None:
    send(client, "/account/register", email=BUYER, password=PASSWORD)
    _buy(client, till, work, "Quiet lines", ProductKind.COURSE)
    entitlement = db.session().scalars(select(Entitlement)).one()
    stranger = client.application.test_client()
    send(stranger, "/account/register", email="other@example.org", password=PASSWORD)
    answer = send(stranger, f"/library/{entitlement.public_id}/archive", page="/account")
    assert answer.status_code == 404
