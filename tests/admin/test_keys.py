"""The owner's side of licence keys: terms, import after a look, counts, seats, signing keys."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from storefront.catalog.models import Content, Product
from storefront.core import db
from storefront.fulfilment.models import KeyState, LicenceKey
from storefront.licensing.models import Activation, SigningKey
from tests.admin.desk import Desk, errors_of, words_of
from tests.checkout.buying import buy
from tests.licensing.having import ask, content_of, keys, licence, outcome
from tests.selling import BUYER, Till

Work = Callable[[], int]


def _pages(product: Product) -> tuple[str, str]:
    """Return the page of a product's licence, and of its keys."""
    page = f"/admin/products/{product.slug}/contents/{content_of(product).public_id}"
    return page, f"{page}/keys"


def test_terms_are_set_and_a_new_licence_may_have_a_pool(desk: Desk) -> None:
    product = licence()
    page, _ = _pages(product)
    assert desk.send(page, activation_limit="3", keys_from_pool="y", low_pool_at="5").status_code == 303
    content = content_of(product)
    assert (content.activation_limit, content.keys_from_pool, content.low_pool_at) == (3, True, 5)
    wrong = desk.send(page, activation_limit="many")
    assert errors_of(wrong).keys() == {"activation_limit"}
    desk.send(page, activation_limit="")
    assert content_of(product).activation_limit is None
    new = f"/admin/products/{product.slug}/contents/new/licence"
    made = desk.send(new, title="Second", keys_from_pool="y", pattern="****-****-****")
    assert made.headers["Location"].endswith("/keys")


def test_keys_are_imported_after_a_look_and_free_ones_thrown_away(desk: Desk, work: Work) -> None:
    product = licence(keys="A-1")
    _, list_page = _pages(product)
    imports = f"{list_page}/imports"
    answer = desk.send(imports, page=list_page, keys="")
    assert (answer.status_code, errors_of(answer)) == (422, {"keys": "There is no new key in it."})
    looked = desk.upload(imports, list_page, (b"B-1\nA-1\nB-1\nB-2\n", "keys.txt"))
    assert looked.status_code == 303
    where = looked.headers["Location"]
    shown = words_of(desk.open(where))
    assert "Nothing is imported yet." in shown
    assert keys(KeyState.FREE) == ["A-1"]
    assert desk.send(f"{where}/start", page=where).status_code == 303
    assert "0 of 2 keys" in words_of(desk.open(where))
    work()
    assert "Imported: 2 keys." in words_of(desk.open(where))
    assert keys(KeyState.FREE) == ["A-1", "B-1", "B-2"]
    assert "Free keys3 With buyers0 Burnt0" in words_of(desk.open(list_page))
    assert desk.send(f"{list_page}/emptying", page=f"{list_page}/emptying").status_code == 303
    assert keys(KeyState.FREE) == []


def test_licence_goes_with_its_free_keys_but_not_with_those_of_buyers(
    desk: Desk, till: Till, work: Work
) -> None:
    unsold, sold = licence(keys="A-1"), licence(keys="B-1\nB-2")
    removal = f"{_pages(unsold)[0]}/removal"
    assert desk.send(removal, page=removal).status_code == 303
    buy(desk.client.application.test_client(), till, sold)
    work()
    removal = f"{_pages(sold)[0]}/removal"
    assert desk.send(removal, page=removal).status_code == 409
    assert keys(None) == ["B-1", "B-2"]


def test_owner_finds_a_key_and_frees_its_seat(desk: Desk, till: Till, work: Work) -> None:
    product = licence(limit=1)
    buyer = desk.client.application.test_client()
    buy(buyer, till, product, 2)
    work()
    _, list_page = _pages(product)
    first, second = keys()
    ask(buyer, "activate", product, first, instance="lost laptop")
    found = words_of(desk.open(f"{list_page}?q={first[5:].lower()}"))
    assert first in found
    assert second not in found
    assert found.count(BUYER) == 1
    key_id = db.session().scalars(select(LicenceKey.public_id).where(LicenceKey.key == first)).one()
    seat = db.session().scalars(select(Activation.public_id)).one()
    page = f"{list_page}/{key_id}"
    assert "lost laptop" in words_of(desk.open(page))
    assert desk.send(f"{page}/seats/{seat}/release", page=page).status_code == 303
    assert outcome(ask(buyer, "activate", product, first, instance="new laptop")) == (200, None)
    desk.open(f"{_pages(licence())[1]}/{key_id}", 404)


@pytest.mark.parametrize("number", [1, 3])
def test_list_asks_as_many_questions_for_one_key_as_for_three(
    desk: Desk, till: Till, work: Work, number: int
) -> None:
    from sqlalchemy import event

    product = licence()
    buy(desk.client.application.test_client(), till, product, number)
    work()
    page = _pages(product)[1]
    desk.open(page)
    asked: list[str] = []
    event.listen(db.engine(), "before_cursor_execute", lambda *given: asked.append(given[2]))
    desk.open(page)
    assert len(asked) <= 20, asked


def test_new_signing_key_stands_first_and_the_old_one_stays(desk: Desk, till: Till, work: Work) -> None:
    buy(desk.client.application.test_client(), till, licence())
    work()
    page = "/admin/signing-keys"
    assert desk.send(f"{page}/new", page=f"{page}/new").status_code == 303
    db.close_reader()
    first, second = db.session().scalars(select(SigningKey.public_half).order_by(SigningKey.number))
    shown = desk.open(page).text
    assert shown.index(second) < shown.index(first)
    assert db.session().scalars(select(Content.id)).all()
