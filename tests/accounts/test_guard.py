"""Who may use a route."""

import pytest
from structlog.testing import capture_logs

from storefront.accounts import service
from storefront.core import db
from tests.accounts.visiting import EMAIL, PASSWORD, Visitor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_a_route_that_does_not_say_who_it_is_for_is_for_nobody(visitor: Visitor, owner: Visitor) -> None:
    with capture_logs() as logged:
        assert visitor.get("/undeclared").status_code == 403
        assert owner.get("/undeclared").status_code == 403
    assert [entry["endpoint"] for entry in logged if entry["event"] == "route without access"] == [
        "around.undeclared"
    ] * 2


def test_strangers_are_asked_to_log_in_and_come_back(visitor: Visitor) -> None:
    answer = visitor.get("/library?page=2&q=%E6%B5%B7")

    assert answer.status_code == 303
    assert answer.location == "/account/login?next=/library?page%3D2%26q%3D%25E6%25B5%25B7"
    page = visitor.get(answer.location).text
    assert 'value="/library?page=2&amp;q=%E6%B5%B7"' in page


def test_the_way_back_keeps_the_language(visitor: Visitor) -> None:
    assert visitor.get("/zh/library").location == "/zh/account/login?next=/zh/library"


def test_a_piece_of_a_page_leads_to_the_whole_login_page(visitor: Visitor) -> None:
    """And back to the page on which the piece stands, not to the piece."""
    page = {"Referer": "http://127.0.0.1:8000/zh/library?page=2"}
    for method in ("get", "send"):
        answer = getattr(visitor, method)("/library", headers={**HTMX, **page})

        assert answer.status_code == 204
        assert answer.headers["HX-Redirect"] == "/account/login?next=/zh/library?page%3D2"
        assert answer.data == b""


def test_a_form_that_was_sent_too_late_leads_back_to_its_page(visitor: Visitor) -> None:
    answer = visitor.send("/library", headers={"Referer": "http://127.0.0.1:8000/library?page=2"})

    assert (answer.status_code, answer.location) == (303, "/account/login?next=/library?page%3D2")


@pytest.mark.parametrize(
    "referer", ["https://evil.example/library", "", "http://127.0.0.1:8000", "about:blank"]
)
def test_another_site_is_no_way_back(visitor: Visitor, referer: str) -> None:
    answer = visitor.send("/library", headers={"Referer": referer} if referer else {})

    assert answer.location == "/account/login?next=/account"


def test_the_owners_pages_are_the_owners(visitor: Visitor, owner: Visitor) -> None:
    assert visitor.get("/admin").location == "/account/login?next=/admin"
    assert visitor.send("/admin").status_code == 303
    visitor.register("customer@example.org")
    assert visitor.get("/admin").status_code == 403
    assert visitor.send("/admin").status_code == 403
    assert "This page is not for you." in visitor.get("/admin").text
    assert owner.get("/admin").text == "admin"
    assert owner.send("/admin").text == "admin"


def test_the_journal_knows_who_acts(visitor: Visitor, owner: Visitor) -> None:
    assert visitor.get("/journal").text == "visitor"
    visitor.register("customer@example.org")
    account = _account("customer@example.org")

    assert visitor.get("/journal").text == f"customer:{account}"
    assert owner.get("/journal").text == f"owner:{_account(EMAIL)}"
    assert visitor.get("/library").status_code == 200
    assert Visitor(visitor.client.application).get("/journal").text == "visitor"


def test_an_unknown_address_is_not_found_by_anyone(visitor: Visitor, owner: Visitor) -> None:
    assert visitor.get("/nowhere").status_code == 404
    assert owner.get("/nowhere").status_code == 404


def test_the_owner_comes_to_the_admin_after_logging_in(owner: Visitor) -> None:
    owner.log_out()

    assert owner.log_in().location == "/elsewhere/admin.dashboard"


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    """The browser of the owner."""
    with db.unit_of_work():
        service.create_owner(EMAIL, PASSWORD)
    browser = Visitor(visitor.client.application, address="192.0.2.1")
    browser.log_in()
    return browser


def _account(email: str) -> int:
    with db.unit_of_work():
        account = service.find_account_by_email(email)
    assert account
    return account.id
