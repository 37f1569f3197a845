"""A part of the money goes back, and money that comes by bank: the owner and the buyer, each in front of a browser."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_owner_gives_one_of_two_things_back_and_the_buyer_sees_it(
    sqlite_shop: LiveShop, visit: Visit
) -> None:
    email = new_email()
    buyer = visit(sqlite_shop, width=390)
    buyer.add("margin-book")
    order_page = buyer.buy("page-canon", email)
    number = buyer.page.locator(".page-head .muted").inner_text().split()[1]
    owner = visit(sqlite_shop)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    owner.open(f"/admin/orders/{number}/refund")
    owner.page.get_by_label("Pieces of what was bought", exact=True).check()
    owner.page.locator("#pieces-1").fill("1")
    owner.page.get_by_role("button", name="Refund", exact=True).dblclick()
    wait_for_mail(sqlite_shop, email, "goes back to you")
    owner.open(f"/admin/orders/{number}")
    expect(owner.page.get_by_text("Partly refunded").first).to_be_visible()
    buyer.open(order_page)
    expect(buyer.page.get_by_role("heading", name="Money back")).to_be_visible()
    expect(buyer.page.locator(".goods")).to_have_count(1)


def test_order_waits_for_a_transfer_and_is_delivered_when_the_owner_marks_it(
    sqlite_shop: LiveShop, visit: Visit
) -> None:
    owner = visit(sqlite_shop)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    email = new_email()
    buyer = visit(sqlite_shop, width=390, java_script_enabled=False)
    buyer.open("/products/margin-book")
    buyer.page.locator("#buy .btn--primary").click()
    buyer.open("/cart")
    buyer.page.locator("#email").fill(email)
    buyer.page.get_by_label("By bank transfer").check()
    buyer.page.locator("#checkout-form .btn--primary").click()
    expect(buyer.heading).to_have_text("Please send the money")
    number = buyer.page.locator("#transfer-purpose").inner_text()
    wait_for_mail(sqlite_shop, email, "NL00 DEMO")
    owner.open(f"/admin/orders/{number}")
    owner.page.get_by_role("button", name="It has arrived").click()
    expect(owner.page.locator("main")).to_contain_text("Transfer marked")
    wait_for_mail(sqlite_shop, email, "is paid")
    buyer.page.reload()
    expect(buyer.page.locator(".goods").first).to_be_visible()
