"""Places for a team: as many as were bought, whoever clicks how often, and none after a refund."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.states import ContentKind
from storefront.checkout.readdressing import change_email
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.fulfilment import seats, service
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.notifications.models import Message
from storefront.orders.service import moving
from tests.checkout.buying import complaints
from tests.fulfilment.owning import Work, again, have, seats_of, sell
from tests.selling import PASSWORD, send, token_of


def _give(entitlement: Entitlement, *names: str) -> list[str]:
    with db.unit_of_work():
        return seats.give(entitlement.public_id, [f"{name}@example.org" for name in names], "en")


def _keys(entitlement: Entitlement) -> list[str]:
    db.close_reader()
    statement = select(LicenceKey.key).where(
        LicenceKey.entitlement_id == entitlement.id, LicenceKey.state == KeyState.ACTIVE
    )
    return list(db.session().scalars(statement.order_by(LicenceKey.position)))


def test_parallel_clicks_never_give_away_more_than_was_bought(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, sell(), 3)

    def click(name: str) -> int:
        def give() -> int:
            try:
                return len(_give(bought, name))
            except seats.NoPlaceLeft:
                return 0

        with app.app_context():
            return db.again_on_conflict(give)

    names = ["ann", "ben", "cai", "dan", "eva", "ann", "ben", "cai"]
    with ThreadPoolExecutor(len(names)) as pool:
        given = sum(pool.map(click, names))
    open_ones = [seat for seat in seats_of(bought) if seat.taken_back_at is None]
    assert (given, len(open_ones), len({seat.email for seat in open_ones})) == (3, 3, 3)
    assert sorted(seat.seat_position or 0 for seat in open_ones) == [0, 1, 2]
    work()
    db.close_reader()
    told = list(db.session().scalars(select(Message.recipient).where(Message.kind == seats.MAIL)))
    assert sorted(told) == sorted(seat.email for seat in open_ones)
    assert complaints() == {}


def test_each_place_has_its_own_door_and_key_and_a_place_taken_back_has_none(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, sell(content=ContentKind.LICENCE), 2)
    before = _keys(bought)
    with app.app_context():
        assert _give(bought, "ann") == ["ann@example.org"]
        assert _give(bought, "ann") == []
        work()
        (ann,) = seats_of(bought)
        assert (_keys(bought), _keys(ann)) == (before[:1], before[1:])
        assert client.get(f"/library/{ann.public_id}").status_code == 200
        with pytest.raises(seats.NoPlaceLeft):
            _give(bought, "ben", "cai")
        for _ in range(2):
            with db.unit_of_work():
                seats.take_back(bought.public_id, ann.public_id)
        work()
        assert client.get(f"/library/{ann.public_id}").status_code == 404
        assert (len(_keys(bought)), _keys(ann)) == (2, [])
        assert before[1] not in _keys(bought)
        assert _give(bought, "ben", "cai") == ["ben@example.org", "cai@example.org"]
        work()
        assert client.get(f"/library/{bought.public_id}").status_code == 403
        assert [len(_keys(one)) for one in (bought, *seats_of(bought))] == [0, 0, 1, 1]
        assert complaints() == {}


def test_refund_of_a_line_closes_its_places_and_other_reasons_keep_them_closed(
    app: Flask, client: FlaskClient, work: Work
) -> None:
    bought = have(client, work, sell(content=ContentKind.LICENCE), 2)
    with app.app_context():
        _give(bought, "ann")
        work()
        (ann,) = seats_of(bought)
        with db.unit_of_work():
            change_email(bought.order_id, "new@example.org")
        assert [again(one).email for one in (bought, ann)] == ["new@example.org", "ann@example.org"]
        with db.unit_of_work():
            order = moving.lock(bought.order_id)
            service.revoke(order, "disputed")
            service.revoke_line(bought.order_line_id, "line refunded")
            service.restore(order, "disputed")
        assert (again(bought).revoked_reason, again(ann).revoked_reason) == ("line refunded", "line refunded")
        assert (_keys(bought), _keys(ann)) == ([], [])
        assert {client.get(f"/library/{one.public_id}").status_code for one in (bought, ann)} == {404}
        with pytest.raises(NotFound):
            _give(bought, "ben")
        with db.unit_of_work():
            moving.lock(bought.order_id)
            service.restore_line(bought.order_line_id, "line refunded")
        assert (len(_keys(bought)), len(_keys(ann))) == (1, 1)
        assert {client.get(f"/library/{one.public_id}").status_code for one in (bought, ann)} == {200}


def test_buyer_and_owner_give_and_take_by_the_page_and_strangers_do_not(
    app: Flask, client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    send(client, "/account/register", email="team@example.org", password=PASSWORD)
    bought = have(client, work, sell(), 3, email="team@example.org")
    page = f"/library/{bought.public_id}/places"
    refused = send(client, page, emails="ann@example.org, nonsense")
    assert (refused.status_code, "nonsense" in refused.text) == (422, True)
    assert send(client, page, emails="ann@example.org", language="zh").status_code == 303
    (ann,) = seats_of(bought)
    assert (ann.email, ann.language) == ("ann@example.org", "zh")
    stranger = app.test_client()
    send(stranger, "/account/register", email="other@example.org", password=PASSWORD)
    assert stranger.get(page).status_code == 404
    token = token_of(stranger.get("/account"))
    for path in (page, f"{page}/{ann.public_id}/removal"):
        assert stranger.post(path, data={"csrf_token": token, "emails": "x@example.org"}).status_code == 404
    there = f"/admin/buyers/{bought.public_id}"
    assert send(owner_client, f"{there}/places", page=there, emails="ben@example.org").status_code == 303
    assert "ben@example.org" in client.get(page).text
    removal = f"{there}/places/{ann.public_id}/removal"
    assert send(owner_client, removal, page=there).status_code == 303
    assert "ann@example.org" not in client.get(page).text
    assert send(owner_client, f"{there}/closing", page=there).status_code == 303
    assert {one.revoked_at is None for one in (again(bought), *seats_of(bought))} == {False}
    assert send(owner_client, f"{there}/opening", page=there).status_code == 303
    assert [one.revoked_at is None for one in (again(bought), *seats_of(bought))] == [True, False, True]
