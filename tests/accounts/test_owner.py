"""The owner's account, made without a web page."""

import pytest

from storefront.accounts import service
from storefront.accounts.addresses import BadAddressError
from storefront.core import db
from tests.accounts.visiting import EMAIL, PASSWORD, Visitor, mails


def test_a_shop_without_an_owner_gets_one_with_a_random_password(visitor: Visitor) -> None:
    assert not _owner_exists()

    with db.unit_of_work():
        password = service.create_owner("Owner@Example.org")

    assert _owner_exists()
    assert len(password) == 16
    assert visitor.log_in("owner@example.org", password).status_code == 303
    assert visitor.get("/admin").text == "admin"
    assert mails() == []


def test_the_owner_comes_in_again_by_the_command_line(visitor: Visitor) -> None:
    visitor.register()
    assert visitor.get("/admin").status_code == 403

    with db.unit_of_work():
        service.create_owner(EMAIL, "lanterns under the bridge")

    assert visitor.who() == "nobody"  # whoever was logged in with the old password is out
    assert visitor.log_in().status_code == 422
    assert visitor.log_in(password="lanterns under the bridge").status_code == 303
    assert visitor.get("/admin").text == "admin"


def test_a_disabled_owner_is_none(visitor: Visitor) -> None:
    with db.unit_of_work():
        service.create_owner(EMAIL, PASSWORD)
    with db.unit_of_work():
        account = service.find_account_by_email(EMAIL)
        assert account
        service.disable(account.id)

    assert not _owner_exists()


@pytest.mark.usefixtures("shop")
def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(BadAddressError), db.unit_of_work():
        service.create_owner("owner")


def _owner_exists() -> bool:
    with db.unit_of_work():
        return service.owner_exists()
